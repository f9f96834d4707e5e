"""Mending what crashes leave behind: leases that ran out, dependents that were not told.

Several workers may sweep at once; everything here is safe to repeat.
"""

from typing import Final

from documents.base import StoredDocument
from documents.production import Task
from workers.runtime.claims import Failure, failed_attempt, release_dependents

BATCH: Final = 1_000
BACKOFF_SECONDS: Final = 1.0

WORKER_LOST = Failure("The worker stopped without finishing the task.", "worker_lost", True)


async def sweep() -> bool:
    """Queue or fail tasks whose lease ran out; answers whether there may be work to claim."""
    stale = {
        "status": "processing",
        "$expr": {"$lt": ["$worker.lease_until", "$$NOW"]},
    }
    await Task.collection().update_many(
        {**stale, "cancel_requested_at": {"$ne": None}},
        [
            {
                "$set": {
                    "status": "cancelled",
                    "fence": {"$add": ["$fence", 1]},
                    "completed_at": "$$NOW",
                    "updated_at": "$$NOW",
                }
            },
            {"$unset": "key"},
        ],
    )
    await Task.collection().update_many(
        stale, failed_attempt(WORKER_LOST, BACKOFF_SECONDS, "$max_retries")
    )
    await _tell_dependents()
    return await runnable(1) > 0


async def runnable(most: int) -> int:
    """How many tasks a worker could claim now, counted up to `most`."""
    query: StoredDocument = {
        "queue": {"$in": ["cpu", "io", "light"]},
        "status": "queued",
        "ready": True,
        "$expr": {"$lte": ["$run_after", "$$NOW"]},
    }
    return await Task.collection().count_documents(query, limit=most)


async def _tell_dependents() -> None:
    """Release what waits for tasks that are done: the worker died between the two writes."""
    waiting = {"waiting_for.0": {"$exists": True}, "status": "queued", "ready": False}
    cursor = await Task.collection().aggregate(
        [
            {"$match": waiting},
            {"$limit": BATCH},
            {"$unwind": "$waiting_for"},
            {"$group": {"_id": "$waiting_for"}},
        ]
    )
    awaited = [row["_id"] async for row in cursor]
    if not awaited:
        return
    done = {"$or": [{"status": "completed"}, {"status": "failed", "optional": True}]}
    rows = Task.collection().find({"_id": {"$in": awaited}, **done}, {"_id": 1})
    if ended := [row["_id"] async for row in rows]:
        await release_dependents(ended)
