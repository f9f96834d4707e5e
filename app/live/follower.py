"""One open live view: what it follows, how far it has come, what it is told next.

A view holds no events. It holds a cursor and pulls from the process's ring what stands behind it,
as fast as its client takes it: however slow that is, it costs no memory.
"""

import asyncio
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from pymongo.errors import ConnectionFailure, ExecutionTimeout

from app.core.access import reaches
from app.core.actor import Actor, allows
from app.core.errors import NotSignedIn
from app.live.events import AccessChange, Event
from app.live.messages import MOST_SUBSCRIPTIONS, Events, Message, Notice
from app.live.state import state_of
from app.live.watched import PARENTS, Topic, read_rule
from documents.base import Scope, StoredDocument, within

if TYPE_CHECKING:
    from app.live.live import Live

HEARTBEAT_SECONDS: Final = 20.0
CHECK_SECONDS: Final = 60.0
"""A token is looked at again so often: it may have expired."""
MOST_BEHIND: Final = 20_000
"""A view further behind starts again from the present state."""
COALESCE_BEYOND: Final = 50
"""So far behind, progress that is outdone already is left out."""
MOST_AT_ONCE: Final = 500
MOST_BYTES_AT_ONCE: Final = 256 * 1024
RETRY_SECONDS: Final = 1.0


class TooManySubscriptions(Exception):
    """A view follows a hundred records at most."""


