"""Follows what others write, for the cache. One reader for each process."""

import asyncio
import logging
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from app.core.cache import Cache
from app.core.metrics import Metrics
from app.core.touched import by_change
from documents.base import StoredDocument

SILENCE_MS: Final = 500
"""How long the store waits for a change before it says that there is none."""
TRUST_SECONDS: Final = 2.0
"""How long a sign of life of the stream lets the cache be used."""
RESTART_SECONDS: Final = 1.0
SHOWN: Final = ("operationType", "documentKey", "updateDescription", "fullDocument", "wallTime")

logger = logging.getLogger(__name__)


class Changes:
    """Tells the cache of every change of these collections.

    The driver resumes the stream after a short break without losing an event. After a longer one
    it begins anew, from now: the cache is empty then, and needs nothing of what was before.
    """

    def __init__(
        self,
        database: AsyncDatabase[StoredDocument],
        collections: Collection[str],
        cache: Cache,
        metrics: Metrics,
    ) -> None:
        self._database, self._cache, self._metrics = database, cache, metrics
        ours = {"ns.coll": {"$in": sorted(collections)}}
        whole = {"operationType": {"$in": ["dropDatabase", "invalidate"]}}
        self._pipeline: list[Mapping[str, Any]] = [
            {"$match": {"$or": [ours, whole]}},
            {"$project": dict.fromkeys(SHOWN, 1)},
        ]

    async def follow(self) -> None:
        """Follow the changes until it is cancelled."""
        while True:
            try:
                await self._follow()
            except PyMongoError as exc:
                self._metrics.stream_restarts.inc()
                logger.warning("the change stream broke off, nothing is cached: %s", exc)
            finally:
                self._cache.distrust()
                self._metrics.stream_connected.set(0)
            await asyncio.sleep(RESTART_SECONDS)

    async def _follow(self) -> None:
        stream = await self._database.watch(self._pipeline, max_await_time_ms=SILENCE_MS)
        async with stream:
            self._metrics.stream_connected.set(1)
            # What is read from here on is older than no event of the stream.
            self._cache.trust(TRUST_SECONDS)
            while stream.alive:
                change = await stream.try_next()
                if change is not None:
                    self._cache.forget(by_change(change))
                self._metrics.stream_lag.set(_age(change))
                self._cache.trust(TRUST_SECONDS)


def _age(change: Mapping[str, Any] | None) -> float:
    """Seconds since the change, by the clocks of the store and this machine."""
    moment = change and change.get("wallTime")
    if not isinstance(moment, datetime):
        return 0.0
    return max(0.0, time.time() - moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
