"""Deleting a record with all that hangs on it, and the files after their records."""

from collections.abc import Awaitable, Callable, Collection
from typing import Final, TypeAlias

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.kinds import Parameters, TaskKind
from app.production.tasks import Ownership, new_task
from documents.base import Record, touched
from documents.deletion import (
    SMALL,
    Tree,
    check_restrictions,
    grown,
    mark,
    pointed_at,
    remove,
    size,
    tree_of,
)
from documents.production import Task
from documents.store import Store
from documents.values import Id


class PurgeTree(Parameters):
    collection: str
    id: Id


class RemoveObjects(Parameters):
    keys: tuple[str, ...]


Step: TypeAlias = Callable[[AsyncClientSession], Awaitable[None]]
PURGE_TREE: Final = TaskKind("maintenance.purge_tree", "maintenance", PurgeTree, max_retries=20)
REMOVE_OBJECTS: Final = TaskKind(
    "maintenance.remove_objects", "maintenance", RemoveObjects, max_retries=20
)


async def delete(store: Store, model: type[Record], key: Id, *, first: Step | None = None) -> int:
    """Delete the record and what belongs to it; answers how many documents.

    `first` is done at the beginning of the same transaction, and may refuse. Up to 1,000 documents
    go in one transaction. A larger tree is out of everybody's sight when this returns, and a task
    purges it. Raises StillReferenced where a record that stays restricts it: then nothing is
    deleted. Whoever calls wakes a worker afterwards.
    """
    tree = await tree_of(model, key, limit=SMALL)
    if size(tree) > SMALL:
        return await _delete_large(store, model, key, first)

    async def together(session: AsyncClientSession) -> Tree:
        if first is not None:
            await first(session)
        if not await model.collection().find_one({"_id": key}, {"_id": 1}, session=session):
            return {}
        doomed = await tree_of(model, key, session)
        await check_restrictions(doomed, session)
        if objects := await remove(doomed, session):
            await removal_of(objects).insert(session=session)
        return doomed

    doomed = await store.in_transaction(together)
    await finish(store, doomed)
    return size(doomed)


async def delete_within(
    model: type[Record], keys: Collection[Id], session: AsyncClientSession
) -> Tree:
    """Delete records, with what belongs to them, in a transaction of the caller's.

    Answers what is gone, for `finish` after the commit. Of more than 1,000 documents only these
    records go out of sight at once, and tasks purge the rest. Raises StillReferenced. Whoever
    calls wakes a worker afterwards.
    """
    name = model.collection_name()
    doomed = await grown({name: {*keys}}, session, limit=SMALL)
    if size(doomed) > SMALL:
        purges = [
            new_task(PURGE_TREE, PurgeTree(collection=name, id=key), Ownership(), priority=2)
            for key in keys
        ]
        gone = touched({"$set": {"deleted_at": purges[0].created_at}})
        await model.collection().update_many({"_id": {"$in": [*keys]}}, gone, session=session)
        await Task.insert_all(purges, session)
        return {}
    await check_restrictions(doomed, session)
    if objects := await remove(doomed, session):
        await removal_of(objects).insert(session=session)
    return doomed


async def finish(store: Store, gone: Tree) -> None:
    """Look again, after the commit, for what came to hang on these records meanwhile.

    A transaction that names a record and one that deletes it write to different documents, so the
    store lets both pass. Therefore each side looks again when its own is through: whichever comes
    last sees the other's. What is found goes the way it would have gone with the deletion.
    """
    if not await pointed_at(gone):
        return

    async def together(session: AsyncClientSession) -> None:
        doomed = await grown(gone, session)
        if objects := await remove(doomed, session):
            await removal_of(objects).insert(session=session)

    await store.in_transaction(together)


def removal_of(objects: set[str]) -> Task:
    """The task that removes these objects, unless a record still names them."""
    parameters = RemoveObjects(keys=tuple(sorted(objects)))
    return new_task(REMOVE_OBJECTS, parameters, Ownership(), priority=2)


async def _delete_large(store: Store, model: type[Record], key: Id, first: Step | None) -> int:
    await check_restrictions(await tree_of(model, key))
    parameters = PurgeTree(collection=model.collection_name(), id=key)
    purge = new_task(PURGE_TREE, parameters, Ownership(), priority=2)

    async def together(session: AsyncClientSession) -> None:
        if first is not None:
            await first(session)
        await model.advance_one({"_id": key}, {"$set": {"deleted_at": purge.created_at}}, session)
        await purge.insert(session=session)

    await store.in_transaction(together)
    return await mark(model, key)
