"""Characters: having them designed and voiced, and choosing how they look."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.actor import Actor
from app.core.parts import Parts
from app.core.recording import Transaction
from app.core.revising import deed, revise
from app.films import access
from app.films.errors import UnderWay
from app.films.kinds import (
    COMPARE_CHARACTER,
    DESIGN_CHARACTER,
    VOICE_CHARACTER,
    CompareCharacter,
    DesignCharacter,
    VoiceCharacter,
)
from app.films.projects import open_project
from app.production import tasks
from app.production.tasks import Ownership, new_task, start_pipeline
from documents.base import NotUnique, Subject
from documents.films import Character
from documents.library import Media
from documents.production import Pipeline, Task
from documents.references import MissingReference
from documents.scenes import Scene
from documents.values import Id


@dataclass(frozen=True, slots=True)
class Begun:
    """Work that was asked for."""

    pipeline_id: Id
    task_id: Id


def owner_of(character: Character, owner: Ownership) -> Ownership:
    """To whom the tasks of a character belong that come about for this owner."""
    return replace(
        owner,
        character_id=character.id,
        subject=Subject(collection=Character.collection_name(), id=character.id),
    )


def design_task(
    character: Character,
    owner: Ownership,
    *,
    seed: int = 0,
    new: bool = False,
    priority: int = 5,
    after: Sequence[Task] = (),
) -> Task:
    """The task that draws the character; of each character one at a time."""
    parameters = DesignCharacter(character_id=character.id, seed=seed, new=new)
    key = f"films.design_character:{character.id}"
    return new_task(DESIGN_CHARACTER, parameters, owner, after=after, priority=priority, key=key)


def voice_task(
    character: Character,
    owner: Ownership,
    *,
    voice_id: str | None = None,
    recast: bool = False,
    seed: int = 0,
    priority: int = 5,
    after: Sequence[Task] = (),
) -> Task:
    """The task that casts and samples the character's voice; of each character one at a time."""
    parameters = VoiceCharacter(
        character_id=character.id, voice_id=voice_id, recast=recast, seed=seed
    )
    key = f"films.voice_character:{character.id}"
    return new_task(VOICE_CHARACTER, parameters, owner, after=after, priority=priority, key=key)


async def compare_again(
    character: Character, session: AsyncClientSession, by: Id | None = None
) -> None:
    """Have the panels compared with the final design of today, if some show the character."""
    shown = {"storyboard.panels.figures.character_id": character.id}
    if not await Scene.collection().find_one(shown, {"_id": 1}, session=session):
        return
    owner = Ownership(
        workspace_id=character.workspace_id, project_id=character.project_id, created_by=by
    )
    task = new_task(
        COMPARE_CHARACTER,
        CompareCharacter(character_id=character.id),
        owner_of(character, owner),
        priority=4,
        key=f"films.compare_character:{character.id}",
    )
    await tasks.replace(task, session)


async def design(parts: Parts, actor: Actor, key: Id, *, seed: int, new: bool) -> Begun:
    """Have the character drawn as they are described. Raises NotFound, UnderWay, WrongState."""
    return await _begin(
        parts,
        actor,
        key,
        "films.design_character",
        lambda character, owner: design_task(character, owner, seed=seed, new=new),
    )


async def voice(
    parts: Parts,
    actor: Actor,
    key: Id,
    *,
    voice_id: str | None,
    characteristics: Sequence[str] | None,
    seed: int | None,
) -> Begun:
    """Have the character's voice sampled: this one, or one that suits what is said of it.

    Without any wish it is the voice that they have. Raises NotFound, UnderWay, WrongState.
    """

    def described(character: Character) -> None:
        if characteristics is not None:
            character.voice_profile.voice_characteristics = [*characteristics]

    recast = voice_id is None and (characteristics is not None or seed is not None)
    return await _begin(
        parts,
        actor,
        key,
        "films.voice_character",
        lambda character, owner: voice_task(
            character, owner, voice_id=voice_id, recast=recast, seed=seed or 0
        ),
        described,
    )


async def choose_design(parts: Parts, actor: Actor, key: Id, media_id: Id) -> Character:
    """Make a picture of the project the final design. Raises NotFound and MissingReference."""

    async def work(character: Character, transaction: Transaction) -> Character:
        session = transaction.session
        query = {
            "_id": media_id,
            "project_id": character.project_id,
            "kind": "image",
            "status": "active",
            "quarantine": None,
        }
        if await Media.first_in(True, query, session) is None:
            raise MissingReference("media_id", Media.collection_name(), [media_id])

        def change(changed: Character) -> None:
            changed.visual_design.final_design_id = media_id

        chosen = await revise(character, change, session, by_person=True)
        if chosen.revision != character.revision:
            await compare_again(chosen, session, actor.id)
        return chosen

    chosen = await deed(parts, actor, Character, access.PARTS, key, work)
    await parts.wakeups.wake()
    return chosen


async def _begin(
    parts: Parts,
    actor: Actor,
    key: Id,
    kind: str,
    task_of: Callable[[Character, Ownership], Task],
    change: Callable[[Character], None] = lambda _: None,
) -> Begun:
    begun: list[Begun] = []

    async def work(character: Character, transaction: Transaction) -> Character:
        session = transaction.session
        await open_project(character.project_id, session)
        subject = Subject(collection=Character.collection_name(), id=character.id)
        pipeline = Pipeline(
            workspace_id=character.workspace_id,
            project_id=character.project_id,
            created_by=actor.id,
            kind=kind,
            subject=subject,
            task_count=1,
        )
        owner = Ownership(
            workspace_id=character.workspace_id,
            project_id=character.project_id,
            pipeline_id=pipeline.id,
            created_by=actor.id,
        )
        task = task_of(character, owner_of(character, owner))
        await start_pipeline(pipeline, [task], session)
        begun[:] = [Begun(pipeline.id, task.id)]
        return await revise(character, change, session, by_person=True)

    try:
        await deed(parts, actor, Character, access.PARTS, key, work)
    except NotUnique as exc:
        raise UnderWay("This is being made for the character already; wait for it.") from exc
    await parts.wakeups.wake()
    return begun[0]
