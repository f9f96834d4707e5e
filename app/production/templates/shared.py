"""The templates that come with the house: the prompts of the film pipeline, for everybody."""

from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.production.templates.content import CONTENT, TemplateContent, draft_of
from app.production.templates.versions import PRODUCTION, SHARED, add_in, named, put_in
from documents.base import NotUnique
from documents.production import PromptTemplate, VariableDefinition
from documents.store import Store


def _variable(name: str, description: str, *, required: bool = True) -> VariableDefinition:
    return VariableDefinition(name=name, type="text", required=required, description=description)


def _film(stage: str, template: str, model: str, *variables: VariableDefinition) -> TemplateContent:
    return TemplateContent(
        name=f"films/{stage}",
        app="backlot",
        feature="films",
        stage=stage,
        template=template,
        variable_defs=[*variables],
        model=model,
    )


WRITER: Final = "anthropic/claude-sonnet-4"
PAINTER: Final = "fal-ai/nano-banana"
TEMPLATES: Final = (
    _film(
        "outline",
        "Develop the text into a series of {{ episodes }} episodes called “{{ title }}”: logline, "
        "summary and themes of the whole, the characters with looks and voice, and of each episode "
        "title, logline, summary, themes and the part of the text that it tells, from character "
        "to character. Of a mere idea write the tale first, and count in that.",
        WRITER,
        _variable("title", "What the series is called."),
        _variable("episodes", "How many episodes it shall have."),
    ),
    _film(
        "screenplay",
        "Turn the story into a screenplay: scenes with heading, location, time of day, mood, "
        "action, dialogue with speaker and emotion, and storyboard panels. Tell the whole story.",
        WRITER,
    ),
    _film(
        "character_design",
        "Character design of {{ name }}: {{ description }}",
        PAINTER,
        _variable("name", "What the character is called."),
        _variable("description", "How the character looks and behaves."),
    ),
    _film(
        "storyboard",
        "{{ description }}",
        PAINTER,
        _variable("description", "What is seen in the panel."),
    ),
    _film(
        "music",
        "{{ mood }} music for a scene at {{ location }}, {{ time_of_day }}",
        WRITER,
        _variable("mood", "How the scene feels."),
        _variable("location", "Where it plays."),
        _variable("time_of_day", "When it plays."),
    ),
)


async def ensure_shared_templates(store: Store) -> list[PromptTemplate]:
    """Make these templates known to everybody; answers those that were made. Safe to run again.

    A new text becomes a new version, to which `production` moves unless somebody has put it on a
    version of their own.
    """
    made = []
    for content in TEMPLATES:
        try:
            template = await _ensure(store, content)
        except NotUnique:  # another process made it in this moment
            continue
        if template is not None:
            made.append(template)
    return made


async def _ensure(store: Store, content: TemplateContent) -> PromptTemplate | None:
    draft = draft_of(content, SHARED)

    async def write(session: AsyncClientSession) -> PromptTemplate | None:
        query = named(SHARED, content.name)
        known = await PromptTemplate.all_in(True, query, session=session)
        if any(_same(each, draft) for each in known):
            return None
        template = await add_in(session, draft, None)
        current = next((each for each in known if PRODUCTION in each.labels), None)
        if current is None or _by_the_house(current):
            template = await put_in(session, template, PRODUCTION, None)
        return template

    return await store.in_transaction(write)


def _same(template: PromptTemplate, draft: PromptTemplate) -> bool:
    return all(getattr(template, name) == getattr(draft, name) for name in CONTENT)


def _by_the_house(current: PromptTemplate) -> bool:
    """Whether `production` came to this version without anybody's doing."""
    moves = [move for move in current.label_moves if move.label == PRODUCTION]
    return not moves or moves[-1].by is None
