"""The present state of what is followed: what a client starts from, or starts again from."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.core.parts import Collection
from app.live.watched import WATCHED, Topic
from documents.base import Scope, StoredDocument, within
from documents.values import Id

TASKS_OF: Final[Mapping[str, str]] = {
    "pipelines": "pipeline_id",
    "projects": "project_id",
    "video_campaigns": "subject.id",
    "story_campaigns": "subject.id",
    "ad_sessions": "subject.id",
}
"""By which field of a task the tasks of a subject are found; each has an index."""
MOST_RUNNING: Final = 100


async def state_of(
    reading: Mapping[str, Collection], topics: Iterable[Topic], scopes: Mapping[str, Scope]
) -> list[StoredDocument]:
    """The subjects with the fields that events tell, how many of their tasks are in which state,
    and the first 100 that run. A subject that is gone has `data: null`."""
    by_collection: dict[str, list[Id]] = {}
    for name, key in topics:
        by_collection.setdefault(name, []).append(key)
    found: list[StoredDocument] = []
    for name, keys in by_collection.items():
        rows = await _rows(reading[name], {"_id": {"$in": keys}}, scopes[name], name)
        data = {row.pop("_id"): row for row in rows}
        tasks = await asyncio.gather(*(_tasks(reading["tasks"], name, key) for key in keys))
        found += [
            {"subject": {"collection": name, "id": key}, "data": data.get(key), **more}
            for key, more in zip(keys, tasks, strict=True)
        ]
    return found


async def _rows(
    source: Collection, query: StoredDocument, scope: Scope, name: str, most: int = 0
) -> list[StoredDocument]:
    if scope is False:
        return []
    fields = dict.fromkeys(WATCHED[name].fields, 1)
    return await source.find(within(scope, query), fields, limit=most).to_list()


async def _tasks(tasks: Collection, collection: str, key: Id) -> dict[str, Any]:
    field = TASKS_OF.get(collection)
    if field is None:
        return {}
    counting: list[StoredDocument] = [
        {"$match": {field: key}},
        {"$group": {"_id": "$status", "count": {"$sum": 1}}},
    ]
    cursor, running = await asyncio.gather(
        tasks.aggregate(counting),
        _rows(tasks, {field: key, "status": "processing"}, True, "tasks", MOST_RUNNING),
    )
    counts = {row["_id"]: row["count"] async for row in cursor}
    shown = [{"id": row.pop("_id"), **row} for row in running]
    return {"tasks": {"by_status": counts, "running": shown}}