class Follower:
    """What `Live.follow` makes; whoever has it sends what `next` answers to its client."""

    def __init__(self, live: "Live", token: str, actor: Actor, signed_in_at: int) -> None:
        self._live, self._token, self.actor = live, token, actor
        self._signed_in_at = signed_in_at
        self.connection_id = uuid4().hex
        self.cursor = live.ring.position
        self.topics: dict[Topic, StoredDocument] = {}
        """What is followed, each with the fields that access rules ask for."""
        self._fresh: dict[Topic, StoredDocument] = {}
        self._lost: list[Topic] = []
        self._scopes: dict[str, Scope] = {}
        self._wake = asyncio.Event()
        self._idle = False
        self._doubtful = False
        self._loop = asyncio.get_running_loop()
        self._beat_is_due = False
        self._beat = self._loop.call_later(HEARTBEAT_SECONDS, self._remind)
        self._next_check = self._loop.time() + CHECK_SECONDS

    async def begin(self, topics: Iterable[Topic], *, resumed: bool = False) -> list[Topic]:
        """Follow these; answers those out of reach. Raises TooManySubscriptions.

        Unless they are resumed at the cursor, each begins with its state.
        """
        new = [each for each in topics if each not in self.topics and each not in self._fresh]
        if len(self.topics) + len(self._fresh) + len(new) > MOST_SUBSCRIPTIONS:
            raise TooManySubscriptions
        found = {topic: await self._reached(topic) for topic in new}
        for topic, place in found.items():
            if place is None:
                continue
            if resumed:
                self._follow(topic, place)
            else:
                self._fresh[topic] = place
        if self._live.access_changes != self._signed_in_at:
            self._doubtful = True
        self._wake.set()
        return [topic for topic, place in found.items() if place is None]

    async def subscribe(self, topics: Iterable[Topic]) -> list[Topic]:
        """Follow these as well, with the rights of this moment; as `begin` does."""
        await self._sign_in()
        return await self.begin(topics)

    def followed(self) -> list[tuple[Topic, StoredDocument]]:
        """What is followed, with the fields that say where it belongs."""
        return [*self.topics.items(), *self._fresh.items()]

    def unsubscribe(self, topics: Iterable[Topic]) -> None:
        """Follow these no longer."""
        for topic in topics:
            self._fresh.pop(topic, None)
            if self.topics.pop(topic, None) is not None:
                self._live.unregister(topic, self)

    def close(self) -> None:
        """The view is over."""
        self._beat.cancel()
        self.unsubscribe([*self.topics])

    async def renew(self, token: str) -> None:
        """Go on with another token. Raises NotSignedIn unless it is the same user's."""
        actor = await self._live.authenticate(token)
        if actor.id != self.actor.id:
            raise NotSignedIn("The token is another user's.")
        self._token = token
        self._doubtful = True

    def start_again(self) -> None:
        """Tell the present state of everything that is followed."""
        self._fresh = self.topics | self._fresh

    def wake(self, position: str) -> None:
        """There is something behind this position; up to there an idle view missed nothing."""
        if self._idle:
            self._idle = False
            self.cursor = max(self.cursor, position)
        self._wake.set()

    def doubt(self, change: AccessChange) -> None:
        """Tell nothing more before access was looked at again, if the change concerns this view."""
        collection, key = change.topic
        subjects = [place for _, place in self.followed()]
        field = {"workspaces": "workspace_id", "projects": "project_id"}.get(collection)
        concerned = any(key == each["_id"] or key == each.get(field or "") for each in subjects)
        actor = self.actor
        if concerned or key in (actor.id, actor.session, actor.key) or key in actor.workspaces:
            self._doubtful = True
            self._wake.set()

    async def next(self) -> Message:
        """What the client is told next; a heartbeat when there is nothing for a while.

        Raises NotSignedIn when the token is no longer good.
        """
        while True:
            self._wake.clear()
            try:
                message = await self._due()
            except (ConnectionFailure, ExecutionTimeout):
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if message is not None:
                return message
            self._idle = True
            await self._wake.wait()
            if self._idle:
                # Nothing happened, a heartbeat is due: everything up to now is told.
                self._idle = False
                self.cursor = max(self.cursor, self._live.ring.position)

    async def _due(self) -> Message | None:
        if self._beat_is_due:
            self._beat_is_due = False
            self._beat = self._loop.call_later(HEARTBEAT_SECONDS, self._remind)
            return Notice("ping", self.cursor)
        while self._doubtful or self._loop.time() >= self._next_check:
            await self._look_again()
        if self._lost:
            lost, self._lost = self._lost, []
            return Notice("access_lost", self.cursor, {"subjects": [_shown(each) for each in lost]})
        if events := self._pull():
            return Events(events)
        if self._fresh:
            return await self._resync()
        return None

    def _pull(self) -> list[Event]:
        """The next events that the actor may see; moves the cursor behind them."""
        ring = self._live.ring
        if self.cursor < ring.floor:
            self.start_again()
            return []
        behind, events = ring.after(self.cursor, self.topics)
        if behind > MOST_BEHIND:
            self.start_again()
            return []
        size = 0
        pulled: list[Event] = []
        for event in self._seen(events, coalesced=behind > COALESCE_BEYOND):
            size += len(event.json)
            if pulled and size > MOST_BYTES_AT_ONCE:
                break
            pulled.append(event)
            if len(pulled) == MOST_AT_ONCE:
                break
        else:
            # Everything is told: others' events are behind this view, too.
            if not pulled:
                self.cursor = max(self.cursor, ring.position)
        if pulled:
            self.cursor = pulled[-1].cursor
        return pulled

    def _seen(self, events: Iterator[Event], *, coalesced: bool) -> Iterator[Event]:
        for event in events:
            if coalesced and self._live.ring.is_outdone(event):
                continue
            scope = event.place.scope
            if scope is None or reaches(self._scope(event.place.subject[0]), scope):
                yield event

    async def _resync(self) -> Notice:
        """The state of what is new, or of everything: read after the place it stands for."""
        fresh, self._fresh = self._fresh, {}
        self.cursor = max(self.cursor, self._live.ring.position)
        for topic, scope in fresh.items():
            self._follow(topic, scope)
        try:
            scopes = {name: self._scope(name) for name, _ in fresh}
            state = await state_of(self._live.reading, fresh, scopes)
        except BaseException:
            self._fresh = fresh | self._fresh
            raise
        return Notice("resync", self.cursor, {"state": state})

    def _remind(self) -> None:
        """A heartbeat is due. One timer for each costs less than one for each wait."""
        self._beat_is_due = True
        self._wake.set()

    async def _sign_in(self) -> None:
        self._signed_in_at = self._live.access_changes
        self.actor = await self._live.authenticate(self._token)
        self._scopes.clear()

    async def _look_again(self) -> None:
        """Sign in again and drop what the actor does not reach any more."""
        self._doubtful = False
        self._next_check = self._loop.time() + CHECK_SECONDS
        try:
            await self._sign_in()
        except BaseException:
            self._doubtful = True
            raise
        lost = [
            topic for topic, place in self.followed() if not reaches(self._scope(topic[0]), place)
        ]
        self.unsubscribe(lost)
        self._lost += lost

    async def _reached(self, topic: Topic) -> StoredDocument | None:
        """The fields of the record that access rules ask for; None where it is out of reach."""
        collection, key = topic
        scope = self._scope(collection)
        if scope is False:
            return None
        fields = dict.fromkeys([*PARENTS, "subject", "created_by"], 1)
        return await self._live.reading[collection].find_one(within(scope, {"_id": key}), fields)

    def _scope(self, collection: str) -> Scope:
        if collection not in self._scopes:
            may = allows(self.actor, "read", collection)
            self._scopes[collection] = may and read_rule(collection)(self.actor)
        return self._scopes[collection]

    def _follow(self, topic: Topic, scope: StoredDocument) -> None:
        self.topics[topic] = scope
        self._live.register(topic, self)


def _shown(topic: Topic) -> dict[str, object]:
    return {"collection": topic[0], "id": topic[1]}
