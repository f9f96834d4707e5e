"""Looks at the whole installation from time to time, for the metrics.

Each query is served by an index and reads a bounded number of its keys, so that looking costs
little however much there is.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final, get_args

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure, PyMongoError

from app.core.backups import OUTCOMES, last_backups
from app.core.metrics import Metrics
from documents.base import StoredDocument
from documents.production import CLAIM_INDEX, Queue, Task
from documents.values import now

OFTEN_SECONDS: Final = 15.0
SELDOM_SECONDS: Final = 60.0
MOST_COUNTED: Final = 10_000
"""Where counting ends: that there are more is all that matters then."""
RECENT: Final = timedelta(minutes=5)
UNUSED_AFTER: Final = timedelta(days=1)
ENDS: Final = ("completed", "failed", "cancelled")
SECONDARY: Final = 2
PRIMARY: Final = 1
NAMESPACE_NOT_FOUND: Final = 26
NOT_ALLOWED: Final = frozenset({13, 76})
"""The codes of a server that refuses to tell, or that has no replicas."""

logger = logging.getLogger(__name__)


class Sampling:
    """Fills the metrics that describe the installation."""

    def __init__(
        self,
        database: AsyncDatabase[StoredDocument],
        collections: Iterable[str],
        metrics: Metrics,
        redis_answers: Callable[[], Awaitable[bool]],
    ) -> None:
        self._database, self._metrics = database, metrics
        self._collections, self._redis_answers = sorted(collections), redis_answers

    async def run(self) -> None:
        """Look until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for look in (self.tasks, self.replication, self.redis, self.backups):
                group.create_task(self._regularly(look, OFTEN_SECONDS))
            for look in (self.sizes, self.indexes):
                group.create_task(self._regularly(look, SELDOM_SECONDS))

    async def tasks(self) -> None:
        """What waits and runs, for how long, and what has ended of late."""
        source = self._database[Task.collection_name()]
        for queue in get_args(Queue):
            found = await source.aggregate(runnable(queue), hint=dict(CLAIM_INDEX))
            waiting: StoredDocument = next(iter(await found.to_list()), {})
            oldest = waiting.get("oldest")
            age = (now() - oldest).total_seconds() if isinstance(oldest, datetime) else 0.0
            self._metrics.oldest_task.labels(queue).set(max(0.0, age))
            self._metrics.tasks.labels(queue, "runnable").set(waiting.get("count", 0))
            for state, query in (
                ("waiting", {"queue": queue, "status": "queued", "ready": False}),
                ("processing", {"queue": queue, "status": "processing"}),
            ):
                count = await source.count_documents(query, limit=MOST_COUNTED)
                self._metrics.tasks.labels(queue, state).set(count)
        overdue = {"status": "processing", "worker.lease_until": {"$lt": now()}}
        self._metrics.overdue_leases.set(await source.count_documents(overdue, limit=MOST_COUNTED))
        for status in ENDS:
            recent = {"status": status, "completed_at": {"$gte": now() - RECENT}}
            count = await source.count_documents(recent, limit=MOST_COUNTED)
            self._metrics.finished_tasks.labels(status).set(count)

    async def replication(self) -> None:
        """How far the members are behind the primary; without the right to ask: the majority."""
        admin = self._database.client.admin
        try:
            status = await admin.command("replSetGetStatus")
        except OperationFailure as exc:
            if exc.code not in NOT_ALLOWED:
                raise
            write = (await admin.command("hello")).get("lastWrite", {})
            if {"lastWriteDate", "majorityWriteDate"} <= write.keys():
                lag = write["lastWriteDate"] - write["majorityWriteDate"]
                self._metrics.replication_lag.labels("majority").set(lag.total_seconds())
            return
        members = status["members"]
        newest = max(
            (each["optimeDate"] for each in members if each["state"] == PRIMARY), default=None
        )
        for each in members:
            if newest is not None and each["state"] in (PRIMARY, SECONDARY):
                lag = max(timedelta(), newest - each["optimeDate"])
                self._metrics.replication_lag.labels(each["name"]).set(lag.total_seconds())

    async def redis(self) -> None:
        """Whether Redis answers."""
        self._metrics.redis_up.set(await self._redis_answers())

    async def backups(self) -> None:
        """When backups ended last; 0: never."""
        last = await last_backups(self._database)
        for outcome in OUTCOMES:
            moment = last.get(outcome)
            self._metrics.backups.labels(outcome).set(moment.timestamp() if moment else 0)

    async def sizes(self) -> None:
        """How many documents there are, and what they take on disk."""
        for name in self._collections:
            stats = await self._stats(name, {"$collStats": {"storageStats": {}}})
            storage = stats[0]["storageStats"] if stats else {}
            self._metrics.documents.labels(name).set(storage.get("count", 0))
            for part, key in (("documents", "storageSize"), ("indexes", "totalIndexSize")):
                self._metrics.collection_bytes.labels(name, part).set(storage.get(key, 0))

    async def indexes(self) -> None:
        """How often the indexes served, and which never did."""
        for name in self._collections:
            unused = 0
            for each in await self._stats(name, {"$indexStats": {}}):
                accesses = each["accesses"]
                self._metrics.index_uses.labels(name, each["name"]).set(accesses["ops"])
                old = now() - accesses["since"] > UNUSED_AFTER
                unused += old and not accesses["ops"] and each["name"] != "_id_"
            self._metrics.unused_indexes.labels(name).set(unused)

    async def _stats(self, name: str, stage: dict[str, Any]) -> list[StoredDocument]:
        """What the store knows of the collection: nothing where it is not made yet."""
        try:
            return await (await self._database[name].aggregate([stage])).to_list()
        except OperationFailure as exc:
            if exc.code == NAMESPACE_NOT_FOUND:
                return []
            raise

    async def _regularly(self, look: Callable[[], Awaitable[None]], seconds: float) -> None:
        while True:
            try:
                await look()
            except PyMongoError as exc:
                self._metrics.sample_failures.labels(look.__name__).inc()
                logger.warning("the metrics of %s are old: %s", look.__name__, exc)
            await asyncio.sleep(seconds)


def runnable(queue: str) -> list[dict[str, Any]]:
    """Counts the tasks that could run, and finds the oldest of it, from the keys of one index."""
    match = {"queue": queue, "status": "queued", "ready": True, "run_after": {"$lte": now()}}
    found = {"_id": None, "count": {"$sum": 1}, "oldest": {"$min": "$queued_at"}}
    fields = {"_id": 0, "queued_at": 1}
    return [{"$match": match}, {"$limit": MOST_COUNTED}, {"$project": fields}, {"$group": found}]
