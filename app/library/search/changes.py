"""Reading media for an index: all of them once, then whatever changes."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
from bson import Timestamp
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure, PyMongoError

from app.core.parts import NAIVE, Collection
from app.library.search.columns import PROJECTION
from app.library.search.recent import Written
from app.library.search.wanted import Searched, unit
from documents.base import StoredDocument
from documents.library import EmbeddingPlace, Media
from documents.store import Store
from documents.values import Id, to_floats

AT_ONCE: Final = 1_000
AWAIT_MILLISECONDS: Final = 500
LOST: Final = frozenset({260, 280, 286})
"""Invalid resume token, fatal error of the stream, history lost."""
NAME: Final = Media.collection_name()


class HistoryLost(Exception):
    """The store cannot tell what happened since the asked-for moment."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The media that were written, and how far the stream has come."""

    keys: list[Id]
    position: str


class Stream:
    """An open cursor on the changes of the media; a batch arrives as one."""

    def __init__(self, store: Store, session: AsyncClientSession, reply: StoredDocument) -> None:
        self._store, self._session = store, session
        self._cursor: int = reply["cursor"]["id"]
        self._first: Batch | None = _batch(reply["cursor"], "firstBatch")

    async def next(self) -> Batch:
        """The next changes; after half a second without any an empty batch. Raises HistoryLost."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        command = {
            "getMore": self._cursor,
            "collection": NAME,
            "batchSize": AT_ONCE,
            "maxTimeMS": AWAIT_MILLISECONDS,
        }
        reply = await _run(self._store, self._session, command)
        if not reply["cursor"]["id"]:
            raise HistoryLost("the collection was dropped")
        return _batch(reply["cursor"], "nextBatch")

    async def close(self) -> None:
        """Let the store forget the cursor."""
        command = {"killCursors": NAME, "cursors": [self._cursor]}
        with suppress(PyMongoError):
            await self._store.database.command(command, session=self._session)


@asynccontextmanager
async def changes_after(store: Store, position: str) -> AsyncIterator[Stream]:
    """The changes behind this place. Raises HistoryLost where the store forgot it."""
    command = {
        "aggregate": NAME,
        "pipeline": [
            {"$changeStream": _start(position)},
            {"$project": {"operationType": 1, "documentKey": 1}},
        ],
        "cursor": {"batchSize": AT_ONCE},
        "readConcern": {"level": "majority"},
    }
    async with store.client.start_session(causal_consistency=False) as session:
        stream = Stream(store, session, await _run(store, session, command))
        try:
            yield stream
        finally:
            await stream.close()


async def position_now(store: Store) -> str:
    """The place of this moment in the order of all changes.

    Resume tokens begin with the cluster time and compare as the changes follow each other.
    """
    moment: Timestamp = (await store.database.command("ping"))["operationTime"]
    return f"82{moment.time:08X}{moment.inc:08X}"


async def source_of(store: Store) -> str:
    """The id of the collection of media in this store; another one has other media."""
    async for each in await store.database.list_collections(filter={"name": NAME}):
        return str(each["info"]["uuid"].hex())
    await store.database.create_collection(NAME)
    return await source_of(store)


async def all_written(
    reading: Collection, searched: Searched, size: int
) -> AsyncIterator[list[Written]]:
    """Every media record with a vector of the space, in batches."""
    here = [searched.space.at(place) for place in PLACES]
    query = {"deleted_at": None, "$or": here}
    cursor = reading.find(query, _projection(), batch_size=size)
    batch: list[Written] = []
    async for row in cursor:
        if (written := written_of(row, searched)) is not None:
            batch.append(written)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


async def now_written(
    reading: Collection, searched: Searched, keys: Iterable[Id]
) -> dict[Id, Written | None]:
    """What these media are now; None: an index holds them no more."""
    found: dict[Id, Written | None] = dict.fromkeys(keys)
    cursor = reading.find({"_id": {"$in": [*found]}, "deleted_at": None}, _projection())
    async for row in cursor:
        found[Id(row["_id"])] = written_of(row, searched)
    return found


def written_of(row: StoredDocument, searched: Searched) -> Written | None:
    """The record as an index sees it; None without a good vector of the space.

    In either field: while a switch to another model ends, vectors move from one to the other.
    """
    space = searched.space
    for place in dict.fromkeys((searched.place, *PLACES)):
        if all(row.get(name) == value for name, value in space.at(place).items()):
            vector = row.get(place)
            if vector is not None and len(vector) == 2 + 4 * space.dimensions:
                floats = to_floats(vector)
                if np.isfinite(floats).all() and floats.any():
                    fields = {name: value for name, value in row.items() if name not in HEAVY}
                    return Written(fields, unit(floats))
    return None


PLACES: Final[Sequence[EmbeddingPlace]] = ("embedding", "embedding_next")
HEAVY: Final = frozenset(
    each for place in PLACES for each in (place, f"{place}_model", f"{place}_version")
)


def _projection() -> dict[str, int]:
    return {**PROJECTION, **dict.fromkeys(HEAVY, 1)}


def _start(position: str) -> StoredDocument:
    if len(position) > 18:
        return {"resumeAfter": {"_data": position}}
    return {"startAtOperationTime": Timestamp(int(position[2:10], 16), int(position[10:18], 16))}


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
    keys = [Id(each["documentKey"]["_id"]) for each in cursor[name] if "documentKey" in each]
    if any(each["operationType"] == "invalidate" for each in cursor[name]):
        raise HistoryLost("the collection was dropped")
    return Batch([*dict.fromkeys(keys)], cursor["postBatchResumeToken"]["_data"])
