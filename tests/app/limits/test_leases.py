"""Leases on a real Redis: how exact they are, how often they ask, and what happens without it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError

from app.limits.leases import RETRY_SECONDS, Leases, Rate
from app.settings import Settings


class Counted(MovingWindowRateLimiter):
    """The real windows, counting how often they are asked."""

    def __init__(self, storage: RedisStorage) -> None:
        super().__init__(storage)
        self.hits: list[int] = []

    async def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        self.hits.append(cost)
        return await super().hit(item, *identifiers, cost=cost)


@dataclass
class Away:
    """Windows on a Redis that does not answer."""

    asked: int = 0

    async def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        self.asked += 1
        raise RedisConnectionError("redis.internal refused the connection")

    async def get_window_stats(self, item: RateLimitItem, *identifiers: str) -> tuple[float, int]:
        raise RedisConnectionError("redis.internal refused the connection")


@dataclass
class Clock:
    now: float = field(default=1_000.0)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def storage(settings: Settings) -> AsyncIterator[RedisStorage]:
    assert settings.redis_url
    pool = ConnectionPool.from_url(settings.redis_url)
    yield RedisStorage(
        f"async+{settings.redis_url}",
        implementation="redispy",
        connection_pool=pool,  # type: ignore[arg-type]
    )
    await pool.aclose()


def caller() -> str:
    return uuid4().hex


async def granted(leases: Leases, rate: Rate, name: str, asked: int, cost: int = 1) -> int:
    """How many of so many requests pass."""
    standings = [await leases.spend(rate, name, cost) for _ in range(asked)]
    return sum(each is not None and each.allowed for each in standings)


@pytest.mark.parametrize(
    ("limit", "lease"), [(1, 1), (9, 1), (10, 1), (60, 6), (200, 20), (600, 20), (100_000, 20)]
)
def test_a_lease_is_a_tenth_of_the_limit_and_at_most_twenty(limit: int, lease: int) -> None:
    assert Rate("user", limit).lease == lease


@pytest.mark.parametrize("limit", [1, 7, 50, 123])
async def test_one_process_is_exact(storage: RedisStorage, limit: int) -> None:
    leases = Leases(MovingWindowRateLimiter(storage))
    assert await granted(leases, Rate("user", limit), caller(), limit + 30) == limit


async def test_processes_together_stay_within_the_bound(storage: RedisStorage) -> None:
    rate, name = Rate("user", 100), caller()
    processes = [Leases(MovingWindowRateLimiter(storage)) for _ in range(4)]
    passed = await asyncio.gather(*(granted(each, rate, name, 60) for each in processes))
    # All leases were taken from one window, and every process used up what it took.
    assert sum(passed) == rate.limit


async def test_tokens_of_the_window_before_are_all_that_comes_on_top(storage: RedisStorage) -> None:
    rate, name = Rate("user", 40, seconds=1), caller()
    processes = [Leases(MovingWindowRateLimiter(storage)) for _ in range(3)]
    for each in processes:  # each holds a lease now, one token of it used
        assert await granted(each, rate, name, 1) == 1
    held = 3 * (rate.lease - 1)
    await asyncio.sleep(0.9)
    passed = await asyncio.gather(*(granted(each, rate, name, 60) for each in processes))
    await asyncio.sleep(0.15)
    passed += await asyncio.gather(*(granted(each, rate, name, 60) for each in processes))
    assert sum(passed) <= rate.limit + held <= rate.limit + len(processes) * rate.lease


async def test_redis_is_asked_once_for_each_lease(storage: RedisStorage) -> None:
    windows = Counted(storage)
    leases = Leases(windows)
    await granted(leases, Rate("user", 600), caller(), 100)
    assert windows.hits == [20] * 5


async def test_requests_that_come_together_take_one_lease(storage: RedisStorage) -> None:
    windows, rate, name = Counted(storage), Rate("user", 600), caller()
    leases = Leases(windows)
    await asyncio.gather(*(leases.spend(rate, name, 1) for _ in range(20)))
    assert windows.hits == [20]


async def test_a_refusal_is_remembered(storage: RedisStorage) -> None:
    windows, rate, name = Counted(storage), Rate("user", 5), caller()
    leases = Leases(windows)
    assert await granted(leases, rate, name, 6) == 5
    asked = len(windows.hits)
    assert await granted(leases, rate, name, 50) == 0
    assert len(windows.hits) == asked


async def test_the_last_tokens_are_given_out_one_by_one(storage: RedisStorage) -> None:
    rate, name = Rate("user", 100), caller()
    first, second = (Leases(MovingWindowRateLimiter(storage)) for _ in range(2))
    assert await granted(first, rate, name, 5, cost=19) == 5  # 95 of 100: less than a lease is left
    assert await granted(second, rate, name, 9) == 5


async def test_costly_requests_take_what_they_cost(storage: RedisStorage) -> None:
    rate, name = Rate("user", 60), caller()
    leases = Leases(MovingWindowRateLimiter(storage))
    assert await granted(leases, rate, name, 4, cost=20) == 3


async def test_a_request_dearer_than_the_limit_costs_all_of_it(storage: RedisStorage) -> None:
    leases = Leases(MovingWindowRateLimiter(storage))
    assert await granted(leases, Rate("user", 10), caller(), 2, cost=20) == 1


async def test_a_refused_export_leaves_room_for_reads(storage: RedisStorage) -> None:
    rate, name = Rate("user", 30), caller()
    leases = Leases(MovingWindowRateLimiter(storage))
    assert await granted(leases, rate, name, 2, cost=20) == 1
    assert await granted(leases, rate, name, 20) == 10


async def test_callers_and_rates_are_apart(storage: RedisStorage) -> None:
    leases, one, other = Leases(MovingWindowRateLimiter(storage)), caller(), caller()
    for rate in (Rate("user", 3), Rate("auth", 3)):
        assert await granted(leases, rate, one, 5) == 3
        assert await granted(leases, rate, other, 5) == 3


async def test_the_standing_counts_down(storage: RedisStorage) -> None:
    leases, rate, name = Leases(MovingWindowRateLimiter(storage)), Rate("user", 20), caller()
    standings = [await leases.spend(rate, name, 1) for _ in range(21)]
    assert [each.remaining for each in standings if each] == [*range(19, -1, -1), 0]
    assert all(each and each.limit == 20 and 1 <= each.reset <= 60 for each in standings)
    assert standings[-1]
    assert not standings[-1].allowed


async def test_tokens_come_back(storage: RedisStorage) -> None:
    leases, rate, name = Leases(MovingWindowRateLimiter(storage)), Rate("user", 3, 1), caller()
    assert await granted(leases, rate, name, 5) == 3
    await asyncio.sleep(1.1)
    assert await granted(leases, rate, name, 5) == 3


async def test_only_so_many_callers_are_remembered(storage: RedisStorage) -> None:
    windows, rate = Counted(storage), Rate("user", 600)
    leases = Leases(windows, most_callers=2)
    names = [caller() for _ in range(3)]
    for name in names:
        await leases.spend(rate, name, 1)
    assert leases.held(rate, names[0], 1) is None
    assert leases.held(rate, names[2], 1) is not None


async def test_without_redis_everything_passes_and_it_is_left_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    windows, clock = Away(), Clock()
    leases = Leases(windows, clock=clock)
    with caplog.at_level(logging.WARNING):
        answers = [await leases.spend(Rate("user", 1), "somebody", 1) for _ in range(20)]
    assert answers == [None] * 20
    assert (leases.away, windows.asked) == (True, 1)
    assert len(caplog.records) == 1
    clock.now += RETRY_SECONDS
    assert await leases.spend(Rate("user", 1), "somebody", 1) is None
    assert windows.asked == 2
