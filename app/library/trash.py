"""The trash: a deleted file is out of sight for 30 days, and can be brought back until then."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from fastapi import Request
from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.access import ACCESS
from app.core.actor import Actor, demand
from app.core.answer import etag, names
from app.core.deletion import delete
from app.core.errors import NotFound, Outdated
from app.core.parts import Parts
from app.core.recording import Change, Transaction, recorded
from app.library import usage
from app.library.access import MEDIA
from app.library.errors import NotInTrash, StillUsed
from documents.base import Scope, Session, StoredDocument, raised, within
from documents.library import Media
from documents.references import check_references, references
from documents.registry import COLLECTIONS
from documents.store import Store
from documents.values import Id, now

KEPT: Final = timedelta(days=30)
MOST_NAMED: Final = 20
BOOKS: Final = frozenset(
    {"tasks", "tasks_archive", "prompts_executed", "generation_costs", "uploads", "media_links"}
)
"""What only records where a file came from or went to does not use it."""
ORIGIN: Final = "generation_metadata"
"""Nor does a file use what it was made of: it is there by itself."""
IN_TRASH: Final[Mapping[str, Any]] = {"deleted_at": {"$type": "date"}}


async def users_of(key: Id, session: Session = None) -> list[StoredDocument]:
    """What uses the file, as `collection`, `id` and `field`; up to 20 of each kind."""
    users: list[StoredDocument] = []
    for name, model in COLLECTIONS.items():
        for path in references(model) if name not in BOOKS else ():
            if path.reference.to != Media.collection_name() or path.field.top == ORIGIN:
                continue
            query = within(True, {path.indexed_by: key, "_id": {"$ne": key}})
            rows = model.collection().find(query, {"_id": 1}, limit=MOST_NAMED, session=session)
            field = path.field.dotted
            users += [{"collection": name, "id": row["_id"], "field": field} async for row in rows]
    return users


async def put_in_trash(parts: Parts, actor: Actor, key: Id, request: Request) -> None:
    """Put the file out of sight. Raises ScopeMissing, NotFound, Outdated, StillUsed."""
    demand(actor, "write", Media.collection_name())

    async def together(transaction: Transaction) -> None:
        session = transaction.session
        current = await _current(MEDIA.delete(actor), key, session)
        expected = request.headers.get("if-match")
        if expected is not None and not names(expected, etag(current["revision"])):
            raise Outdated(f"The record is in revision {current['revision']} by now; read it anew.")
        if users := await users_of(key, session):
            raise await _still_used(actor, users)
        update = raised({"$set": {"deleted_at": now()}})
        await Media.collection().update_one({"_id": key}, update, session=session)
        await transaction.tell(Media, current, None)

    await recorded(parts, actor, together)
    # What began to use it in the same moment could not see that it was going, nor we it.
    if users := await users_of(key):
        await restore(parts, actor, key)
        raise await _still_used(actor, users)


async def restore(parts: Parts, actor: Actor, key: Id) -> Media:
    """Bring the file back as it was.

    Raises ScopeMissing, NotFound, NotInTrash, MissingReference where its project is gone.
    """
    demand(actor, "write", Media.collection_name())

    async def together(transaction: Transaction) -> Media:
        session = transaction.session
        before = await _trashed(MEDIA.change(actor), key, session)
        # What it was made of and by may be gone: the file is there by itself.
        without_origin = before.model_copy(update={ORIGIN: None})
        await check_references(without_origin, COLLECTIONS, session)
        update = {"$set": {"deleted_at": None}}
        after = await Media.write_one({"_id": key}, update, session)
        assert after is not None  # the transaction has just seen it
        if parts.record is not None:
            change = Change(
                actor, "restore", Media, key, after.workspace_id, before.stored(), after.stored()
            )
            await parts.record(session, change)
        return after

    return await recorded(parts, actor, together)


async def purge(parts: Parts, actor: Actor, key: Id) -> None:
    """Delete a file of the trash for good. Raises ScopeMissing, NotFound, NotInTrash."""
    demand(actor, "write", Media.collection_name())
    await purge_one(parts.store, key, MEDIA.delete(actor))


async def purge_one(store: Store, key: Id, scope: Scope = True) -> None:
    """The same without a person; its bytes count no more. Raises StillReferenced, too."""

    async def gone(session: AsyncClientSession) -> None:
        media = await _trashed(scope, key, session)
        same = await usage.is_stored(media.workspace_id, media.sha256, session, beside=key)
        if not same:
            await usage.move(
                media.workspace_id,
                session,
                stored_bytes=-media.filesize,
                seconds=-(media.technical_data.duration or 0),
            )

    await delete(store, Media, key, first=gone)


async def trashed(
    parts: Parts, actor: Actor, workspace_id: Id, after: Id | None, limit: int
) -> list[StoredDocument]:
    """The trash of a workspace, newest first, from behind the file `after` on."""
    demand(actor, "read", Media.collection_name())
    query: StoredDocument = {"workspace_id": workspace_id, **IN_TRASH}
    source = parts.reading[Media.collection_name()]
    if after is not None:
        last = await source.find_one({"_id": after, **query}, {"deleted_at": 1})
        if last is None:
            raise NotFound("There is no such file in the trash to go on from.")
        same = {"deleted_at": last["deleted_at"], "_id": {"$gt": after}}
        query = {**query, "$or": [{"deleted_at": {"$lt": last["deleted_at"]}}, same]}
    scope = MEDIA.change(actor)
    if scope is False:
        return []
    found = {"$and": [query, {} if scope is True else scope]}
    return await source.find(found, sort=[("deleted_at", -1), ("_id", 1)], limit=limit).to_list()


async def expired(limit: int, after: Id | None = None) -> list[Id]:
    """Files whose time in the trash is over, in the order of their ids."""
    query: StoredDocument = {"deleted_at": {"$lt": now() - KEPT, "$type": "date"}}
    if after is not None:
        query["_id"] = {"$gt": after}
    rows = Media.collection().find(query, {"_id": 1}, sort=[("_id", 1)], limit=limit)
    return [row["_id"] async for row in rows]


async def _still_used(actor: Actor, users: list[StoredDocument]) -> StillUsed:
    """The refusal, which names what the actor may see of the users."""
    shown = [each for each in users if await _may_see(actor, each)]
    return StillUsed(
        f"The file is used in {len(users)} places; take it out there first.",
        users=[{**each, "id": str(each["id"])} for each in shown],
    )


async def _may_see(actor: Actor, user: StoredDocument) -> bool:
    access = ACCESS.get(user["collection"])
    scope = access.read(actor) if access else False
    model = COLLECTIONS[user["collection"]]
    return bool(scope) and await model.one_in(scope, user["id"]) is not None


async def _current(scope: Scope, key: Id, session: Session) -> StoredDocument:
    query = within(scope or {"_id": {"$in": []}}, {"_id": key})
    found = await Media.collection().find_one(query, session=session)
    if found is None:
        raise NotFound("There is no such file, or none that you may delete.")
    return found


async def _trashed(scope: Scope, key: Id, session: Session) -> Media:
    whole: StoredDocument = {"_id": key, "deleted_at": {"$exists": True}}
    query = within(scope or {"_id": {"$in": []}}, whole)
    found = await Media.collection().find_one(query, session=session)
    if found is None:
        raise NotFound("There is no such file, or none that you may bring back.")
    if found["deleted_at"] is None:
        raise NotInTrash("The file is not in the trash.")
    media: Media = Media.model_validate(found)
    return media
