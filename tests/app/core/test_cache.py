"""The cache: it may forget too much, but must never serve what was overwritten."""

import asyncio
from typing import Any

import pytest
from bson import ObjectId
from pymongo.errors import AutoReconnect

from app.core.cache import LARGEST, Cache
from app.core.changes import Changes
from app.core.errors import NotSignedIn
from app.core.metrics import Metrics
from app.core.upkeep import followed
from documents.store import Store
from tests.app.core.support import until

A, B, C = (ObjectId() for _ in range(3))
IDS = {"A": (A,), "B": (B,)}


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Source:
    """A record in a store that counts how often it is read."""

    def __init__(self, value: Any = "first") -> None:
        self.value, self.reads = value, 0

    async def read(self) -> Any:
        self.reads += 1
        return self.value


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def cache(metrics: Metrics, clock: Clock) -> Cache:
    """Trusted for an hour."""
    cache = Cache(metrics, most=3, clock=clock)
    cache.trust(3600)
    return cache


async def got(cache: Cache, source: Source, *tags: ObjectId, key: str = "one") -> Any:
    return await cache.get("things", key, source.read, lambda _: tags)


def outcomes(metrics: Metrics, outcome: str) -> float | None:
    labels = {"kind": "things", "outcome": outcome}
    return metrics.registry.get_sample_value("backlot_cache_reads_total", labels)


class TestCache:
    async def test_reads_once(self, cache: Cache, metrics: Metrics) -> None:
        source = Source()
        assert [await got(cache, source, A) for _ in range(3)] == ["first"] * 3
        assert source.reads == 1
        assert (outcomes(metrics, "miss"), outcomes(metrics, "hit")) == (1, 2)

    async def test_forgets_what_depends_on_a_changed_record(self, cache: Cache) -> None:
        source, other = Source(), Source("other")
        await got(cache, source, A, B)
        await got(cache, other, C, key="two")
        source.value = "second"
        cache.forget([B])
        assert await got(cache, source, A, B) == "second"
        assert await got(cache, other, C, key="two") == "other"
        assert other.reads == 1

    async def test_forgets_everything(self, cache: Cache) -> None:
        source = Source()
        await got(cache, source, A)
        cache.forget(None)
        await got(cache, source, A)
        assert source.reads == 2

    async def test_holds_nothing_longer_than_half_a_minute(
        self, cache: Cache, clock: Clock
    ) -> None:
        source = Source()
        await got(cache, source, A)
        clock.now += 30
        await got(cache, source, A)
        assert source.reads == 2

    async def test_keeps_no_failure(self, cache: Cache) -> None:
        async def fails() -> Any:
            raise NotSignedIn("closed")

        with pytest.raises(NotSignedIn):
            await cache.get("things", "one", fails, lambda _: (A,))
        assert await got(cache, Source(), A) == "first"

    async def test_holds_no_more_than_it_may(self, cache: Cache) -> None:
        for number in range(9):
            await got(cache, Source(), A, key=str(number))
        assert len(cache) == 3

    async def test_holds_no_more_bytes_than_it_may(self, metrics: Metrics, clock: Clock) -> None:
        cache = Cache(metrics, most_bytes=LARGEST, clock=clock)
        cache.trust(3600)
        sizes = {"half": LARGEST // 2, "other half": LARGEST // 2, "little": 1, "huge": LARGEST + 1}
        sources = {key: Source(key) for key in sizes}

        async def read(key: str) -> Any:
            read, size = sources[key].read, sizes[key]
            return await cache.get("things", key, read, lambda _: (A,), size=lambda _: size)

        for key in ("half", "other half", "huge", "half", "little", "half", "huge"):
            assert await read(key) == key
        # The oldest made room for the little one, and what is too large is never held.
        assert {key: source.reads for key, source in sources.items()} == {
            "half": 2,
            "other half": 1,
            "huge": 2,
            "little": 1,
        }
        assert len(cache) == 2
        cache.forget([A])
        assert len(cache) == 0

    async def test_reads_of_several_that_are_not_held_together(
        self, cache: Cache, metrics: Metrics
    ) -> None:
        asked: list[list[str]] = []

        async def load(keys: list[str]) -> dict[str, str]:
            asked.append(keys)
            return {key: key.upper() for key in keys if key != "absent"}

        async def read(*keys: str) -> dict[str, str]:
            return await cache.get_all("things", keys, load, lambda value: IDS[value])

        assert await read("a", "absent") == {"a": "A"}
        assert await read("a", "b", "absent") == {"a": "A", "b": "B"}
        cache.forget([A])
        assert await read("a", "b") == {"a": "A", "b": "B"}
        assert asked == [["a", "absent"], ["b", "absent"], ["a"]]
        assert (outcomes(metrics, "miss"), outcomes(metrics, "hit")) == (5, 2)
        cache.distrust()
        assert await read("a", "b") == {"a": "A", "b": "B"}
        assert outcomes(metrics, "bypass") == 2

    async def test_several_that_a_change_overtook_are_not_kept(self, cache: Cache) -> None:
        async def load(keys: list[str]) -> dict[str, str]:
            cache.forget([A])
            return {key: key.upper() for key in keys}

        await cache.get_all("things", ["a", "b"], load, lambda value: IDS[value])
        assert len(cache) == 1

    @pytest.mark.parametrize("changed", [[A], None])
    async def test_a_read_that_a_change_overtook_is_not_kept(
        self, cache: Cache, changed: list[ObjectId] | None
    ) -> None:
        may_end = asyncio.Event()

        async def slow() -> str:
            await may_end.wait()
            return "old"

        reading = asyncio.create_task(cache.get("things", "one", slow, lambda _: (A,)))
        await asyncio.sleep(0)
        cache.forget(changed)
        may_end.set()
        assert await reading == "old"
        assert await got(cache, Source("new"), A) == "new"

    async def test_is_passed_by_while_changes_are_not_followed(
        self, cache: Cache, clock: Clock, metrics: Metrics
    ) -> None:
        source = Source()
        await got(cache, source, A)
        clock.now += 3600
        await got(cache, source, A)
        assert (source.reads, outcomes(metrics, "bypass")) == (2, 1)

    @pytest.mark.parametrize("broken", [True, False])
    async def test_what_was_held_before_a_gap_is_forgotten(
        self, cache: Cache, clock: Clock, broken: bool
    ) -> None:
        source = Source()
        await got(cache, source, A)
        if broken:
            cache.distrust()
        else:
            clock.now += 3600
            cache.trust(0)
            clock.now -= 3600
        cache.trust(3600)
        await got(cache, source, A)
        assert source.reads == 2


class TestChanges:
    async def test_a_stream_that_breaks_off_is_opened_again(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.core.changes.RESTART_SECONDS", 0.01)
        metrics = Metrics()
        cache, tries = Cache(metrics), 0

        class Flaky:
            async def watch(self, *given: Any, **named: Any) -> Any:
                nonlocal tries
                tries += 1
                if tries < 3:
                    assert not cache.trusted
                    raise AutoReconnect("mongo.internal went away")
                return await store.database.watch(*given, **named)

        changes = Changes(Flaky(), followed(), cache, metrics)  # type: ignore[arg-type]
        following = asyncio.create_task(changes.follow())
        await until(lambda: cache.trusted)
        value = metrics.registry.get_sample_value
        assert value("backlot_change_stream_restarts_total") == 2
        assert value("backlot_change_stream_connected") == 1
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        assert not cache.trusted
        assert value("backlot_change_stream_connected") == 0
