"""Searching without an index: every vector in reach is fetched from the store and compared.

For the while in which an index is being opened, and for scripts that look once.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from app.core.errors import Unavailable
from app.core.parts import Collection
from app.library.search.changes import PLACES, written_of
from app.library.search.columns import SEVERAL
from app.library.search.wanted import (
    DECIMALS,
    Candidate,
    Condition,
    Facets,
    Row,
    Searched,
    Wanted,
)
from documents.base import StoredDocument
from documents.values import Id

MOST_FETCHED: Final = 20_000
MOST_MS: Final = 10_000


class StoredVectors:
    """A backend that keeps nothing."""

    def __init__(self, reading: Collection, searched: Searched) -> None:
        self._reading, self._searched = reading, searched

    async def nearest(self, wanted: Wanted) -> list[Candidate]:
        """Raises Unavailable where too much is in reach."""
        query = self._query(wanted.condition)
        cursor = self._reading.find(
            query, self._projection(), limit=MOST_FETCHED + 1, max_time_ms=MOST_MS
        )
        found = self._compared(await cursor.to_list(), wanted.vector)
        if len(found) > MOST_FETCHED:
            raise Unavailable("The search index is being made; try again soon.")
        candidates = sorted(Candidate.of(score, key) for key, score in found.items())
        least = -1.0 if wanted.min_score is None else wanted.min_score
        return [
            each
            for each in candidates
            if each.score >= least and (wanted.after is None or each > wanted.after)
        ][: wanted.count]

    async def scores(self, vector: Row, keys: Sequence[Id]) -> dict[Id, float]:
        """The cosines of these media."""
        query = {"_id": {"$in": [*keys]}, "deleted_at": None}
        rows = await self._reading.find(query, self._projection()).to_list()
        return self._compared(rows, vector)

    async def facets(self, condition: Condition, names: Sequence[str]) -> Facets:
        """Counts by value."""
        return await counted(self._reading, self._query(condition), names)

    def _compared(self, rows: list[StoredDocument], vector: Row) -> dict[Id, float]:
        question = vector.astype(np.float64)
        written = {Id(row["_id"]): written_of(row, self._searched) for row in rows}
        return {
            key: round(float(each.vector.astype(np.float64) @ question), DECIMALS)
            for key, each in written.items()
            if each is not None
        }

    def _query(self, condition: Condition) -> dict[str, Any]:
        # Only media with a vector of the space, in either field: see `written_of`.
        here = [self._searched.space.at(place) for place in PLACES]
        return {"$and": [{"deleted_at": None, "$or": here}, condition]}

    def _projection(self) -> dict[str, int]:
        return {
            name: 1 for place in PLACES for name in (place, f"{place}_model", f"{place}_version")
        }


async def counted(reading: Collection, query: Mapping[str, Any], names: Sequence[str]) -> Facets:
    """How many of the media that the query finds have each value of these fields."""
    sides: dict[str, list[dict[str, Any]]] = {
        name.replace(".", "_"): [
            *([{"$unwind": f"${name}"}] if name in SEVERAL else []),
            {"$match": {name: {"$ne": None}}},
            {"$group": {"_id": f"${name}", "count": {"$sum": 1}}},
        ]
        for name in names
    }
    if not sides:
        return {}
    cursor = await reading.aggregate(
        [
            {"$match": query},
            {"$project": dict.fromkeys(names, 1)},
            {"$facet": sides},
        ],
        maxTimeMS=MOST_MS,
    )
    [found] = await cursor.to_list()
    return {
        name: {str(row["_id"]): row["count"] for row in found[side]}
        for name, side in zip(names, sides, strict=True)
    }
