"""Reading media for an index: all of them once, then whatever changes."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

import numpy as np

from app.core import change_streams, positions
from app.core.change_streams import Batch, ChangeStream, HistoryLost, store_time
from app.core.parts import Collection
from app.library.search.columns import PROJECTION
from app.library.search.recent import Written
from app.library.search.wanted import Searched, unit
from documents.base import StoredDocument
from documents.library import EmbeddingPlace, Media
from documents.store import Store
from documents.values import Id, to_floats

AWAIT_MILLISECONDS: Final = 500
NAME: Final = Media.collection_name()


def changes_after(store: Store, position: str) -> AbstractAsyncContextManager[ChangeStream]:
    """The changes of media behind this place. Raises HistoryLost where the store forgot it."""
    return change_streams.changes_after(
        store,
        position,
        [{"$project": {"operationType": 1, "documentKey": 1}}],
        patience_ms=AWAIT_MILLISECONDS,
        collection=NAME,
    )


def written_in(batch: Batch) -> list[Id]:
    """The media that were written, each once. Raises HistoryLost where all are gone."""
    if any(each["operationType"] == "invalidate" for each in batch.changes):
        raise HistoryLost("the collection was dropped")
    keys = [Id(each["documentKey"]["_id"]) for each in batch.changes if "documentKey" in each]
    return [*dict.fromkeys(keys)]


async def position_now(store: Store) -> str:
    """The place of this moment in the order of all changes."""
    return positions.before(await store_time(store))


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
