"""Writing down what somebody did, in the transaction in which he did it."""

from dataclasses import replace

from pymongo.asynchronous.client_session import AsyncClientSession

from app.audit.differences import differences
from app.core.actor import Actor
from app.core.recording import Change
from documents.base import Record, StoredDocument
from documents.identity import AuditAction, AuditActor, AuditEntry
from documents.values import Id, now


async def record(session: AsyncClientSession, *changes: Change) -> None:
    """Leave an entry about each change: it is there if, and only if, the transaction commits.

    One insert and no read, also for many changes. What changes nothing leaves no entry.
    """
    entries = [entry for change in changes if (entry := _entry(change)) is not None]
    if len(entries) == 1:
        await AuditEntry.collection().insert_one(entries[0], session=session)
    elif entries:
        await AuditEntry.collection().insert_many(entries, session=session)


async def tell(
    session: AsyncClientSession,
    actor: Actor | AuditActor,
    before: Record | None,
    after: Record | None,
    action: AuditAction | None = None,
) -> None:
    """The same about one record as it was and as it is; one of them is there.

    The action follows from them, where none is named: a record that is only hidden, for one, is
    there on both sides.
    """
    known = after or before
    assert known is not None
    old, new = (each and each.stored() for each in (before, after))
    change = Change.of(actor, type(known), old, new)
    await record(session, change if action is None else replace(change, action=action))


def by(user_id: Id) -> AuditActor:
    """Somebody who is known though he is not signed in: say, who registers or follows a mail."""
    return AuditActor(kind="user", id=user_id)


def _entry(change: Change) -> StoredDocument | None:
    before, after = differences(change.model, change.before or {}, change.after or {})
    if change.action == "change" and not (before or after):
        return None
    moment = now()
    # Every write of the API waits for this, and building the model would take three times as long
    # as all the rest of it.
    return {
        "_id": Id(),
        "created_at": moment,
        "updated_at": moment,
        "revision": 1,
        "deleted_at": None,
        "imported_from": [],
        "workspace_id": change.workspace_id,
        "subject": {"collection": change.model.collection_name(), "id": change.id},
        "action": change.action,
        "before": before,
        "after": after,
        "actor": _as_known(change.actor),
        "request_id": change.request_id or None,
        "sequence": None,
        "previous_hash": None,
        "entry_hash": None,
    }


def _as_known(actor: Actor | AuditActor) -> StoredDocument:
    if isinstance(actor, AuditActor):
        return actor.model_dump()
    kind = "user" if actor.key is None else "api_key"
    return {"kind": kind, "id": actor.id, "key_id": actor.key}
