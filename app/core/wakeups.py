"""Waking workers. A lost wake-up loses nothing: workers look at the store by themselves, later."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self

from arq.connections import ArqRedis, RedisSettings
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

QUEUE: Final = "backlot:wake"
WAKE: Final = "wake"
"""The one function that arq runs."""
BELL: Final = "backlot:bell"
"""A list beside arq's queue: idle workers wait at it, where arq would poll."""
MOST_RINGS: Final = 999

logger = logging.getLogger(__name__)


def redis_settings(url: str) -> RedisSettings:
    """How arq reaches Redis; it gives up soon, since nothing depends on it."""
    settings = RedisSettings.from_dsn(url)
    settings.conn_timeout, settings.conn_retries, settings.conn_retry_delay = 2, 3, 1
    return settings


def client(url: str) -> ArqRedis:
    """arq's client, which connects when it is used; close it with `close_connection_pool=True`.

    `arq.create_pool` connects at once, and leaves the connection open when that is cancelled.
    """
    return ArqRedis(
        ConnectionPool.from_url(url, socket_connect_timeout=2),
        job_serializer=serialize,
        job_deserializer=deserialize,
        default_queue_name=QUEUE,
    )


def serialize(job: dict[str, Any]) -> bytes:
    """JSON instead of arq's pickle: a token carries nothing that needs it."""
    return json.dumps(job, default=str).encode()


def deserialize(job: bytes) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(job)
    return loaded


class Wakeups:
    """Sends wake-up tokens through arq; without Redis it does so in vain, and says so once."""

    def __init__(self, redis_url: str) -> None:
        self._client = client(redis_url)
        self._warned = False

    async def wake(self) -> None:
        """Wake one worker: it goes on claiming until nothing is runnable."""

        async def ring() -> None:
            await self._client.enqueue_job(WAKE)
            async with self._client.pipeline(transaction=False) as both:
                both.lpush(BELL, "")
                both.ltrim(BELL, 0, MOST_RINGS)
                await both.execute()

        await self._try(ring)

    async def ready(self) -> bool:
        """Whether Redis answers."""

        return await self._try(self._client.ping)

    async def _try(self, what: Callable[[], Awaitable[Any]]) -> bool:
        try:
            await what()
        except (RedisError, OSError) as exc:
            if not self._warned:
                logger.warning("no wake-ups, workers find tasks by their sweep: %s", exc)
                self._warned = True
            return False
        self._warned = False
        return True

    async def close(self) -> None:
        await self._client.aclose(close_connection_pool=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()
