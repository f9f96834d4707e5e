"""Finding media by their words: the store's text index."""

from collections.abc import Sequence
from typing import Any, Final

from app.core.parts import Collection
from app.library.search.stored import counted
from app.library.search.wanted import Candidate, Condition, Facets
from documents.base import StoredDocument
from documents.values import Id

MOST_MS: Final = 5_000


def query_of(text: str, condition: Condition) -> StoredDocument:
    """The media that hold one of the words, within the condition."""
    parts = [condition] if condition else []
    return {"$text": {"$search": text}, "deleted_at": None, **({"$and": parts} if parts else {})}


def pipeline(
    text: str,
    condition: Condition,
    count: int,
    after: Candidate | None = None,
    min_score: float | None = None,
) -> list[StoredDocument]:
    """The best matches first, behind the place where the last page ended."""
    stages: list[StoredDocument] = [
        {"$match": query_of(text, condition)},
        {"$project": {"score": {"$meta": "textScore"}}},
    ]
    if min_score is not None:
        stages.append({"$match": {"score": {"$gte": min_score}}})
    if after is not None:
        behind: list[dict[str, Any]] = [
            {"score": {"$lt": after.score}},
            {"score": after.score, "_id": {"$gt": after.id}},
        ]
        stages.append({"$match": {"$or": behind}})
    return [*stages, {"$sort": {"score": -1, "_id": 1}}, {"$limit": count}]


async def best(
    reading: Collection,
    text: str,
    condition: Condition,
    count: int,
    after: Candidate | None = None,
    min_score: float | None = None,
) -> list[Candidate]:
    """The media whose words fit best."""
    stages = pipeline(text, condition, count, after, min_score)
    cursor = await reading.aggregate(stages, maxTimeMS=MOST_MS)
    # Not rounded: the place of the next page is found by the very same number.
    return [Candidate(-row["score"], Id(row["_id"])) for row in await cursor.to_list()]


async def facets(
    reading: Collection, text: str, condition: Condition, names: Sequence[str]
) -> Facets:
    """Counts by value, of the media that hold one of the words."""
    return await counted(reading, query_of(text, condition), names)
