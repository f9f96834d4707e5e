"""What waits and what runs, queue by queue."""

from dataclasses import dataclass

from app.settings import Settings
from documents.base import Scope, within
from documents.production import Queue, Task, TaskStatus


@dataclass(frozen=True, slots=True)
class Depth:
    """The unfinished tasks of one queue in one state, and how long the oldest is in it."""

    queue: Queue
    status: TaskStatus
    count: int
    oldest_seconds: float


def slots_of(settings: Settings) -> dict[Queue, int]:
    """What one worker process runs at a time."""
    return {
        "cpu": settings.worker_cpu,
        "io": settings.worker_io,
        "light": settings.worker_light,
    }


async def depths(scope: Scope) -> list[Depth]:
    """How full the queues are, within the scope; only what is queued or runs is looked at."""
    if scope is False:
        return []
    age = {"$divide": [{"$subtract": ["$$NOW", {"$min": "$queued_at"}]}, 1000]}
    cursor = await Task.collection().aggregate(
        [
            {"$match": within(scope, {"status": {"$in": ["queued", "processing"]}})},
            {
                "$group": {
                    "_id": {"queue": "$queue", "status": "$status"},
                    "count": {"$sum": 1},
                    "queued_at": {"$min": "$created_at"},
                }
            },
            {"$set": {"oldest_seconds": age}},
            {"$sort": {"_id": 1}},
        ]
    )
    return [
        Depth(**row["_id"], count=row["count"], oldest_seconds=row["oldest_seconds"])
        async for row in cursor
    ]
