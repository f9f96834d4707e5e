"""Tokens of shared rate limits, taken from Redis in small leases.

A request pays with tokens. Redis keeps one moving window for each caller; a process takes some
tokens at once and hands them out by itself, so that most requests cost no round trip.

Accuracy. Whatever stretch of time one window long is looked at: the tokens handed out in it were
taken from Redis in it, which are at most `limit`, or were in the hands of a process when it began,
which are at most `lease` for each process. So never more than `limit + processes * lease`. In the
other direction a caller may be refused while other processes still hold tokens for him: at most
`(processes - 1) * lease` too early. Windows are cut by the clocks of the API's machines, so these
have to be synchronised (NTP).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from math import ceil
from typing import Final, Protocol

from limits import RateLimitItem, RateLimitItemPerSecond
from redis.exceptions import RedisError

NAMESPACE: Final = "backlot"
MOST_AT_ONCE: Final = 20
"""Tokens of the largest lease."""
RETRY_SECONDS: Final = 5.0
"""How long a Redis that does not answer is left alone."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `limit` tokens in any `seconds`, for each caller. The name is part of the key."""

    name: str
    limit: int
    seconds: int = 60

    @property
    def lease(self) -> int:
        """Tokens that a process takes at once: a tenth of the limit, at most 20."""
        return max(1, min(MOST_AT_ONCE, self.limit // 10))

    @property
    def item(self) -> RateLimitItem:
        """The same for the `limits` library."""
        return RateLimitItemPerSecond(self.limit, self.seconds, namespace=NAMESPACE)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands after a request: `remaining` tokens, all back in `reset` seconds."""

    allowed: bool
    limit: int
    remaining: int
    reset: int


class Windows(Protocol):
    """The shared moving windows: `limits.aio.strategies.MovingWindowRateLimiter`."""

    async def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool: ...

    async def get_window_stats(
        self, item: RateLimitItem, *identifiers: str
    ) -> tuple[float, int]: ...


@dataclass(slots=True)
class _Bucket:
    """What this process holds for one caller; times by its monotonic clock."""

    tokens: int = 0
    until: float = 0.0
    """When the tokens lapse."""
    shared: int = 0
    """Tokens left in Redis when it was asked last."""
    reset: float = 0.0
    refused_from: int = 0
    """Requests that cost at least this are refused until `reset`; 0: none are."""
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Leases:
    """What this process holds of all rates. Lets everything pass while Redis is away."""

    def __init__(
        self,
        windows: Windows,
        *,
        most_callers: int = 20_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._windows, self._most, self._clock = windows, most_callers, clock
        self._buckets: dict[Hashable, _Bucket] = {}
        self._away_until = 0.0
        self.away = False
        """Whether Redis did not answer when it was asked last."""

    def held(self, rate: Rate, caller: str, cost: int) -> Standing | None:
        """Pay with tokens held here; None where Redis has to be asked."""
        bucket = self._buckets.get((rate.name, caller))
        if bucket is None:
            return None
        now = self._clock()
        if now < bucket.until and bucket.tokens >= cost:
            bucket.tokens -= cost
            return _standing(True, rate, bucket, now)
        if 0 < bucket.refused_from <= cost and now < bucket.reset:
            return _standing(False, rate, bucket, now)
        return None

    async def spend(self, rate: Rate, caller: str, cost: int) -> Standing | None:
        """Pay, taking a new lease where it is needed; None where Redis does not answer."""
        cost = min(cost, rate.limit)
        if standing := self.held(rate, caller, cost):
            return standing
        bucket = self._bucket(rate, caller)
        async with bucket.asking:
            # Somebody may have brought tokens while this request waited.
            if standing := self.held(rate, caller, cost):
                return standing
            if self._clock() < self._away_until:
                return None
            try:
                await self._refill(rate, caller, cost, bucket)
            except (RedisError, OSError) as exc:
                self._lost(exc)
                return None
        self._found()
        return self.held(rate, caller, cost)

    async def _refill(self, rate: Rate, caller: str, cost: int, bucket: _Bucket) -> None:
        """Bring the tokens held up to a lease, or to what is left, or note the refusal."""
        item, names = rate.item, (rate.name, caller)
        now = self._clock()
        if now >= bucket.until:
            bucket.tokens = 0
        bucket.refused_from = 0
        wanted = max(rate.lease, cost) - bucket.tokens
        taken = await self._windows.hit(item, *names, cost=wanted)
        reset, left = await self._windows.get_window_stats(item, *names)
        if not taken and left >= (wanted := cost - bucket.tokens):
            taken = await self._windows.hit(item, *names, cost=wanted)
            left -= wanted if taken else 0
        now = self._clock()
        bucket.shared = max(0, left)
        bucket.reset = now + min(max(reset - time.time(), 0.0), rate.seconds)
        if taken:
            bucket.tokens += wanted
            bucket.until = now + rate.seconds
        else:
            bucket.refused_from = cost

    def _bucket(self, rate: Rate, caller: str) -> _Bucket:
        """The caller's bucket, at the end of the line of those that are forgotten next."""
        key = (rate.name, caller)
        bucket = self._buckets.pop(key, None) or _Bucket()
        self._buckets[key] = bucket
        if len(self._buckets) > self._most:
            # Its tokens are lost to the caller, which the bound above allows.
            del self._buckets[next(iter(self._buckets))]
        return bucket

    def _lost(self, error: Exception) -> None:
        self._away_until = self._clock() + RETRY_SECONDS
        if not self.away:
            logger.warning("Redis does not answer, rates are not limited: %s", error)
        self.away = True

    def _found(self) -> None:
        if self.away:
            logger.warning("Redis answers again, rates are limited")
        self.away = False


def _standing(allowed: bool, rate: Rate, bucket: _Bucket, now: float) -> Standing:
    left = bucket.shared + (bucket.tokens if now < bucket.until else 0)
    return Standing(allowed, rate.limit, left, max(1, ceil(bucket.reset - now)))
