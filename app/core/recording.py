"""What a write changes, handed to whoever keeps the record of it within the same transaction."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.actor import Actor
from app.core.parts import Parts
from app.core.request_ids import request_id
from documents.base import Record
from documents.identity import AuditAction, AuditActor, Workspace
from documents.values import Id

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Change:
    """One record before and after a write, each as the store keeps it.

    Nothing is masked: secrets are for the recorder to leave out. Of a record that is deleted with
    all that hangs on it, the record itself is told.
    """

    actor: Actor | AuditActor
    """Who makes it; an `AuditActor` where nobody is signed in, or where no person acts."""
    action: AuditAction
    model: type[Record]
    id: Id
    workspace_id: Id | None
    before: Mapping[str, Any] | None
    """None where the record is new."""
    after: Mapping[str, Any] | None
    """None where it is deleted."""
    request_id: str = field(default_factory=request_id)
    """The request in whose course it is made; empty outside of one."""

    @classmethod
    def of(
        cls,
        actor: Actor | AuditActor,
        model: type[Record],
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> "Change":
        """The change from one state to the other; one of them is there."""
        known = after or before
        assert known is not None
        action: AuditAction = (
            "create" if before is None else "delete" if after is None else "change"
        )
        tenant = known["_id"] if model is Workspace else known.get("workspace_id")
        return cls(actor, action, model, known["_id"], tenant, before, after)


class Recorder(Protocol):
    """Called within the transaction of every write, with the changes of one or several records.

    It may be called again for the same change when the transaction is run again, so it keeps
    nothing but what it writes with the session.
    """

    async def __call__(self, session: AsyncClientSession, *changes: Change) -> None: ...


@dataclass(frozen=True, slots=True)
class Transaction:
    """What is written with its session is written as one, told of, or not at all."""

    session: AsyncClientSession
    actor: Actor
    _record: Recorder | None

    async def tell(
        self,
        model: type[Record],
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        """Say what has become of a record: every write of a person ends with this."""
        await self.tell_all(model, [(before, after)])

    async def tell_all(
        self,
        model: type[Record],
        records: Iterable[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]],
    ) -> None:
        """The same for several records, before and after, in one round trip."""
        if self._record is not None:
            changes = [Change.of(self.actor, model, *each) for each in records]
            await self._record(self.session, *changes)


async def recorded(
    parts: Parts, actor: Actor, work: Callable[[Transaction], Awaitable[Result]]
) -> Result:
    """Run the work in a transaction, again on a conflict: the one door of all plain writes."""

    async def together(session: AsyncClientSession) -> Result:
        return await work(Transaction(session, actor, parts.record))

    return await parts.store.in_transaction(together)
