"""The store's own vector index, where the server has one (`mongot`): definitions and pipelines.

Field by field as documented for `$vectorSearch` and `createSearchIndexes`; every path that a
condition may test is declared as a filter, so access and filters narrow the search itself.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure
from pymongo.operations import SearchIndexModel

from app.core.parts import Collection
from app.library.search.stored import StoredVectors, counted
from app.library.search.wanted import (
    CONDITION_FIELDS,
    Candidate,
    Condition,
    Facets,
    Row,
    Searched,
    Wanted,
)
from documents.base import StoredDocument
from documents.library import EMBEDDING_INDEX, EMBEDDING_NEXT_INDEX, EmbeddingPlace
from documents.values import Id

Quantization: TypeAlias = Literal["none", "scalar", "binary"]

NOT_THERE: Final = frozenset({40324, 59, 115, 31082})
"""Unknown stage, unknown command, command not supported, search not configured."""
NAMES: Final[Mapping[EmbeddingPlace, str]] = {
    "embedding": EMBEDDING_INDEX,
    "embedding_next": EMBEDDING_NEXT_INDEX,
}
MOST_MS: Final = 5_000
"""A query on an index that is being built may hang."""
MOST_CANDIDATES: Final = 10_000
LEAST_CANDIDATES: Final = 200
CANDIDATES_FOR_EACH: Final = 20
SPARE: Final = 32
POLL_SECONDS: Final = 1.0

logger = logging.getLogger(__name__)


class NotReady(Exception):
    """The vector index cannot be queried yet."""


def definition(searched: Searched, quantization: Quantization) -> dict[str, Any]:
    """The index over one field of vectors."""
    place, space = searched.place, searched.space
    filters = ("deleted_at", *space.at(place), *CONDITION_FIELDS)
    return {
        "fields": [
            {
                "type": "vector",
                "path": place,
                "numDimensions": space.dimensions,
                "similarity": "cosine",
                "quantization": quantization,
            },
            *({"type": "filter", "path": path} for path in filters),
        ]
    }


def model(searched: Searched, quantization: Quantization) -> SearchIndexModel:
    """What `createSearchIndexes` is given."""
    return SearchIndexModel(
        name=NAMES[searched.place],
        type="vectorSearch",
        definition=definition(searched, quantization),
    )


def pipeline(searched: Searched, wanted: Wanted) -> list[StoredDocument]:
    """The stages that answer one page, with some to spare: the score's order has ties."""
    limit = min(wanted.served + wanted.count + SPARE, MOST_CANDIDATES)
    candidates = min(max(LEAST_CANDIDATES, CANDIDATES_FOR_EACH * limit), MOST_CANDIDATES)
    place = searched.place
    own = {"deleted_at": None, **searched.space.at(place)}
    return [
        {
            "$vectorSearch": {
                "index": NAMES[place],
                "path": place,
                "queryVector": wanted.vector.tolist(),
                "numCandidates": candidates,
                "limit": limit,
                "filter": {"$and": [_explicit(own), *_explicit_parts(wanted.condition)]},
            }
        },
        {"$project": {"_id": 1, "score": {"$meta": "vectorSearchScore"}}},
    ]


def cosine(score: float) -> float:
    """The cosine of a score of `$vectorSearch`, which is (1 + cosine) / 2."""
    return 2 * score - 1


class VectorSearch:
    """A backend on the store's own index."""

    def __init__(self, reading: Collection, searched: Searched) -> None:
        self._reading, self._searched = reading, searched
        self._stored = StoredVectors(reading, searched)

    async def nearest(self, wanted: Wanted) -> list[Candidate]:
        """The nearest, as far as the index finds them."""
        stages = pipeline(self._searched, wanted)
        cursor = await self._reading.aggregate(stages, maxTimeMS=MOST_MS)
        found = sorted(
            Candidate.of(cosine(row["score"]), Id(row["_id"])) for row in await cursor.to_list()
        )
        least = -1.0 if wanted.min_score is None else wanted.min_score
        return [
            each
            for each in found
            if each.score >= least and (wanted.after is None or each > wanted.after)
        ][: wanted.count]

    async def scores(self, vector: Row, keys: Sequence[Id]) -> dict[Id, float]:
        """The cosines of these media."""
        return await self._stored.scores(vector, keys)

    async def facets(self, condition: Condition, names: Sequence[str]) -> Facets:
        """Counts by value."""
        own = {"deleted_at": None, **self._searched.space.at(self._searched.place)}
        return await counted(self._reading, {"$and": [own, condition]}, names)


async def described(collection: AsyncCollection[Any]) -> dict[str, StoredDocument] | None:
    """The search indexes of the collection by name; None where the server has no such thing."""
    try:
        cursor = await collection.list_search_indexes()
        return {each["name"]: dict(each) async for each in cursor}
    except OperationFailure as exc:
        if exc.code in NOT_THERE:
            return None
        raise


async def is_queryable(collection: AsyncCollection[Any], searched: Searched) -> bool:
    """Whether the server has the index of this space, and it answers."""
    indexes = await described(collection)
    found = (indexes or {}).get(NAMES[searched.place])
    if found is None or not found.get("queryable"):
        return False
    fields = found.get("latestDefinition", {}).get("fields", [])
    return any(
        each.get("path") == searched.place
        and each.get("numDimensions") == searched.space.dimensions
        for each in fields
    )


async def ensure(
    collection: AsyncCollection[Any],
    searched: Searched,
    quantization: Quantization,
    *,
    patience_seconds: float,
) -> bool:
    """Make or mend the index and wait until it answers; False where the server has none.

    Raises NotReady when it takes longer; it goes on being made.
    """
    indexes = await described(collection)
    if indexes is None:
        return False
    wanted, there = definition(searched, quantization), indexes.get(NAMES[searched.place])
    if there is None:
        await collection.create_search_index(model(searched, quantization))
    elif there.get("latestDefinition") != wanted:
        await collection.update_search_index(NAMES[searched.place], wanted)
    try:
        async with asyncio.timeout(patience_seconds):
            while not await is_queryable(collection, searched):
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise NotReady(
            f"{NAMES[searched.place]} is still being built; the local index serves meanwhile."
        ) from None
    return True


async def drop(collection: AsyncCollection[Any], place: EmbeddingPlace) -> None:
    """Drop the index over this field, if there is one."""
    if NAMES[place] in (await described(collection) or {}):
        await collection.drop_search_index(NAMES[place])


def _explicit_parts(condition: Condition) -> list[StoredDocument]:
    return [_explicit(condition)] if condition else []


def _explicit(condition: Condition) -> StoredDocument:
    """The same with every operator written out."""
    return {
        name: [_explicit(each) for each in test]
        if name in ("$and", "$or")
        else dict(test)
        if isinstance(test, Mapping)
        else {"$eq": test}
        for name, test in condition.items()
    }
