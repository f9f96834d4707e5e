"""The live views of one process, and the one reader of the store's changes that feeds them."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Self

from bson import Timestamp
from pymongo.errors import PyMongoError

from app.core import positions
from app.core.actor import Actor
from app.core.background import end
from app.core.change_streams import HistoryLost, store_time
from app.core.errors import Refusal, Unavailable
from app.core.parts import Collection
from app.live.connections import Connections
from app.live.events import Event, Happening
from app.live.follower import Follower
from app.live.ring import MOST_EVENTS, Ring
from app.live.stream import changes_after
from app.live.translation import Translator
from app.live.watched import Topic
from documents.store import Store
from documents.values import Id

HISTORY_SECONDS: Final = (300, 60, 10)
"""How far back the ring begins; the shorter ones for a store that forgets sooner."""
PATIENCE: Final = 5.0
"""Seconds that a client waits for the reader, or for the history that holds its cursor."""
PAUSE: Final = 1.0
MOST_VIEWS: Final = 5_000
MOST_SIGNING_IN: Final = 16
"""A change of a large workspace makes all its views sign in again; requests go before them."""
MOST_VIEWS_OF_A_USER: Final = 50
AHEAD_SECONDS: Final = 300
"""A cursor may be ahead of this process, since another one was quicker, but not by more."""

logger = logging.getLogger(__name__)


class TooManyViews(Refusal):
    """There are as many live views as one user, or this process, may have."""

    status, code = 429, "too_many_connections"


class Live:
    """Reads changes from when the first client asks, until it is closed."""

    def __init__(
        self,
        store: Store,
        reading: Mapping[str, Collection],
        authenticate: Callable[[str], Awaitable[Actor]],
    ) -> None:
        self._store, self.reading, self._authenticate = store, reading, authenticate
        self._signing_in = asyncio.Semaphore(MOST_SIGNING_IN)
        self.ring = Ring("")
        self.connections = Connections()
        self.access_changes = 0
        """How many were seen: whoever awaits something in between can tell."""
        self._followers: dict[Topic, set[Follower]] = {}
        self._views: set[Follower] = set()
        self._views_of: Counter[Id] = Counter()
        self._running: list[asyncio.Task[None]] = []
        self._reads = asyncio.Event()
        self._has_history = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await end(self._running)
        if self._running:
            await self.connections.close_all()
        self._running.clear()

    async def follow(self, token: str) -> Follower:
        """A view of whoever the token speaks for.

        Raises NotSignedIn, TooManyViews, or Unavailable while the store's changes cannot be read.
        """
        await self._await_reader()
        changes = self.access_changes
        actor = await self.authenticate(token)
        if len(self._views) >= MOST_VIEWS or self._views_of[actor.id] >= MOST_VIEWS_OF_A_USER:
            raise TooManyViews(
                f"A user has {MOST_VIEWS_OF_A_USER} live views at most; close another one."
            )
        follower = Follower(self, token, actor, changes)
        self._views.add(follower)
        self._views_of[actor.id] += 1
        return follower

    async def authenticate(self, token: str) -> Actor:
        """Whom the token speaks for. Raises NotSignedIn."""
        async with self._signing_in:
            return await self._authenticate(token)

    async def can_resume(self, cursor: str) -> bool:
        """Whether everything behind the cursor is known; awaits the history for a while."""
        ahead = positions.moment_of(cursor).time - positions.moment_of(self.ring.position).time
        if ahead > AHEAD_SECONDS:
            return False
        if cursor < self.ring.floor and not self._has_history.is_set():
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._has_history.wait()
            except TimeoutError:
                return False
        return cursor >= self.ring.floor

    def leave(self, follower: Follower) -> None:
        """The view is closed."""
        follower.close()
        self._views.discard(follower)
        self._views_of[follower.actor.id] -= 1
        if not self._views_of[follower.actor.id]:
            del self._views_of[follower.actor.id]

    def register(self, topic: Topic, follower: Follower) -> None:
        """Wake the view when something happens to this record."""
        self._followers.setdefault(topic, set()).add(follower)

    def unregister(self, topic: Topic, follower: Follower) -> None:
        """No longer."""
        if followers := self._followers.get(topic):
            followers.discard(follower)
            if not followers:
                del self._followers[topic]

    async def _await_reader(self) -> None:
        if not self._running:
            self._running = [
                asyncio.create_task(self._read(), name="live changes"),
                asyncio.create_task(self.connections.keep(), name="live connections"),
            ]
        try:
            async with asyncio.timeout(PATIENCE):
                await self._reads.wait()
        except TimeoutError:
            raise Unavailable("The store's changes cannot be read now; try again soon.") from None

    async def _read(self) -> None:
        """Read changes for as long as the process lives, whatever happens to the store."""
        knows_place = False
        while True:
            try:
                if not knows_place:
                    await self._begin()
                    knows_place = True
                await self._read_on()
            except HistoryLost as exc:
                logger.warning("live views start again, changes were lost: %s", exc)
                knows_place = False
            except PyMongoError as exc:
                logger.warning("live views wait for the store: %s", exc)
            except Exception:
                # Nobody would start the reader again. Going on at the same place could fail for
                # ever; the present state cannot.
                logger.exception("live views start again, a change could not be read")
                knows_place = False
            await asyncio.sleep(PAUSE)

    async def _begin(self) -> None:
        """Start at this moment; what was before follows as soon as it is read."""
        moment = await store_time(self._store)
        self._has_history.clear()
        self.ring.reset(positions.before(moment))
        for each in self._views:
            each.wake("")  # its cursor is older than the ring now, so that it starts again
        history = asyncio.create_task(self._read_history(moment), name="live history")
        self._running.append(history)

    async def _read_on(self) -> None:
        translator = Translator(self.reading)
        async with changes_after(self._store, self.ring.position) as stream:
            self._reads.set()
            while True:
                batch = await stream.next()
                self._publish(await translator.happenings(batch.changes), batch.position)

    def _publish(self, happenings: list[Happening], position: str) -> None:
        before = self.ring.position
        for each in happenings:
            if isinstance(each, Event):
                self.ring.append(each)
                for topic in each.place.topics:
                    for follower in self._followers.get(topic, ()):
                        follower.wake(before)
            else:
                self.access_changes += 1
                for follower in self._views:
                    follower.doubt(each)
        self.ring.position = position

    async def _read_history(self, until: Timestamp) -> None:
        """Put what happened before this moment in front of the ring."""
        try:
            for seconds in HISTORY_SECONDS:
                since = positions.before(Timestamp(until.time - seconds, 0))
                try:
                    events = await self._events_between(since, positions.before(until))
                except HistoryLost:
                    continue
                if self.ring.floor == positions.before(until):
                    self.ring.put_in_front(since, events)
                return
        except PyMongoError as exc:
            logger.warning("live views begin without history: %s", exc)
        finally:
            self._has_history.set()

    async def _events_between(self, since: str, until: str) -> list[Event]:
        translator = Translator(self.reading)
        events: list[Event] = []
        async with changes_after(self._store, since) as stream:
            while True:
                batch = await stream.next()
                found = await translator.happenings(batch.changes)
                events += [each for each in found if isinstance(each, Event)]
                if len(events) > MOST_EVENTS:
                    del events[:-MOST_EVENTS]
                if not batch.changes or batch.position >= until:
                    return [each for each in events if each.cursor < until]
