"""`q=`: text search in a list, best match first, where the collection has a text index.

The order is the store's score, then the id, so that a cursor can stand between any two rows: a
score depends on the row and the words alone, not on what else there is.
"""

from collections.abc import Mapping
from typing import Any, Final

from app.core.errors import BadQuery
from documents.base import Record, StoredDocument
from documents.schema import indexes

PARAMETER: Final = "q"
SHORTEST: Final = 2
LONGEST: Final = 200
PATTERN: Final = r"[^ ][\s\S]*[^ ]"
"""At least two characters, blanks around them not counted."""
MOST_MS: Final = 5_000
"""After this long the store gives up on words that fit too much."""
SCORE: Final = "_score"
"""How well a row fits; never answered."""
ORDER: Final = ((SCORE, -1), ("_id", 1))


def text_fields(model: type[Record]) -> list[str]:
    """The fields in which the collection's text index looks."""
    return [
        name
        for each in indexes(model)
        for name, kind in each.document["key"].items()
        if kind == "text"
    ]


def words(given: str) -> StoredDocument:
    """The query for what was typed. Raises BadQuery."""
    typed = given.strip(" ")
    if len(typed) < SHORTEST or len(given) > LONGEST:
        raise BadQuery(f"`{PARAMETER}` has {SHORTEST} to {LONGEST} characters.")
    return {"$text": {"$search": typed}}


def pipeline(
    query: Mapping[str, Any], projection: Mapping[str, Any], place: list[Any] | None, limit: int
) -> list[StoredDocument]:
    """The stages that answer one page; `limit` 0 is no limit."""
    stages: list[StoredDocument] = [
        {"$match": query},
        {"$project": {**projection, SCORE: {"$meta": "textScore"}}},
    ]
    if place is not None:
        score, key = place
        behind = [{SCORE: {"$lt": score}}, {SCORE: score, "_id": {"$gt": key}}]
        stages.append({"$match": {"$or": behind}})
    stages.append({"$sort": dict(ORDER)})
    if limit:
        stages.append({"$limit": limit})
    return stages
