"""Characters who are deleted: the scenes that name them go on without them.

What they said is the narrator's from then on, and they are out of the cast and the panels. That
changes what was approved, so approvals are void. All of it is one transaction with the deletion.
"""

from collections.abc import Callable, Sequence
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.access import Access
from app.core.actor import Actor, demand
from app.core.answer import etag, names
from app.core.bulk import delete_together
from app.core.deletion import delete, finish
from app.core.errors import NotFound, Outdated, WrongState
from app.core.parts import Parts
from app.core.recording import Transaction, recorded
from app.core.revising import revise_all
from app.films import access
from app.films.appearances import count_again
from app.films.errors import TooManyScenes
from documents.base import within
from documents.deletion import Tree
from documents.films import Character
from documents.scenes import Scene
from documents.values import Id

MOST_SCENES: Final = 1_000
NAMING: Final = (
    "character_ids",
    "script.dialogue.character_id",
    "storyboard.panels.character_ids",
    "storyboard.panels.figures.character_id",
    "storyboard.panels.takes.figures.character_id",
)
"""Where a scene names characters."""


async def delete_character(
    parts: Parts, actor: Actor, key: Id, expected: str | None
) -> Sequence[Scene]:
    """Delete the character; answers the scenes that were changed for it.

    Raises NotFound, Outdated, and WrongState or TooManyScenes where scenes can't be changed.
    """
    demand(actor, "write", Character.collection_name())
    changed: list[Scene] = []

    async def first(session: AsyncClientSession) -> None:
        transaction = Transaction(session, actor, parts.record)
        [character] = await _found(actor, {key}, transaction)
        if expected is not None and not names(expected, etag(character.revision)):
            raise Outdated(f"The record is in revision {character.revision} by now; read it anew.")
        changed[:] = await _leave(transaction, [character])

    await delete(parts.store, Character, key, first=first)
    await parts.wakeups.wake()
    return changed


async def delete_characters(parts: Parts, actor: Actor, keys: set[Id]) -> Sequence[Scene]:
    """Delete these characters, all or none. Raises as `delete_character`, and TooLarge."""
    demand(actor, "write", Character.collection_name())

    async def together(transaction: Transaction) -> tuple[Tree, list[Scene]]:
        characters = await _found(actor, keys, transaction)
        changed = await _leave(transaction, characters)
        return await delete_together(Character, keys, transaction.session), changed

    doomed, changed = await recorded(parts, actor, together)
    await finish(parts.store, doomed)
    await parts.wakeups.wake()
    return changed


async def _found(actor: Actor, keys: set[Id], transaction: Transaction) -> list[Character]:
    rule: Access = access.PARTS
    query = within(rule.delete(actor), {"_id": {"$in": [*keys]}})
    found = await Character.all_in(True, query, session=transaction.session)
    if missing := keys - {each.id for each in found}:
        raise NotFound(f"There is no {min(missing)}, or you may not delete it.")
    return found


async def _leave(transaction: Transaction, characters: Sequence[Character]) -> list[Scene]:
    """Take the characters out of the scenes, and say so and that they go."""
    session = transaction.session
    gone = {each.id for each in characters}
    query = {"$or": [{field: {"$in": [*gone]}} for field in NAMING]}
    scenes = await Scene.all_in(True, query, limit=MOST_SCENES + 1, session=session)
    if len(scenes) > MOST_SCENES:
        raise TooManyScenes(
            f"More than {MOST_SCENES:,} scenes name the character; take them out of some first."
        )
    if busy := next((each for each in scenes if each.production.status == "generating"), None):
        raise WrongState(
            f"Scene {busy.scene_number} ({busy.title}) is being generated; delete the character "
            "when it is done."
        )
    revised = await revise_all(Scene, scenes, _without(gone), session, by_person=True)
    pairs = [
        (before.stored(), after.stored()) for before, after in zip(scenes, revised, strict=True)
    ]
    await transaction.tell_all(Scene, pairs)
    await transaction.tell_all(Character, [(each.stored(), None) for each in characters])
    projects = {each.project_id: each.workspace_id for each in characters}
    for project_id, workspace_id in projects.items():
        await count_again(project_id, workspace_id, session)
    return revised


def _without(gone: set[Id]) -> Callable[[Scene], None]:
    def change(scene: Scene) -> None:
        scene.character_ids = [each for each in scene.character_ids if each not in gone]
        for line in scene.script.dialogue:
            if line.character_id in gone:
                line.character_id = None
        for panel in scene.storyboard.panels:
            panel.character_ids = [each for each in panel.character_ids if each not in gone]
            for take in panel.takes:
                take.figures = [each for each in take.figures if each.character_id not in gone]

    return change
