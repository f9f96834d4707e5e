"""Characters who are deleted: the scenes that name them go on without them.

What they said is the narrator's from then on, and they are out of the cast and the panels. That
changes what was approved, so approvals are void. All of it is one transaction with the deletion.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure

from app.core.actor import Actor, demand
from app.core.answer import etag, names
from app.core.bulk import delete_together
from app.core.deletion import delete, finish
from app.core.errors import ChangedMeanwhile, NotFound, Outdated, WrongState
from app.core.parts import Parts
from app.core.recording import Transaction, recorded
from app.core.revising import Moved, Revision, revision_of, write_revisions
from app.films import access
from app.films.appearances import count_again
from app.films.errors import TooManyScenes
from documents.base import Session, StoredDocument, within
from documents.deletion import Tree
from documents.films import Character
from documents.scenes import Scene
from documents.values import Id

TRIES: Final = 5
TOO_LONG: Final = 290
"""The store's code for a transaction that lived too long."""
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
) -> Sequence[StoredDocument]:
    """Delete the character; answers the scenes that were changed for it.

    Raises NotFound, Outdated, ChangedMeanwhile, and WrongState or TooManyScenes where scenes can't
    be changed.
    """

    async def gone(revisions: Sequence[Revision]) -> None:
        async def first(session: AsyncClientSession) -> None:
            transaction = Transaction(session, actor, parts.record)
            [character] = found = await _found(actor, {key}, session)
            if expected is not None and not names(expected, etag(character.revision)):
                raise Outdated(
                    f"The record is in revision {character.revision} by now; read it anew."
                )
            await _leave(transaction, found, revisions)

        await delete(parts.store, Character, key, first=first)

    return await _without_them(parts, actor, {key}, gone)


async def delete_characters(parts: Parts, actor: Actor, keys: set[Id]) -> Sequence[StoredDocument]:
    """Delete these characters, all or none. Raises as `delete_character`, and TooLarge."""

    async def gone(revisions: Sequence[Revision]) -> None:
        async def together(transaction: Transaction) -> Tree:
            found = await _found(actor, keys, transaction.session)
            await _leave(transaction, found, revisions)
            return await delete_together(Character, keys, transaction.session)

        await finish(parts.store, await recorded(parts, actor, together))

    return await _without_them(parts, actor, keys, gone)


async def _without_them(
    parts: Parts,
    actor: Actor,
    keys: set[Id],
    gone: Callable[[Sequence[Revision]], Awaitable[None]],
) -> Sequence[StoredDocument]:
    demand(actor, "write", Character.collection_name())
    await _found(actor, keys, None)
    for _ in range(TRIES):
        revisions = await _prepared(keys)
        try:
            await gone(revisions)
        except Moved:
            continue
        except OperationFailure as exc:
            if exc.code != TOO_LONG:
                raise
            raise TooManyScenes(
                f"Changing {len(revisions):,} scenes took longer than a transaction may; take the "
                "character out of some first."
            ) from exc
        await parts.wakeups.wake()
        return [each.after for each in revisions]
    raise ChangedMeanwhile("Others keep changing the scenes of the character; try again.")


async def _found(actor: Actor, keys: set[Id], session: Session) -> list[Character]:
    query = within(access.PARTS.delete(actor), {"_id": {"$in": [*keys]}})
    found = await Character.all_in(True, query, session=session)
    if missing := keys - {each.id for each in found}:
        raise NotFound(f"There is no {min(missing)}, or you may not delete it.")
    return found


async def _prepared(gone: set[Id]) -> list[Revision]:
    """How the scenes that name the characters go on without them.

    Raises WrongState while one of them is being made, and TooManyScenes.
    """
    query = {"$or": [{field: {"$in": [*gone]}} for field in NAMING]}
    scenes = await Scene.collection().find(query, limit=MOST_SCENES + 1).to_list()
    if len(scenes) > MOST_SCENES:
        raise TooManyScenes(
            f"More than {MOST_SCENES:,} scenes name the character; take them out of some first."
        )
    if busy := next((each for each in scenes if _is_made(each)), None):
        raise WrongState(
            f"Scene {busy['scene_number']} ({busy['title']}) is being generated; delete the "
            "character when it is done."
        )
    change = _without(gone)

    def prepared() -> list[Revision]:
        found = (revision_of(Scene, each, change) for each in scenes)
        return [each for each in found if each is not None]

    return await asyncio.to_thread(prepared)


def _is_made(scene: StoredDocument) -> bool:
    return bool(scene["production"]["status"] == "generating")


async def _leave(
    transaction: Transaction, characters: Sequence[Character], revisions: Sequence[Revision]
) -> None:
    """Take the characters out of the scenes, and say so and that they go."""
    await write_revisions(Scene, revisions, transaction)
    await transaction.tell_all(Character, [(each.stored(), None) for each in characters])
    projects = {each.project_id: each.workspace_id for each in characters}
    for project_id, workspace_id in projects.items():
        await count_again(project_id, workspace_id, transaction.session)


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
