"""What happens is told to whom it concerns: all of it, and once."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from app.production import tasks
from app.production.holds import BUDGET
from app.production.tasks import Ownership, new_task, start_pipeline
from app.settings import Settings
from app.telling.events import Event
from app.telling.happenings import events_of
from app.telling.stream import Seen
from app.telling.teller import Teller
from documents.base import Hold
from documents.identity import User
from documents.ledger import Budget
from documents.publishing import Publication
from documents.store import Store
from documents.telling import SOME_TIME, TellerPlace, WebhookDelivery
from documents.values import now
from scripts.stack import environment
from tests.factories.records import valid
from tests.support.kinds import WORK, Work
from tests.workers.conftest import until
from tests.workers.jobs.telling.studio import (
    BROKEN,
    Studio,
    end,
    end_next,
    notifications,
    sent,
    settled,
    telling,
    told,
)
from workers.runtime.claims import claim, hold_back
from workers.runtime.context import Resources


class TestWhatIsTold:
    async def test_single_task_done_and_failed(self, studio: Studio, teller: None) -> None:
        good, bad = studio.task(), studio.task()
        await end(good)
        await end(bad, failure=BROKEN)
        await until(told("task.failed"))
        await settled()
        done, failed = await notifications(studio)
        assert (done.event, done.title, done.subject.id) == (
            "task.completed",
            "Work is done",
            good.id,
        )
        assert (failed.event, failed.body) == ("task.failed", BROKEN.message)
        assert failed.link == f"/api/v1/tasks/{bad.id}"

    async def test_steps_of_a_pipeline_are_told_as_one(self, studio: Studio, teller: None) -> None:
        pipeline = studio.pipeline()
        first = studio.task(pipeline)
        await start_pipeline(pipeline, [first, studio.task(pipeline, after=[first])], None)
        await end_next()
        await settled()
        assert await notifications(studio) == []
        await end_next()
        await settled()
        [news] = await notifications(studio)
        assert (news.event, news.subject.id) == ("pipeline.completed", pipeline.id)
        assert news.title == f"Make episode of “{studio.workspace.name}” is done"

    async def test_pipeline_that_fails_is_told_again_after_a_retry(
        self, studio: Studio, teller: None
    ) -> None:
        pipeline = studio.pipeline()
        first = studio.task(pipeline)
        last = studio.task(pipeline, after=[first])
        await start_pipeline(pipeline, [first, last], None)
        await end_next(BROKEN)
        await until(told("pipeline.failed"))
        await tasks.retry(True, {"_id": first.id})
        await end_next(BROKEN)
        await until(told("pipeline.failed", 2))
        await tasks.retry(True, {"_id": first.id})
        await end_next()
        await end_next()
        await until(told("pipeline.completed"))
        await settled()
        events = [each.event for each in await notifications(studio)]
        assert sorted(events) == [
            *("pipeline.completed", "pipeline.failed", "pipeline.failed"),
            *("task.failed", "task.failed"),
        ]

    async def test_budget_is_told_once_a_day(self, studio: Studio, teller: None) -> None:
        budget = await valid(
            Budget,
            workspace_id=studio.workspace.id,
            owner={"collection": "workspaces", "id": studio.workspace.id},
            limit="5",
        ).insert()
        await studio.webhook("https://example.com/")
        hold = Hold(reason=BUDGET, since=now(), budget_id=budget.id)
        for _ in range(3):
            await tasks.add([studio.task()])
            [claimed] = await claim("worker", {"io": 1}, 30)
            await hold_back(claimed, hold, "The budget is reached.")
        await until(told("budget.reached"))
        await settled()
        [news] = await notifications(studio)
        assert news.title == "A budget is reached: 5 USD"
        [delivery] = await WebhookDelivery.all_in(True, {"event": "budget.reached"})
        assert delivery.payload["data"]["limit"] == "5"

    @pytest.mark.parametrize("state", ["published", "failed"])
    async def test_publication(self, state: str, studio: Studio, teller: None) -> None:
        post = await valid(
            Publication,
            workspace_id=studio.workspace.id,
            created_by=studio.owner.id,
            title="The Fox",
        ).insert()
        values = {"status": state, "published_at": now(), "fence": 1}
        await Publication.advance_one({"_id": post.id}, {"$set": values})
        await until(told(f"publication.{state}"))
        [news] = await notifications(studio)
        assert "“The Fox”" in news.title

    async def test_who_wants_no_notifications_gets_none(
        self, store: Store, resources: Resources
    ) -> None:
        quiet = await Studio.made(preferences={"notifications": False})
        async with telling(resources):
            await end(quiet.task())
            await settled()
        assert await notifications(quiet) == []

    async def test_what_belongs_to_no_workspace_is_told_to_nobody(
        self, studio: Studio, teller: None
    ) -> None:
        await end(new_task(WORK, Work(), Ownership(created_by=studio.owner.id)))
        await settled()
        assert await notifications(studio) == []

    async def test_webhook_hears_what_it_asked_for_since_it_is_there(
        self, studio: Studio, teller: None
    ) -> None:
        other = await Studio.made()
        await end(studio.task(), failure=BROKEN)
        await settled()
        picky = await studio.webhook("https://example.com/", events=["task.failed"])
        foreign = await other.webhook("https://example.com/")
        off = await studio.webhook("https://example.com/", is_active=False)
        await end(studio.task())
        await end(studio.task(), failure=BROKEN)
        await until(sent("task.failed"))
        await settled()
        [delivery] = await WebhookDelivery.all_in(True, {})
        assert delivery.webhook_id == picky.id
        assert delivery.webhook_id not in (foreign.id, off.id)
        assert delivery.payload["data"]["error"] == {"code": "endless", "message": BROKEN.message}


class TestOnce:
    async def test_several_tellers_tell_once(self, studio: Studio, resources: Resources) -> None:
        await studio.webhook("https://example.com/", events=["task.completed"])
        async with telling(resources, count=3, lease_seconds=0.001):
            for _ in range(30):
                await end(studio.task())
            await until(sent("task.completed", 30))
            await settled()
        assert await sent("task.completed", 30)()
        assert len(await notifications(studio)) == 30

    async def test_nothing_is_lost_while_no_teller_is_there(
        self, studio: Studio, resources: Resources
    ) -> None:
        async with telling(resources):
            await settled()
        task = studio.task()
        await end(task, failure=BROKEN)
        await tasks.retry(True, {"_id": task.id})
        await end_next()
        async with telling(resources):
            await until(told("task.failed"))
            await settled()
        events = [each.event for each in await notifications(studio)]
        assert events == ["task.failed", "task.completed"]

    async def test_one_that_stops_makes_room_at_once(
        self, studio: Studio, resources: Resources
    ) -> None:
        """Long before its lease would have ended."""
        async with telling(resources, lease_seconds=3600):
            await settled()
        place = await TellerPlace.first_in(True, {})
        assert place is not None
        assert place.lease_until == SOME_TIME
        other = Teller(resources.store, resources.wakeups, "the next", lease_seconds=3600)
        running = asyncio.create_task(other.run())
        try:
            await end(studio.task())
            await until(told("task.completed", 2))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def test_one_that_was_overtaken_gives_nothing_back(
        self, studio: Studio, resources: Resources
    ) -> None:
        async with telling(resources, lease_seconds=3600):
            await settled()
            await TellerPlace.collection().update_one({}, {"$set": {"holder": "another"}})
            before = await TellerPlace.first_in(True, {})
        after = await TellerPlace.first_in(True, {})
        assert before is not None
        assert after is not None
        assert (after.holder, after.lease_until) == ("another", before.lease_until)

    @pytest.mark.slow
    async def test_killed_again_and_again_it_tells_once(
        self, studio: Studio, resources: Resources, store: Store
    ) -> None:
        await studio.webhook("https://example.com/", events=["task.completed"])
        async with telling(resources):
            await settled()
        count = 0
        for number in range(5):
            with teller_process(resources.settings, f"killed-{number}"):
                count = await _end_until_killed(studio, count)
        async with telling(resources, count=2):
            await settled()
        assert await sent("task.completed", count)()
        assert len(await notifications(studio)) == count

    async def test_what_cannot_be_told_does_not_stand_in_the_way(
        self, studio: Studio, resources: Resources, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bad, good = studio.task(), studio.task()

        async def stumbling(seen: Sequence[Seen]) -> list[Event]:
            if bad.id in {each.id for each in seen}:
                raise KeyError("nobody expected this")
            return await events_of(seen)

        monkeypatch.setattr("app.telling.teller.events_of", stumbling)
        async with telling(resources):
            await asyncio.gather(end(bad), end(good))
            await settled()
        [news] = await notifications(studio)
        assert news.subject.id == good.id

    async def test_forgotten_history_is_made_up_from_the_records(
        self, studio: Studio, resources: Resources
    ) -> None:
        async with telling(resources):
            await end(studio.task())
            await until(told("task.completed"))
            await settled()
        await end(studio.task())
        place = await TellerPlace.first_in(True, {})
        assert place is not None
        ancient = {"position": f"82{1:08X}{place.position[10:]}"}
        await TellerPlace.collection().update_one({}, {"$set": ancient})
        async with telling(resources):
            await settled()
        assert len(await notifications(studio)) == 2


@contextmanager
def teller_process(settings: Settings, holder: str) -> Iterator[None]:
    """A teller in a process of its own, killed in the end."""
    command = [sys.executable, "-m", "tests.app.telling.teller_process", holder]
    process = subprocess.Popen(command, env=environment(settings))
    try:
        yield
    finally:
        process.kill()
        process.wait()


async def _end_until_killed(studio: Studio, count: int) -> int:
    """End tasks until the teller has told of one, and a bit longer, so that it dies at work."""
    before = len(await notifications(studio))
    told = before
    while told == before:
        for _ in range(5):
            await end(studio.task())
        count += 5
        await asyncio.sleep(0.05)
        told = len(await notifications(studio))
    for _ in range(5):
        await end(studio.task())
    return count + 5


async def test_idle_place_follows_without_anything_to_tell(
    store: Store, resources: Resources
) -> None:
    async with telling(resources, lease_seconds=0.2):
        first = await TellerPlace.first_in(True, {})
        assert first is not None
        await valid(User).insert()

        async def moved() -> bool:
            place = await TellerPlace.first_in(True, {})
            return place is not None and place.position != first.position

        await until(moved)
