"""What is worth telling, out of all that is written: read from the store's change stream.

The store itself leaves out everything but ends of tasks and publications and work that waits for
money, so that a quiet installation costs nothing and a busy one little. The cursor is driven by
commands: a batch then arrives as one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure, PyMongoError

from app.production.holds import BUDGET
from documents.base import StoredDocument
from documents.production import Task
from documents.publishing import Publication
from documents.store import Store
from documents.telling import SOME_TIME
from documents.values import Id, now

AT_ONCE: Final = 1_000
AWAIT_MILLISECONDS: Final = 4_000
LOST: Final = frozenset({260, 280, 286})
"""Invalid resume token, fatal error of the stream, history lost."""
TASKS: Final = "tasks"
PUBLICATIONS: Final = "publications"
TASK_ENDS: Final = ("completed", "failed")
"""What a person ends by cancelling he knows already."""
PUBLICATION_ENDS: Final = ("published", "failed")


class HistoryLost(Exception):
    """The store cannot tell any more what happened since the asked-for position."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A record has come into this state."""

    collection: str
    id: Id
    state: str
    """A status; or the reason for which a task waits."""
    at: datetime
    budget_id: Id | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What was seen, in its order, and how far that is."""

    seen: list[Seen]
    position: str


class Changes:
    """An open cursor on what is worth telling."""

    def __init__(self, store: Store, session: AsyncClientSession, reply: StoredDocument) -> None:
        self._store, self._session = store, session
        self._cursor: int = reply["cursor"]["id"]
        self._first: Batch | None = _batch(reply["cursor"], "firstBatch")

    async def next(self) -> Batch:
        """The next changes; an empty batch after a while without any. Raises HistoryLost."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        command = {
            "getMore": self._cursor,
            "collection": "$cmd.aggregate",
            "batchSize": AT_ONCE,
            "maxTimeMS": AWAIT_MILLISECONDS,
        }
        reply = await _run(self._store, self._session, command)
        if not reply["cursor"]["id"]:
            raise HistoryLost("the stream has ended: the database was dropped")
        return _batch(reply["cursor"], "nextBatch")

    async def close(self) -> None:
        """Let the store forget the cursor."""
        command = {"killCursors": "$cmd.aggregate", "cursors": [self._cursor]}
        with suppress(PyMongoError):
            await self._store.database.command(command, session=self._session)


@asynccontextmanager
async def changes_after(store: Store, position: str) -> AsyncIterator[Changes]:
    """The changes behind this position; behind none, from now on. Raises HistoryLost."""
    start: StoredDocument = {"resumeAfter": {"_data": position}} if position else {}
    command = {
        "aggregate": 1,
        "pipeline": [{"$changeStream": start}, *PIPELINE],
        "cursor": {"batchSize": AT_ONCE},
        "readConcern": {"level": "majority"},
    }
    async with store.client.start_session(causal_consistency=False) as session:
        changes = Changes(store, session, await _run(store, session, command))
        try:
            yield changes
        finally:
            await changes.close()


async def ended_since(moment: datetime) -> AsyncIterator[list[Seen]]:
    """The same from the records as they are now, where the stream's history is gone.

    What was tried again meanwhile is not found: its newest end counts.
    """
    waiting = {"hold.budget_id": {"$gt": Id("0" * 24)}, "hold.since": {"$gte": moment}}
    queries: tuple[tuple[Any, StoredDocument], ...] = (
        (Task, {"status": {"$in": [*TASK_ENDS]}, "completed_at": {"$gte": moment}}),
        (Task, waiting),
        (Publication, {"status": {"$in": [*PUBLICATION_ENDS]}, "updated_at": {"$gte": moment}}),
    )
    shown = {"status": 1, "completed_at": 1, "updated_at": 1, "hold": 1}
    for model, query in queries:
        seen: list[Seen] = []
        rows = model.collection().find(query, shown, batch_size=AT_ONCE)
        async for row in rows:
            at = row.get("completed_at") or row["updated_at"]
            fields = {"hold": row["hold"]} if query is waiting else {"status": row["status"]}
            seen.append(_seen(model.collection_name(), row["_id"], fields, at))
            if len(seen) == AT_ONCE:
                yield seen
                seen = []
        if seen:
            yield seen


UPDATED: Final = "updateDescription.updatedFields"
PIPELINE: Final[list[StoredDocument]] = [
    {
        "$match": {
            "operationType": "update",
            "$or": [
                {"ns.coll": TASKS, f"{UPDATED}.status": {"$in": [*TASK_ENDS]}},
                {"ns.coll": TASKS, f"{UPDATED}.hold.reason": BUDGET},
                {"ns.coll": PUBLICATIONS, f"{UPDATED}.status": {"$in": [*PUBLICATION_ENDS]}},
            ],
        }
    },
    {
        "$project": {
            "ns.coll": 1,
            "documentKey._id": 1,
            "wallTime": 1,
            f"{UPDATED}.status": 1,
            f"{UPDATED}.completed_at": 1,
            f"{UPDATED}.updated_at": 1,
            f"{UPDATED}.hold": 1,
        }
    },
]


async def _run(
    store: Store, session: AsyncClientSession, command: StoredDocument
) -> StoredDocument:
    try:
        return await store.database.command(
            command, session=session, codec_options=store.database.codec_options
        )
    except OperationFailure as exc:
        if exc.code in LOST:
            raise HistoryLost(str(exc)) from exc
        raise


def _batch(cursor: StoredDocument, name: str) -> Batch:
    seen = []
    for change in cursor[name]:
        fields = change["updateDescription"]["updatedFields"]
        moments = (fields.get("completed_at"), fields.get("updated_at"), change.get("wallTime"))
        at = next((each for each in moments if each is not None), SOME_TIME)
        seen.append(_seen(change["ns"]["coll"], change["documentKey"]["_id"], fields, at))
    return Batch(seen, cursor["postBatchResumeToken"]["_data"])


def _seen(collection: str, key: Id, fields: StoredDocument, at: datetime) -> Seen:
    if "status" in fields and fields["status"] in (*TASK_ENDS, *PUBLICATION_ENDS):
        return Seen(collection, key, fields["status"], at)
    hold = fields["hold"]
    return Seen(collection, key, hold["reason"], hold.get("since") or now(), hold["budget_id"])
