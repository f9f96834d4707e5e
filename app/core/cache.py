"""A cache of hot reads that never serves what this process has overwritten.

Every entry is tagged with the ids of the records that it was made from. A change of one of them
drops it: the process's own changes before the answer to them goes out (`own_writes`), everybody
else's when the change stream brings them (`changes`). While the stream is silent or away the cache
is passed by, and what it held is forgotten, because changes may have been missed. Besides, nothing
is held for longer than half a minute.
"""

import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeVar

from bson import ObjectId
from prometheus_client import Counter

from app.core.metrics import Metrics

MOST_ENTRIES: Final = 10_000
MOST_SECONDS: Final = 30.0

Value = TypeVar("Value")
Place: TypeAlias = tuple[str, Hashable]


@dataclass(frozen=True, slots=True)
class _Entry:
    value: Any
    tags: frozenset[ObjectId]
    until: float


@dataclass(slots=True, eq=False)
class _Load:
    """A read from the store that is under way, and what was changed meanwhile."""

    changed: set[ObjectId] = field(default_factory=set)
    everything: bool = False


class Cache:
    """Answers of the store by kind and key, each with the ids that it depends on."""

    def __init__(
        self,
        metrics: Metrics,
        *,
        most: int = MOST_ENTRIES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._clock = most, clock
        self._entries: dict[Place, _Entry] = {}
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
        loading = _Load()
        self._loads.add(loading)
        try:
            value = await load()
        finally:
            self._loads.discard(loading)
        found = frozenset(tags(value))
        if self.trusted and not loading.everything and loading.changed.isdisjoint(found):
            self._keep(place, _Entry(value, found, now + seconds))
        return value

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
        for load in self._loads:
            load.everything = True

    def _keep(self, place: Place, entry: _Entry) -> None:
        self._drop(place)
        if len(self._entries) >= self._most:
            self._drop(next(iter(self._entries)))
        self._entries[place] = entry
        for identity in entry.tags:
            self._places.setdefault(identity, set()).add(place)

    def _drop(self, place: Place) -> None:
        entry = self._entries.pop(place, None)
        if entry is None:
            return
        for identity in entry.tags:
            places = self._places[identity]
            places.discard(place)
            if not places:
                del self._places[identity]

    def _count(self, kind: str, outcome: str) -> None:
        counter = self._counters.get((kind, outcome))
        if counter is None:
            counter = self._metrics.cache_reads.labels(kind, outcome)
            self._counters[kind, outcome] = counter
        counter.inc()
