"""The failure desk: tasks that failed for good, grouped by cause, tried again or discarded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from documents.base import Scope, touched, within
from documents.production import Task
from documents.values import Id, now


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failed tasks of one kind with one cause."""

    kind: str
    code: str
    cause: str
    count: int
    example: str
    """The message of one of them."""
    task_ids: list[Id]
    """The newest, up to 20."""
    first_at: datetime
    last_at: datetime


async def by_cause(scope: Scope, query: Mapping[str, Any]) -> list[FailureGroup]:
    """What failed, largest groups first."""
    if scope is False:
        return []
    cursor = await Task.collection().aggregate(
        [
            {"$match": within(scope, {**query, "status": "failed"})},
            {"$sort": {"_id": -1}},
            {
                "$group": {
                    "_id": {"kind": "$kind", "code": "$error.code", "cause": "$error.cause"},
                    "count": {"$sum": 1},
                    "example": {"$first": "$error.message"},
                    "task_ids": {"$firstN": {"input": "$_id", "n": 20}},
                    "first_at": {"$min": "$completed_at"},
                    "last_at": {"$max": "$completed_at"},
                }
            },
            {"$sort": {"count": -1, "_id.cause": 1}},
            {"$limit": 200},
        ]
    )
    return [FailureGroup(**{**row.pop("_id"), **row}) async for row in cursor]


async def discard(scope: Scope, query: Mapping[str, Any]) -> int:
    """Give failed tasks up: they leave the desk and keep their reason."""
    failed = within(scope, {**query, "status": "failed"})
    given_up = touched({"$set": {"status": "cancelled", "completed_at": now()}})
    return (await Task.collection().update_many(failed, given_up)).modified_count
