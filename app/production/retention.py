"""Keeping the live collection small: tasks that ended long ago move to the archive."""

from datetime import timedelta
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession

from documents.production import ArchivedTask, Task
from documents.store import Store
from documents.values import now

KEPT: Final = timedelta(days=30)
BATCH: Final = 500


async def archive_batch(store: Store, kept: timedelta = KEPT) -> int:
    """Move up to a batch of ended tasks, oldest first; answers how many. Safe to run again.

    A task stays as long as its pipeline has unfinished ones: they may still ask for it.
    """
    ended: dict[str, Any] = {
        "status": {"$in": ["completed", "failed", "cancelled"]},
        "completed_at": {"$lt": now() - kept},
    }
    rows = Task.collection().find(
        ended, {"pipeline_id": 1}, sort=[("completed_at", 1)], limit=BATCH
    )
    found = {row["_id"]: row.get("pipeline_id") async for row in rows}
    open_pipelines = set(
        await Task.collection().distinct(
            "pipeline_id",
            {
                "pipeline_id": {"$in": list({*found.values()} - {None})},
                "status": {"$in": ["queued", "processing"]},
            },
        )
    )
    keys = [key for key, pipeline in found.items() if pipeline not in open_pipelines]

    async def move(session: AsyncClientSession) -> int:
        query = {"_id": {"$in": keys}}
        documents = await Task.collection().find(query, session=session).to_list()
        if documents:
            await ArchivedTask.collection().insert_many(documents, session=session)
            await Task.collection().delete_many(query, session=session)
        return len(documents)

    return await store.in_transaction(move) if keys else 0
