"""Changing a record by code: read, changed as a model, written where it differs, in a transaction.

This is for changes that an update of single fields can't say, because other fields follow from
them. The store refuses the transaction if anybody else writes the record meanwhile; it then runs
again, on the record as it is by then.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.access import Access
from app.core.actor import Actor, demand
from app.core.errors import NotFound
from app.core.gathering import BY_ID
from app.core.merge import updated
from app.core.parts import Parts
from app.core.recording import Transaction, recorded
from documents.base import Record, StoredDocument, computed, raised, refusals, within
from documents.values import Id

R = TypeVar("R", bound=Record)


async def revise(
    record: R, change: Callable[[R], None], session: AsyncClientSession, *, by_person: bool
) -> R:
    """The record after the change, which works on it in place. Raises ValidationError, NotUnique.

    `record` was read with the same session. A change `by_person` raises the revision.
    """
    if not (values := _changed_by(record, change)):
        return record
    write = type(record).write_one if by_person else type(record).advance_one
    written = await write({"_id": record.id}, {"$set": values}, session)
    assert written is not None  # the transaction has just read it
    return written


async def revise_one(
    model: type[R],
    key: Id,
    change: Callable[[R], None],
    session: AsyncClientSession,
    *,
    by_person: bool = False,
) -> R | None:
    """The same for the record with this id; None where it is not there any more."""
    record = await model.one_in(True, key, session)
    return None if record is None else await revise(record, change, session, by_person=by_person)


class Moved(Exception):
    """Somebody has written to a record since it was read."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A change of one record, prepared and not written yet."""

    before: StoredDocument
    update: StoredDocument
    after: StoredDocument


def revision_of(
    model: type[R], before: StoredDocument, change: Callable[[R], None]
) -> Revision | None:
    """A person's change of the record that the store holds; None where it changes nothing."""
    if not (values := _changed_by(model.model_validate(before), change)):
        return None
    update = raised({"$set": values})
    return Revision(before, update, updated(before, update))


async def write_revisions(
    model: type[R], revisions: Sequence[Revision], transaction: Transaction
) -> None:
    """Write many changes in one round trip, and tell of them. Raises Moved.

    They are prepared before the transaction begins, which lives for five seconds only.
    """
    if not revisions:
        return
    operations = []
    for each in revisions:
        same = {name: each.before[name] for name in ("_id", "updated_at", "revision")}
        operations.append(UpdateOne(same, each.update, hint=BY_ID))
    with refusals(model.collection_name()):
        result = await model.collection().bulk_write(
            operations, ordered=False, session=transaction.session
        )
    if result.matched_count < len(revisions):
        raise Moved
    await transaction.tell_all(model, [(each.before, each.after) for each in revisions])


async def within_reach(
    model: type[R], access: Access, actor: Actor, key: Id, session: AsyncClientSession
) -> R:
    """The record, if the actor may change it. Raises NotFound."""
    query = within(access.change(actor), {"_id": key})
    record = await model.first_in(True, query, session)
    if record is None:
        raise NotFound("There is no such record, or none that you may write.")
    return record


async def deed(
    parts: Parts,
    actor: Actor,
    model: type[R],
    access: Access,
    key: Id,
    work: Callable[[R, Transaction], Awaitable[R]],
) -> R:
    """Do something about a record that the actor may change, in one audited transaction.

    `work` answers the record as it is then, and tells itself of other records that it writes.
    Raises NotFound, and whatever the work raises: then nothing is written. Whoever calls wakes a
    worker afterwards.
    """
    demand(actor, "write", model.collection_name())

    async def together(transaction: Transaction) -> R:
        before = await within_reach(model, access, actor, key, transaction.session)
        stored = before.stored()
        after = await work(before, transaction)
        await transaction.tell(model, stored, after.stored())
        return after

    return await recorded(parts, actor, together)


def _changed_by(record: R, change: Callable[[R], None]) -> StoredDocument:
    """The fields that are another way after the change."""
    before = record.stored()
    changed = record.model_copy(deep=True)
    change(changed)
    # Validated again, so that what is computed follows.
    after = type(record).model_validate(changed.stored()).stored()
    if not (values := _differences(before, after)):
        return {}
    # What an update of single fields has left behind is put right, too.
    return values | {name: after[name] for name in computed(type(record))}


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in after.items() if before.get(name) != value}
