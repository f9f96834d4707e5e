"""The recent events of this process, bounded, and found by what they are about."""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Final

from app.live.events import Event
from app.live.watched import Topic

MOST_EVENTS: Final = 50_000
MOST_BYTES: Final = 48 * 1024**2
COMPACT_BEYOND: Final = 1_000

_cursor = attrgetter("cursor")


@dataclass(slots=True)
class _Thread:
    """The events of one topic; those before `start` are gone."""

    events: list[Event] = field(default_factory=list)
    start: int = 0

    def after(self, cursor: str) -> tuple[int, Iterator[Event]]:
        """How many events stand behind the cursor, and these."""
        first = bisect_right(self.events, cursor, self.start, key=_cursor)
        return len(self.events) - first, islice(self.events, first, None)

    def drop_first(self) -> bool:
        """Forget the oldest; answers whether none is left."""
        self.start += 1
        if self.start > COMPACT_BEYOND and self.start * 2 > len(self.events):
            del self.events[: self.start]
            self.start = 0
        return self.start == len(self.events)

    def put_in_front(self, events: Sequence[Event]) -> None:
        self.events[: self.start] = events
        self.start = 0


class Ring:
    """What happened between `floor` and `position`, both cursors; older events make room."""

    def __init__(
        self, position: str, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES
    ) -> None:
        self._most_events, self._most_bytes = most_events, most_bytes
        self.reset(position)

    def reset(self, position: str) -> None:
        """Forget everything: what happened before this place is not known."""
        self.floor = self.position = position
        self._events: deque[Event] = deque()
        self._bytes = 0
        self._threads: dict[Topic, _Thread] = {}
        self._newest_progress: dict[Topic, str] = {}

    def __len__(self) -> int:
        return len(self._events)

    def append(self, event: Event) -> None:
        """Take in the newest event."""
        self._events.append(event)
        self._bytes += len(event.json)
        for topic in event.place.topics:
            self._threads.setdefault(topic, _Thread()).events.append(event)
        if event.is_progress:
            self._newest_progress[event.place.subject] = event.cursor
        while len(self._events) > self._most_events or self._bytes > self._most_bytes:
            self._drop_first()

    def put_in_front(self, floor: str, events: Sequence[Event]) -> None:
        """Take in what happened between `floor` and the present floor, as far as there is room."""
        room = self._most_events - len(self._events)
        kept: deque[Event] = deque()
        size = self._bytes
        for event in reversed(events):
            size += len(event.json)
            if len(kept) == room or size > self._most_bytes:
                floor = event.cursor
                break
            kept.appendleft(event)
        self._bytes += sum(len(event.json) for event in kept)
        self._events.extendleft(reversed(kept))
        by_topic: dict[Topic, list[Event]] = {}
        for event in kept:
            for topic in event.place.topics:
                by_topic.setdefault(topic, []).append(event)
            if event.is_progress and event.cursor > self._newest(event):
                self._newest_progress[event.place.subject] = event.cursor
        for topic, found in by_topic.items():
            self._threads.setdefault(topic, _Thread()).put_in_front(found)
        self.floor = floor

    def after(self, cursor: str, topics: Iterable[Topic]) -> tuple[int, Iterator[Event]]:
        """The events of these topics behind the cursor, in order, each once, and at most how many.

        Good until the next event is taken in.
        """
        found = [thread.after(cursor) for each in topics if (thread := self._threads.get(each))]
        count = sum(each for each, _ in found)
        if len(found) == 1:
            return found[0]
        return count, _each_once(merge(*(events for _, events in found), key=_cursor))

    def is_outdone(self, event: Event) -> bool:
        """Whether a later event tells all that this one does."""
        return event.is_progress and event.cursor < self._newest(event)

    def _newest(self, event: Event) -> str:
        return self._newest_progress.get(event.place.subject, "")

    def _drop_first(self) -> None:
        event = self._events.popleft()
        self._bytes -= len(event.json)
        self.floor = event.cursor
        for topic in event.place.topics:
            if self._threads[topic].drop_first():
                del self._threads[topic]
        if self._newest(event) == event.cursor:
            del self._newest_progress[event.place.subject]


def _each_once(events: Iterable[Event]) -> Iterator[Event]:
    last = None
    for event in events:
        if event is not last:
            yield event
        last = event
