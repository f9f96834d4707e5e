"""The teller: turns what happens in the store into messages and notifications, once each.

Every worker process has one, and one of them at a time works. That is thrift, not correctness:
the position in the change stream moves in the transaction that writes what is told, and only from
where its teller has read, so a second teller, or one that comes back from the dead, writes nothing.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError

from app.core.change_streams import AT_ONCE, ChangeStream, HistoryLost
from app.core.wakeups import Wakeups
from app.production import tasks
from app.telling import audience
from app.telling.events import Event
from app.telling.happenings import events_of
from app.telling.kinds import mail_task
from app.telling.stream import Seen, changes_after, ended_since, seen_in
from documents.base import NotUnique, touched
from documents.store import Store
from documents.telling import SOME_TIME, Notification, TellerPlace
from documents.values import now

NAME: Final = "teller"
LEASE_SECONDS: Final = 15.0
GATHER_SECONDS: Final = 0.5
"""The pause between two looks: what happens meanwhile is told together."""
GIVE_BACK_SECONDS: Final = 0.8
RESTART_SECONDS: Final = 3.0
TOLD_AT_ONCE: Final = 50
"""Events that one transaction tells, each to up to twenty webhooks: it must not take long."""
RENEWALS: Final = 3
"""How often a lease is renewed in its time."""
OVERLAP: Final = timedelta(minutes=2)
"""How far behind the last known moment the catching up begins: longer than a transaction takes."""

logger = logging.getLogger(__name__)


class Overtaken(Exception):
    """Another teller has told what this one was about to tell."""


class Teller:
    """Tells for as long as `run` runs; `holder` names the process."""

    def __init__(
        self, store: Store, wakeups: Wakeups, holder: str, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self._store, self._wakeups = store, wakeups
        self._holder, self._lease = holder, lease_seconds
        self._stored = ""
        """The position as the store has it."""
        self._reached = ""
        """How far has been looked, where nothing was to be told since."""
        self._behind = False
        """Whether there is more to look at already, so that the position is not of this moment."""
        self._renewed_at = float("-inf")

    async def run(self) -> None:
        """Tell until it is cancelled; the store may be away for a while.

        In the end the lease is given back, so that the next teller need not wait for its end.
        """
        try:
            await self._tell_for_ever()
        finally:
            await self._give_back()

    async def _tell_for_ever(self) -> None:
        while True:
            try:
                if (place := await self._take_over()) is not None:
                    await self._lead(place)
            except Overtaken:
                logger.info("another teller is at work")
            except (PyMongoError, HistoryLost) as exc:
                logger.warning("the teller goes on when the document store answers: %s", exc)
            except Exception:
                # Nobody would start the teller again; the position did not move, so nothing is
                # lost by beginning anew.
                logger.exception("the teller stumbled and begins anew")
            await asyncio.sleep(min(RESTART_SECONDS, self._lease))

    async def _take_over(self) -> TellerPlace | None:
        """The place to go on from, if it is this teller's turn."""
        query: dict[str, Any] = {
            "name": NAME,
            "$expr": {
                "$or": [{"$eq": ["$holder", self._holder]}, {"$lt": ["$lease_until", "$$NOW"]}]
            },
        }
        found = await TellerPlace.collection().find_one_and_update(query, self._held({}))
        if found is not None:
            self._renewed_at = monotonic()
            place: TellerPlace = TellerPlace.model_validate(found)
            return place
        if await TellerPlace.first_in(True, {"name": NAME}) is None:
            try:
                await TellerPlace(name=NAME).insert()
            except NotUnique:
                return None
            return await self._take_over()
        return None

    async def _give_back(self) -> None:
        query = {"name": NAME, "holder": self._holder}
        update = touched({"$set": {"lease_until": SOME_TIME}})
        # Without the store the lease runs out by itself.
        with suppress(PyMongoError, TimeoutError):
            async with asyncio.timeout(GIVE_BACK_SECONDS):
                await TellerPlace.collection().update_one(query, update)

    async def _lead(self, place: TellerPlace) -> None:
        self._stored = self._reached = place.position
        self._behind = False
        try:
            async with changes_after(self._store, place.position) as changes:
                await self._tell_on(changes)
        except HistoryLost as exc:
            logger.warning("the teller looks the records through: %s", exc)
            await self._catch_up(place)

    async def _tell_on(self, changes: ChangeStream) -> None:
        """Tell what comes, until the lease is lost. Raises Overtaken."""
        while True:
            batch = await changes.next()
            self._reached, self._behind = batch.position, len(batch.changes) == AT_ONCE
            await self._tell(seen_in(batch))
            if monotonic() - self._renewed_at >= self._lease / RENEWALS or not self._stored:
                await self._renew()
                await self._ask_for_mails()
            if not self._behind:
                await asyncio.sleep(GATHER_SECONDS)

    async def _catch_up(self, place: TellerPlace) -> None:
        """Where the stream's history is gone: tell from the records what ended since.

        What was told before is known by its id. The new stream begins before the look, so that
        nothing falls between the two.
        """
        async with changes_after(self._store, "") as changes:
            self._reached = (await changes.next()).position
            if place.position_at is not None:
                async for seen in ended_since(place.position_at - OVERLAP):
                    await self._write(seen)
            await self._renew()
            await self._tell_on(changes)

    async def _tell(self, seen: Sequence[Seen]) -> None:
        """Tell of these; what cannot be told must not stand in the way of all that comes."""
        try:
            await self._write(seen, move_to=self._reached)
        except (PyMongoError, Overtaken):
            raise
        except Exception:
            # One change that cannot be told must not hold back all that come after it.
            logger.exception("%d changes cannot be told together, now one by one", len(seen))
            for each in seen:
                await self._tell_alone(each)

    async def _tell_alone(self, seen: Seen) -> None:
        try:
            await self._write([seen])
        except (PyMongoError, Overtaken):
            raise
        except Exception:
            # Whatever is wrong with it will be wrong again: it is given up, and said so.
            logger.exception("%s %s is told to nobody", seen.collection, seen.id)

    async def _write(self, seen: Sequence[Seen], move_to: str | None = None) -> None:
        """Write what is to be told of these, and the position with it. Raises Overtaken."""
        events = await events_of(seen) if seen else []
        target = self._stored if move_to is None else move_to
        for start in range(0, len(events), TOLD_AT_ONCE):
            is_last = start + TOLD_AT_ONCE >= len(events)
            await self._write_some(
                events[start : start + TOLD_AT_ONCE], target if is_last else self._stored
            )

    async def _write_some(self, events: Sequence[Event], position: str) -> None:
        async def together(session: AsyncClientSession) -> int:
            await self._move(position, session)
            return await audience.tell(events, session)

        messages = await self._store.in_transaction(together)
        self._stored = position
        if messages:
            await self._wakeups.wake()

    async def _renew(self) -> None:
        """Keep the lease, and let the position follow what was looked at. Raises Overtaken."""
        await self._move(self._reached)
        self._stored, self._renewed_at = self._reached, monotonic()

    async def _move(self, position: str, session: AsyncClientSession | None = None) -> None:
        query = {"name": NAME, "position": self._stored}
        moment = {} if position == self._stored or self._behind else {"position_at": "$$NOW"}
        update = self._held({"position": position, **moment})
        moved = await TellerPlace.collection().update_one(query, update, session=session)
        if not moved.matched_count:
            raise Overtaken

    def _held(self, values: dict[str, Any]) -> list[dict[str, Any]]:
        until = {"$add": ["$$NOW", int(self._lease * 1000)]}
        lease = {"holder": self._holder, "lease_until": until, "updated_at": "$$NOW"}
        return [{"$set": {**values, **lease}}]

    async def _ask_for_mails(self) -> None:
        """Have the news mailed that is due; a mail that got lost is asked for again."""
        due = {"mail_due_at": {"$gt": SOME_TIME, "$lte": now()}}
        users = await Notification.collection().distinct("user_id", due)
        for user in users:
            try:
                await tasks.add([mail_task(user)])
            except NotUnique:  # asked for already
                continue
        if users:
            await self._wakeups.wake()
