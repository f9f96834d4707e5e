"""The store's change stream, read in batches.

The stream's cursor is driven by commands, because a batch then arrives as one: what it needs from
the store can be looked up together, and nothing is awaited between two changes.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from bson import Timestamp
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure, PyMongoError

from app.core.parts import NAIVE
from app.live import cursors
from app.live.watched import PARENTS, WATCHED
from documents.base import StoredDocument
from documents.store import Store

AT_ONCE: Final = 1_000
AWAIT_MILLISECONDS: Final = 1_000
LOST: Final = frozenset({260, 280, 286})
"""Invalid resume token, fatal error of the stream, history lost."""


class HistoryLost(Exception):
    """The store cannot tell what happened since the asked-for moment."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes in their order, and how far the stream has come."""

    changes: list[StoredDocument]
    position: str


class ChangeStream:
    """An open cursor on the changes of the watched collections."""

    def __init__(self, store: Store, session: AsyncClientSession, reply: StoredDocument) -> None:
        self._store, self._session = store, session
        self._cursor: int = reply["cursor"]["id"]
        self._first: Batch | None = _batch(reply["cursor"], "firstBatch")

    async def next(self) -> Batch:
        """The next changes; after a second without any an empty batch. Raises HistoryLost."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        reply = await _run(
            self._store,
            self._session,
            {
                "getMore": self._cursor,
                "collection": "$cmd.aggregate",
                "batchSize": AT_ONCE,
                "maxTimeMS": AWAIT_MILLISECONDS,
            },
        )
        batch = _batch(reply["cursor"], "nextBatch")
        if not reply["cursor"]["id"] and not batch.changes:
            raise HistoryLost("the stream has ended: the database was dropped")
        return batch

    async def close(self) -> None:
        """Let the store forget the cursor."""
        command = {"killCursors": "$cmd.aggregate", "cursors": [self._cursor]}
        with suppress(PyMongoError):
            await self._store.database.command(command, session=self._session)


@asynccontextmanager
async def changes_after(store: Store, cursor: str) -> AsyncIterator[ChangeStream]:
    """The changes behind this place. Raises HistoryLost where the store forgot it."""
    start: StoredDocument = (
        {"resumeAfter": {"_data": cursor}}
        if cursors.is_token(cursor)
        else {"startAtOperationTime": cursors.moment_of(cursor)}
    )
    command = {
        "aggregate": 1,
        "pipeline": [
            {"$changeStream": {**start, "fullDocumentBeforeChange": "whenAvailable"}},
            *pipeline(),
        ],
        "cursor": {"batchSize": AT_ONCE},
        "readConcern": {"level": "majority"},
    }
    async with store.client.start_session(causal_consistency=False) as session:
        stream = ChangeStream(store, session, await _run(store, session, command))
        try:
            yield stream
        finally:
            await stream.close()


async def store_time(store: Store) -> Timestamp:
    """The store's logical time of this moment."""
    moment: Timestamp = (await store.database.command("ping"))["operationTime"]
    return moment


def pipeline() -> list[StoredDocument]:
    """Leaves out, already in the store, what nobody is told: heartbeats, prose, vectors."""
    shown = {name for each in WATCHED.values() for name in (*each.fields, *each.access)}
    names = sorted(shown | {"deleted_at"})
    places = sorted({*PARENTS, "subject", "created_by"})
    return [
        {
            "$match": {
                "ns.coll": {"$in": sorted(WATCHED)},
                "operationType": {"$in": ["insert", "update", "replace", "delete"]},
            }
        },
        {
            "$project": {
                "operationType": 1,
                "ns.coll": 1,
                "documentKey._id": 1,
                "clusterTime": 1,
                "wallTime": 1,
                "updated": _among("$$this.k", names, _pairs("$updateDescription.updatedFields")),
                "removed": _among("$$this", names, "$updateDescription.removedFields"),
                "truncated": _among("$$this.field", names, "$updateDescription.truncatedArrays"),
                "fullDocument": dict.fromkeys(["_id", *sorted({*names, *places})], 1),
                "fullDocumentBeforeChange": dict.fromkeys(["_id", *places], 1),
            }
        },
        {
            "$match": {
                "$or": [
                    {"operationType": {"$ne": "update"}},
                    *({f"{name}.0": {"$exists": True}} for name in CHANGED),
                ]
            }
        },
    ]


CHANGED: Final = ("updated", "removed", "truncated")


def _pairs(path: str) -> StoredDocument:
    """Names of updated fields hold dots, so they are looked at as values."""
    return {"$objectToArray": path}


def _among(path: str, names: list[str], source: Any) -> StoredDocument:
    """Those of the source whose path begins with one of the names."""
    first = {"$arrayElemAt": [{"$split": [path, "."]}, 0]}
    return {"$filter": {"input": {"$ifNull": [source, []]}, "cond": {"$in": [first, names]}}}


async def _run(
    store: Store, session: AsyncClientSession, command: StoredDocument
) -> StoredDocument:
    try:
        return await store.database.command(command, session=session, codec_options=NAIVE)
    except OperationFailure as exc:
        if exc.code in LOST:
            raise HistoryLost(str(exc)) from exc
        raise


def _batch(cursor: StoredDocument, name: str) -> Batch:
    return Batch(cursor[name], cursor["postBatchResumeToken"]["_data"])
