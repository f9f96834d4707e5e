"""A cache of hot reads that never serves what this process has overwritten.

Every entry is tagged with the ids of the records that it was made from. A change of one of them
drops it: the process's own changes before the answer to them goes out (`own_writes`), everybody
else's when the change stream brings them (`changes`). While the stream is silent or away the cache
is passed by, and what it held is forgotten, because changes may have been missed. Besides, nothing
is held for longer than half a minute, and no more than so many entries and bytes: the oldest go.
"""

import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeVar

from bson import ObjectId
from prometheus_client import Counter

from app.core.metrics import Metrics

MOST_ENTRIES: Final = 10_000
MOST_BYTES: Final = 16 * 1024**2
LARGEST: Final = 256 * 1024
"""Bytes of a value that is kept: one record must not put hundreds of others out."""
USUAL_BYTES: Final = 1024
"""What a value counts whose size nobody tells."""
MOST_SECONDS: Final = 30.0

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Place: TypeAlias = tuple[str, Hashable]


@dataclass(frozen=True, slots=True)
class _Entry:
    value: Any
    tags: frozenset[ObjectId]
    until: float
    size: int


@dataclass(slots=True, eq=False)
class _Load:
    """A read from the store that is under way, and what was changed meanwhile."""

    changed: set[ObjectId] = field(default_factory=set)
    everything: bool = False


def _usual(_: Any) -> int:
    return USUAL_BYTES


class Cache:
    """Answers of the store by kind and key, each with the ids that it depends on."""

    def __init__(
        self,
        metrics: Metrics,
        *,
        most: int = MOST_ENTRIES,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._most_bytes, self._clock = most, most_bytes, clock
        self._entries: dict[Place, _Entry] = {}
        self._size = 0
        self._places: dict[ObjectId, set[Place]] = {}
        self._loads: set[_Load] = set()
        self._trusted_until = 0.0
        self._metrics = metrics
        self._counters: dict[tuple[str, str], Counter] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def trusted(self) -> bool:
        """Whether changes by others are being followed."""
        return self._clock() < self._trusted_until

    async def get(
        self,
        kind: str,
        key: Hashable,
        load: Callable[[], Awaitable[Value]],
        tags: Callable[[Value], Iterable[ObjectId]],
        *,
        seconds: float = MOST_SECONDS,
        size: Callable[[Value], int] = _usual,
    ) -> Value:
        """What `load` answers, or answered within these seconds. What it raises is not kept.

        The tags of a value have to name every record whose change can change it, except that the
        return of a deleted record need not be foreseen: it empties the cache.
        """
        now = self._clock()
        if now >= self._trusted_until:
            self._count(kind, "bypass")
            return await load()
        place = (kind, key)
        entry = self._entries.get(place)
        if entry is not None and now < entry.until:
            self._count(kind, "hit")
            return entry.value  # type: ignore[no-any-return]
        self._count(kind, "miss")
        with self._loading() as loading:
            value = await load()
        self._keep(place, value, frozenset(tags(value)), now + seconds, size(value), loading)
        return value

    async def get_all(
        self,
        kind: str,
        keys: Iterable[Key],
        load: Callable[[list[Key]], Awaitable[Mapping[Key, Value]]],
        tags: Callable[[Value], Iterable[ObjectId]],
        *,
        size: Callable[[Value], int] = _usual,
    ) -> dict[Key, Value]:
        """The same for several keys, of which `load` is asked for those that are not held.

        What it leaves out is left out here, and looked for again the next time.
        """
        now = self._clock()
        if now >= self._trusted_until:
            wanted = [*keys]
            self._count(kind, "bypass", len(wanted))
            return {**await load(wanted)}
        found: dict[Key, Value] = {}
        missing: list[Key] = []
        for key in keys:
            entry = self._entries.get((kind, key))
            if entry is not None and now < entry.until:
                found[key] = entry.value
            else:
                missing.append(key)
        self._count(kind, "hit", len(found))
        if missing:
            self._count(kind, "miss", len(missing))
            with self._loading() as loading:
                loaded = await load(missing)
            until = now + MOST_SECONDS
            for key, value in loaded.items():
                tagged = frozenset(tags(value))
                self._keep((kind, key), value, tagged, until, size(value), loading)
            found |= loaded
        return found

    def forget(self, changed: Iterable[ObjectId] | None) -> None:
        """Drop what depends on these records; None: on any."""
        if changed is None:
            self._forget_all()
            return
        changed = {*changed}
        for load in self._loads:
            load.changed |= changed
        for identity in changed & self._places.keys():
            for place in [*self._places.get(identity, ())]:
                self._drop(place)

    def trust(self, seconds: float) -> None:
        """Changes have been followed up to now; so they will be for this long."""
        if not self.trusted:
            self._forget_all()
        self._trusted_until = self._clock() + seconds
        self._metrics.cache_entries.set(len(self._entries))

    def distrust(self) -> None:
        """Changes are not followed any more."""
        self._trusted_until = 0.0
        self._forget_all()

    def _forget_all(self) -> None:
        self._entries.clear()
        self._places.clear()
        self._size = 0
        for load in self._loads:
            load.everything = True

    @contextmanager
    def _loading(self) -> Iterator[_Load]:
        loading = _Load()
        self._loads.add(loading)
        try:
            yield loading
        finally:
            self._loads.discard(loading)

    def _keep(
        self,
        place: Place,
        value: Any,
        tags: frozenset[ObjectId],
        until: float,
        size: int,
        loading: _Load,
    ) -> None:
        """Keep what was loaded, unless it may be older than what the store has by now."""
        if not self.trusted or loading.everything or not loading.changed.isdisjoint(tags):
            return
        self._drop(place)
        if size > LARGEST:
            return
        while len(self._entries) >= self._most or (
            self._entries and self._size + size > self._most_bytes
        ):
            self._drop(next(iter(self._entries)))
        self._entries[place] = _Entry(value, tags, until, size)
        self._size += size
        for identity in tags:
            self._places.setdefault(identity, set()).add(place)

    def _drop(self, place: Place) -> None:
        entry = self._entries.pop(place, None)
        if entry is None:
            return
        self._size -= entry.size
        for identity in entry.tags:
            places = self._places[identity]
            places.discard(place)
            if not places:
                del self._places[identity]

    def _count(self, kind: str, outcome: str, number: int = 1) -> None:
        counter = self._counters.get((kind, outcome))
        if counter is None:
            counter = self._metrics.cache_reads.labels(kind, outcome)
            self._counters[kind, outcome] = counter
        counter.inc(number)
