"""The rate limits of a process, as the settings have them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError
from starlette.types import Scope

from app.core.errors import Refusal
from app.core.metrics import Metrics
from app.limits.callers import Callers, address
from app.limits.leases import Leases, Rate
from app.settings import Settings

PATIENCE: Final = 0.5
"""Seconds that Redis has to answer: a request waits for it."""
CONNECTIONS: Final = 16


class RateLimited(Refusal):
    """The caller has asked too much in too short a time; `Retry-After` says when to go on."""

    status, code = 429, "rate_limited"


class Limits:
    """Decides whom a request is charged to, and hands out the tokens."""

    def __init__(self, settings: Settings, redis: Redis, leases: Leases, metrics: Metrics) -> None:
        self.signed_in = Rate("user", settings.rate_per_minute)
        self.nobody = Rate("address", settings.rate_per_minute_nobody)
        self.signing_in = Rate("auth", settings.rate_per_minute_auth)
        self.leases, self._redis, self._callers = leases, redis, Callers()
        count = metrics.rate_limit_decisions
        self.counts = {
            (rate.name, decision): count.labels(rate.name, decision)
            for rate in (self.signed_in, self.nobody, self.signing_in)
            for decision in ("allowed", "refused", "unchecked")
        }

    def remember(self, token: str, name: str) -> None:
        """This token is good and speaks for the user or key of this name: charge him from now."""
        self._callers.remember(token, name)

    def rate_of(self, scope: Scope, is_auth: bool) -> tuple[Rate, str]:
        """The rate that the request is spent on, and whose."""
        name = self._callers.known(scope)
        if is_auth:
            return self.signing_in, name or address(scope)
        return (self.signed_in, name) if name else (self.nobody, address(scope))

    async def ready(self) -> bool:
        """Whether rates are being limited."""
        try:
            await self._redis.ping()
        except (RedisError, OSError):
            return False
        return True


@asynccontextmanager
async def open_limits(settings: Settings, metrics: Metrics) -> AsyncIterator[Limits]:
    """The limits on the Redis of the settings; it need not answer. Raises NotConfigured."""
    url = settings.address("redis_url")
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=PATIENCE,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
    )
    redis = Redis(connection_pool=pool)
    storage = RedisStorage(f"async+{url}", implementation="redispy", connection_pool=pool)  # type: ignore[arg-type]
    try:
        yield Limits(settings, redis, Leases(MovingWindowRateLimiter(storage)), metrics)
    finally:
        await pool.aclose()
