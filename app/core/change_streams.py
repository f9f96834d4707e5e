"""The store's change stream, read in batches.

The stream's cursor is driven by commands, because a batch then arrives as one: what it needs from
the store can be looked up together, and nothing is awaited between two changes.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from bson import Timestamp
from bson.codec_options import CodecOptions
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure, PyMongoError

from app.core import positions
from app.core.parts import NAIVE
from documents.base import StoredDocument
from documents.store import Store

AT_ONCE: Final = 1_000
LOST: Final = frozenset({260, 280, 286})
"""Invalid resume token, fatal error of the stream, history lost."""
WHOLE_DATABASE: Final = "$cmd.aggregate"
"""What the cursor of a stream over all collections is called."""

Codec: TypeAlias = CodecOptions[StoredDocument]


class HistoryLost(Exception):
    """The store cannot tell what happened since the asked-for moment."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes in their order, and how far the stream has come."""

    changes: list[StoredDocument]
    position: str


class ChangeStream:
    """An open cursor on changes."""

    def __init__(
        self,
        store: Store,
        session: AsyncClientSession,
        codec: Codec,
        collection: str,
        patience_ms: int,
    ) -> None:
        self._store, self._session, self._codec = store, session, codec
        self._collection, self._patience_ms = collection, patience_ms
        self._cursor = 0
        self._first: Batch | None = None

    async def open(self, command: StoredDocument) -> None:
        """Begin with this aggregation. Raises HistoryLost where the store forgot its start."""
        reply = await self._run(command)
        self._cursor = reply["cursor"]["id"]
        self._first = _batch(reply["cursor"], "firstBatch")

    async def next(self) -> Batch:
        """The next changes; after a while without any an empty batch. Raises HistoryLost."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        if not self._cursor:
            raise HistoryLost("the stream has ended: what it follows was dropped")
        reply = await self._run(
            {
                "getMore": self._cursor,
                "collection": self._collection,
                "batchSize": AT_ONCE,
                "maxTimeMS": self._patience_ms,
            }
        )
        self._cursor = reply["cursor"]["id"]
        batch = _batch(reply["cursor"], "nextBatch")
        if not self._cursor and not batch.changes:
            raise HistoryLost("the stream has ended: what it follows was dropped")
        return batch

    async def close(self) -> None:
        """Let the store forget the cursor."""
        command = {"killCursors": self._collection, "cursors": [self._cursor]}
        with suppress(PyMongoError):
            await self._store.database.command(command, session=self._session)

    async def _run(self, command: StoredDocument) -> StoredDocument:
        try:
            return await self._store.database.command(
                command, session=self._session, codec_options=self._codec
            )
        except OperationFailure as exc:
            if exc.code in LOST:
                raise HistoryLost(str(exc)) from exc
            raise


@asynccontextmanager
async def changes_after(
    store: Store,
    position: str,
    pipeline: Sequence[StoredDocument],
    *,
    patience_ms: int,
    collection: str | None = None,
    codec: Codec = NAIVE,
    options: Mapping[str, Any] | None = None,
) -> AsyncIterator[ChangeStream]:
    """The changes behind this position, of one collection or all; behind none, from now on.

    `options` are those of the `$changeStream` stage. Raises HistoryLost where the store forgot
    what is behind the position.
    """
    command = {
        "aggregate": collection or 1,
        "pipeline": [{"$changeStream": {**_start(position), **(options or {})}}, *pipeline],
        "cursor": {"batchSize": AT_ONCE},
        "readConcern": {"level": "majority"},
    }
    async with store.client.start_session(causal_consistency=False) as session:
        stream = ChangeStream(store, session, codec, collection or WHOLE_DATABASE, patience_ms)
        await stream.open(command)
        try:
            yield stream
        finally:
            await stream.close()


async def store_time(store: Store) -> Timestamp:
    """The store's logical time of this moment."""
    moment: Timestamp = (await store.database.command("ping"))["operationTime"]
    return moment


def _start(position: str) -> StoredDocument:
    if not position:
        return {}
    if positions.is_token(position):
        return {"resumeAfter": {"_data": position}}
    return {"startAtOperationTime": positions.moment_of(position)}


def _batch(cursor: StoredDocument, name: str) -> Batch:
    return Batch(cursor[name], cursor["postBatchResumeToken"]["_data"])
