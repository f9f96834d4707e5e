"""Characters: how they look, how they sound, and whether the panels keep to it."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.revising import revise_one
from app.films.appearances import refresh_appearances
from app.films.cast import compare_again
from app.films.cast_recipes import design_recipe, voice_recipe
from app.films.kinds import (
    COMPARE_CHARACTER,
    COUNT_APPEARANCES,
    DESIGN_CHARACTER,
    VOICE_CHARACTER,
    CompareCharacter,
    CountAppearances,
    DesignCharacter,
    VoiceCharacter,
)
from app.films.takes import add_take, next_number
from documents.base import Subject
from documents.films import Character, Take
from documents.library import Media, RelatedElements
from documents.production import TaskOutput
from documents.scenes import PanelFigure, Scene
from documents.values import Id, now
from workers.jobs.films.figures import designs_of, model_of
from workers.jobs.films.prompts import prompt_for
from workers.jobs.films.references import COMPARED, References, fetched, figure_of
from workers.jobs.films.subjects import character_of, project_of, seed_for
from workers.jobs.intake import add_media, take_in
from workers.providers.image import ImageRequest, ImageResult
from workers.providers.voice import SpeechResult, VoiceRequest
from workers.runtime import calls
from workers.runtime.calls import Call
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome, handles

INTRODUCTION: Final = "My name is {name}."
SIDE: Final = 720
GENDERS: Final = {
    **dict.fromkeys(("male", "man", "boy", "masculine"), "male"),
    **dict.fromkeys(("female", "woman", "girl", "feminine"), "female"),
}


@handles(DESIGN_CHARACTER)
async def design_character(context: Context, parameters: DesignCharacter) -> Outcome:
    """Draw the character; the picture is one more take, and mostly the final design."""
    character = await character_of(parameters.character_id)
    project = await project_of(character.project_id)
    look, newest = character.visual_design, await _newest(character)
    number = next_number(look.takes)
    again = number if parameters.new else max(number - 1, 1)
    seed = seed_for(parameters.seed, character.name if again == 1 else f"{character.name}/{again}")
    references = References(context)
    await references.add(project.style_reference_ids, "style")
    await references.add(look.reference_image_ids, "character", character.name)
    figure = figure_of(character).model_copy(update={"seed": seed})
    description = ". ".join(each for each in (figure.description, look.style_notes) if each)
    prompt = await prompt_for(
        context, "character_design", name=character.name, description=description
    )
    request = ImageRequest(
        prompt=prompt.text,
        width=SIDE,
        height=SIDE,
        figures=(figure,),
        references=tuple(references.found),
        camera_angle="medium",
        style=", ".join(each for each in ("character sheet", look.style_notes) if each),
        seed=seed,
    )
    call = Call(
        context.providers.image,
        request,
        category="image_generation",
        feature="films",
        stage="character_design",
        prompt=prompt.text,
        template=prompt.template,
        subject=Subject(collection="characters", id=character.id),
        take=again,
    )
    made = await calls.make_file(
        context,
        call,
        lambda path: context.providers.image.draw(request, path),
        context.folder / "design",
        ImageResult,
    )
    if newest is not None and newest.storage_key == made.storage_key:
        return Outcome(TaskOutput(media_id=newest.id))  # nothing has changed that decides it
    design = await take_in(
        context,
        made.result.path,
        "character_design",
        description=prompt.text,
        tags=["character", character.name],
        made=made,
        seed=seed,
        character_id=character.id,
        related=RelatedElements(character_ids=[character.id]),
        inputs=references.used,
        take=number,
        recipe=design_recipe(character, project),
    )

    def change(current: Character) -> None:
        design_of = current.visual_design
        last = design_of.takes[-1].media_id if design_of.takes else None
        # Whoever shows another picture than the newest has chosen it.
        if design_of.final_design_id in (None, last):
            design_of.final_design_id = design.id
        take = Take(number=next_number(design_of.takes), media_id=design.id, made_at=now())
        add_take(design_of.takes, take, (design.id, design_of.final_design_id))

    async def write(session: AsyncClientSession) -> None:
        await add_media(context, [design], session)
        changed = await _revise(character, change, session)
        if changed.visual_design.final_design_id == design.id:
            await compare_again(changed, session, context.task.created_by)

    return Outcome(TaskOutput(media_id=design.id), write)


@handles(VOICE_CHARACTER)
async def voice_character(context: Context, parameters: VoiceCharacter) -> Outcome:
    """Cast a voice for the character and have it introduce itself."""
    character = await character_of(parameters.character_id)
    voice = context.providers.voice
    voice_id = parameters.voice_id
    if voice_id is not None and not await voice.knows(voice_id):
        raise GiveUp(
            f"{voice.model} has no voice {voice_id}: name one that it has.", code="unknown_voice"
        )
    profile = character.voice_profile
    if voice_id is None and not parameters.recast:
        voice_id = profile.voice_id
    seed = seed_for(parameters.seed, character.name)
    voice_id = voice_id or voice.voice_for(character.name, _gender(character), seed)
    line = INTRODUCTION.format(name=character.name)
    request = VoiceRequest(
        text=line,
        voice_id=voice_id,
        characteristics=tuple(profile.voice_characteristics),
        language="en",
        seed=parameters.seed,
    )
    call = Call(
        voice,
        request,
        category="audio_generation",
        feature="films",
        stage="voice_profile",
        prompt=line,
        subject=Subject(collection="characters", id=character.id),
    )
    made = await calls.make_file(
        context,
        call,
        lambda path: voice.speak(request, path),
        context.folder / "voice",
        SpeechResult,
    )
    cast = character.model_copy(
        update={"voice_profile": profile.model_copy(update={"voice_id": voice_id})}
    )
    sample = await take_in(
        context,
        made.result.path,
        "voice_profile",
        description=f"The voice of {character.name}: {line}",
        tags=["voice", character.name],
        made=made,
        seed=seed,
        character_id=character.id,
        related=RelatedElements(character_ids=[character.id]),
        recipe=voice_recipe(cast),
    )

    def change(current: Character) -> None:
        current.voice_profile.voice_id = voice_id
        current.voice_profile.audio_sample_id = sample.id

    async def write(session: AsyncClientSession) -> None:
        await add_media(context, [sample], session)
        await _revise(character, change, session)

    return Outcome(TaskOutput(media_id=sample.id, result={"voice_id": voice_id}), write)


@handles(COMPARE_CHARACTER)
async def compare_character(context: Context, parameters: CompareCharacter) -> Outcome:
    """Compare the character in every panel with the final design of today."""
    character = await character_of(parameters.character_id)
    design = (await designs_of([character])).get(character.id)
    model = await model_of(context, character, design)
    scenes = await Scene.all_in(True, {"storyboard.panels.figures.character_id": character.id})
    found: dict[Id, float | None] = {}
    for number, scene in enumerate(scenes):
        for media_id, figure in _shown(scene, character.id):
            media = await Media.one_in(True, media_id)
            path = media and await fetched(context, media, COMPARED)
            box = (figure.left, figure.top, figure.width, figure.height)
            found[media_id] = await model.like(path, box) if model and path else None
        await context.progress((number + 1) / len(scenes), "comparing")

    def change(current: Scene) -> None:
        for media_id, figure in _shown(current, character.id):
            if media_id in found:
                figure.similarity = found[media_id]
                figure.design_id = model.media_id if model else None

    async def write(session: AsyncClientSession) -> None:
        for scene in scenes:
            await revise_one(Scene, scene.id, change, session)

    return Outcome(TaskOutput(result={"panels": len(found)}), write)


@handles(COUNT_APPEARANCES)
async def count_appearances(context: Context, parameters: CountAppearances) -> Outcome:
    """Count where everybody of the project appears, and how long."""

    async def write(session: AsyncClientSession) -> None:
        await refresh_appearances(parameters.project_id, session)

    return Outcome(write=write)


def _shown(scene: Scene, character_id: Id) -> Iterator[tuple[Id, PanelFigure]]:
    """The character in the pictures that the scene's panels show."""
    for panel in scene.storyboard.panels:
        for take in panel.takes:
            for figure in take.figures:
                if take.media_id == panel.image_id and figure.character_id == character_id:
                    yield take.media_id, figure


async def _newest(character: Character) -> Media | None:
    takes = character.visual_design.takes
    return await Media.one_in(True, takes[-1].media_id) if takes else None


async def _revise(
    character: Character, change: Callable[[Character], None], session: AsyncClientSession
) -> Character:
    """Change the character as they are by now; they may be gone by now, too."""
    changed = await revise_one(Character, character.id, change, session)
    if changed is None:
        raise GiveUp("The character is not there any more.", code="subject_gone")
    return changed


def _gender(character: Character) -> str | None:
    """`male` or `female`, as the profile or what is said of the voice tells."""
    said = [character.profile.gender or "", *character.voice_profile.voice_characteristics]
    words = re.findall(r"[a-z]+", " ".join(said).lower())
    return next((GENDERS[each] for each in words if each in GENDERS), None)
