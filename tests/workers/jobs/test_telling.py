"""What happens is told: once, signed, tried again, mailed together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from email import message_from_bytes
from email.message import Message as Mail
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.production import tasks
from app.production.holds import BUDGET
from app.production.tasks import Ownership, new_task, start_pipeline
from app.telling.deliveries import FEWEST_FAILURES, RETRY_AFTER
from app.telling.teller import Teller
from documents.base import Hold, Subject
from documents.identity import User, Workspace
from documents.production import Budget, Pipeline, Task, TaskError
from documents.publishing import Publication
from documents.store import Store
from documents.telling import (
    Notification,
    Webhook,
    WebhookDelivery,
)
from documents.telling import (
    Teller as Place,
)
from documents.values import now
from tests.app.telling.receiver import SILENCE, Receiver, receiving
from tests.factories.films import make_user, make_workspace
from tests.factories.records import valid
from tests.support.kinds import WORK, Work
from tests.workers.conftest import Working, ended, until
from workers.runtime.claims import Failure, claim, complete, fail, hold_back
from workers.runtime.context import Resources

ALL = [
    *("task.completed", "task.failed", "pipeline.completed", "pipeline.failed"),
    *("publication.published", "publication.failed", "budget.reached"),
]
BROKEN = Failure("The text has no end.", "endless", retryable=False)


class Studio:
    """A workspace whose owner wants to hear everything."""

    def __init__(self, owner: User, workspace: Workspace) -> None:
        self.owner, self.workspace = owner, workspace

    @classmethod
    async def made(cls, **user: Any) -> "Studio":
        owner = await make_user(**{"email_verified_at": now(), **user})
        return cls(owner, await make_workspace(owner))

    async def webhook(self, url: str, **given: Any) -> Webhook:
        given = {"events": ALL, "created_by": self.owner.id, **given}
        return await valid(Webhook, workspace_id=self.workspace.id, url=url, **given).insert()

    def task(self, pipeline: Pipeline | None = None, **given: Any) -> Task:
        owner = Ownership(
            workspace_id=self.workspace.id,
            created_by=self.owner.id,
            pipeline_id=pipeline.id if pipeline else None,
        )
        return new_task(WORK, Work(name=uuid4().hex), owner, **given)

    def pipeline(self) -> Pipeline:
        return Pipeline(
            workspace_id=self.workspace.id,
            created_by=self.owner.id,
            kind="films.make_episode",
            subject=Subject(collection="workspaces", id=self.workspace.id),
        )


@pytest.fixture
async def studio(store: Store) -> Studio:
    return await Studio.made()


@pytest.fixture
async def teller(store: Store, resources: Resources) -> AsyncIterator[None]:
    """One teller at work, from now on."""
    async with telling(resources):
        yield


@asynccontextmanager
async def telling(resources: Resources, count: int = 1, **given: Any) -> AsyncIterator[None]:
    """So many tellers at work; open once the first of them has its place."""
    given = {"lease_seconds": 0.3, **given}
    tellers = [
        Teller(resources.store, resources.wakeups, f"teller-{number}", **given)
        for number in range(count)
    ]
    running = [asyncio.create_task(each.run()) for each in tellers]
    try:
        await until(_placed)
        yield
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _placed() -> bool:
    return bool(await Place.collection().count_documents({"position": {"$ne": ""}}))


async def end(task: Task, *, failure: Failure | None = None) -> None:
    """Let the task come to its end, without any worker having a hand in it."""
    task.ready = False
    await tasks.add([task])
    values: dict[str, Any] = {"status": "completed", "completed_at": now()}
    if failure is not None:
        error = TaskError(message=failure.message, code=failure.code)
        values |= {"status": "failed", "error": error.model_dump()}
    await Task.advance_one({"_id": task.id}, {"$set": values})


async def end_next(failure: Failure | None = None) -> None:
    """Claim a task and end it, as a worker does."""
    [claimed] = await claim("worker", {"io": 1}, 30)
    if failure is None:
        await complete(claimed, None)
    else:
        await fail(claimed, failure, 1)


def told(event: str, count: int = 1) -> Callable[[], Awaitable[bool]]:
    """Whether so many notifications of the event are there."""

    async def look() -> bool:
        return await Notification.collection().count_documents({"event": event}) == count

    return look


def sent(event: str, count: int = 1) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return await WebhookDelivery.collection().count_documents({"event": event}) == count

    return look


async def settled() -> None:
    """Until the teller has seen a change that is written now."""
    marker = await Studio.made()
    await end(marker.task())

    async def seen() -> bool:
        return await Notification.collection().count_documents({"user_id": marker.owner.id}) == 1

    await until(seen)


async def notifications(studio: Studio) -> list[Notification]:
    return await Notification.all_in({"user_id": studio.owner.id}, {}, sort=[("_id", 1)])


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
        hold = Hold(reason=BUDGET, since=now(), budget_id=budget.id)
        await studio.webhook("https://example.com/")
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

    async def test_killed_again_and_again_it_tells_once(
        self, studio: Studio, resources: Resources
    ) -> None:
        for _ in range(8):
            async with telling(resources, lease_seconds=0.05):
                for _ in range(5):
                    await end(studio.task())
                await asyncio.sleep(0.1)
        async with telling(resources):
            await settled()
        assert len(await notifications(studio)) == 40

    async def test_forgotten_history_is_made_up_from_the_records(
        self, studio: Studio, resources: Resources
    ) -> None:
        async with telling(resources):
            await end(studio.task())
            await until(told("task.completed"))
            await settled()
        await end(studio.task())
        place = await Place.first_in(True, {})
        assert place is not None
        ancient = {"position": f"82{1:08X}{place.position[10:]}"}
        await Place.collection().update_one({}, {"$set": ancient})
        async with telling(resources):
            await settled()
        assert len(await notifications(studio)) == 2


async def due_now(runner: Any) -> None:
    """Let what waits for its next try be tried at once."""
    await Task.collection().update_many(
        {"status": "queued", "kind": "telling.deliver"}, {"$set": {"run_after": now()}}
    )
    runner.poke()


async def delivery_in(state: str) -> WebhookDelivery:
    found: list[WebhookDelivery] = []

    async def look() -> bool:
        found[:] = await WebhookDelivery.all_in(True, {"state": state})
        return bool(found)

    await until(look)
    return found[0]


async def attempted(times: int) -> None:
    async def look() -> bool:
        query = {f"attempts.{times - 1}": {"$exists": True}}
        return await WebhookDelivery.collection().count_documents(query) == 1

    await until(look)


@pytest.fixture
def delivering(working: Working) -> Working:
    """A worker that may deliver to this machine, and soon loses patience."""

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[Any]:
        given = {"webhook_private": True, "webhook_timeout_seconds": 0.5, **settings}
        async with working(**given) as runner:
            yield runner

    return start


class TestDelivery:
    async def test_message_is_signed_and_arrives(
        self, studio: Studio, teller: None, delivering: Working
    ) -> None:
        async with receiving() as receiver, delivering() as runner:
            webhook = await studio.webhook(receiver.url)
            task = studio.task()
            await tasks.add([task])
            runner.poke()
            await ended(task)
            delivery = await delivery_in("delivered")
        [message] = receiver.messages
        assert message.is_signed_with(webhook.secret)
        assert message.headers["content-type"] == "application/json"
        assert message.id == delivery.event_id
        assert message.content["type"] == "task.completed"
        assert message.content["data"]["id"] == str(task.id)
        [attempt] = delivery.attempts
        assert (attempt.status, attempt.error, attempt.response_snippet) == (200, "", "thanks")

    async def test_failure_is_tried_again_with_the_same_message(
        self, studio: Studio, teller: None, delivering: Working
    ) -> None:
        async with receiving(500, 200) as receiver, delivering() as runner:
            await studio.webhook(receiver.url)
            await end(studio.task())
            await attempted(1)
            waiting = await delivery_in("pending")
            assert waiting.next_attempt_at is not None
            assert waiting.next_attempt_at > waiting.attempts[0].at + RETRY_AFTER[0] * 0.9
            await due_now(runner)
            delivery = await delivery_in("delivered")
        first, second = receiver.messages
        assert first.body == second.body
        assert first.id == second.id
        assert [each.status for each in delivery.attempts] == [500, 200]
        healthy = await Webhook.first_in(True, {})
        assert healthy is not None
        assert (healthy.consecutive_failures, healthy.failing_since) == (0, None)

    async def test_receiver_that_says_nothing_costs_one_attempt(
        self, studio: Studio, teller: None, delivering: Working
    ) -> None:
        async with receiving(SILENCE) as receiver, delivering():
            await studio.webhook(receiver.url)
            await end(studio.task())
            await attempted(1)
            delivery = await delivery_in("pending")
        assert delivery.attempts[0].error == "No answer within 0.5 seconds."
        assert delivery.attempts[0].status is None

    async def test_endless_answer_is_not_read(
        self, studio: Studio, teller: None, delivering: Working
    ) -> None:
        async with receiving(200, content=b"x" * 5_000_000) as receiver, delivering():
            await studio.webhook(receiver.url)
            await end(studio.task())
            delivery = await delivery_in("delivered")
        assert delivery.attempts[0].response_snippet == "x" * 500

    async def test_redirection_is_not_followed(
        self, studio: Studio, teller: None, delivering: Working
    ) -> None:
        async with receiving() as inside:
            away = [f"location: {inside.url}"]
            async with receiving(302, headers=away) as receiver, delivering():
                await studio.webhook(receiver.url)
                await end(studio.task())
                await attempted(1)
                delivery = await delivery_in("pending")
        assert inside.messages == []
        assert "redirects" in delivery.attempts[0].error

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433"])
    async def test_private_address_is_not_asked(
        self, host: str, studio: Studio, teller: None, delivering: Working
    ) -> None:
        async with receiving() as receiver, delivering(webhook_private=False):
            await studio.webhook(f"https://{host}:{receiver.port}/")
            await end(studio.task())
            await attempted(1)
            delivery = await delivery_in("pending")
        assert receiver.messages == []
        assert delivery.attempts[0].error == "The address leads into a private network."

    async def test_given_up_after_a_day(
        self, studio: Studio, teller: None, delivering: Working
    ) -> None:
        assert timedelta(hours=20) < sum(RETRY_AFTER, timedelta()) < timedelta(hours=30)
        async with receiving(503) as receiver, delivering() as runner:
            await studio.webhook(receiver.url)
            await end(studio.task())
            for times in range(1, len(RETRY_AFTER) + 2):
                await attempted(times)
                await due_now(runner)
            delivery = await delivery_in("failed")
        assert len(receiver.messages) == len(delivery.attempts) == len(RETRY_AFTER) + 1
        assert delivery.next_attempt_at is None

    async def test_killed_try_is_made_again_under_the_same_id(
        self, studio: Studio, teller: None, delivering: Working
    ) -> None:
        async with receiving(SILENCE, 200) as receiver:
            await studio.webhook(receiver.url)
            await end(studio.task())
            async with delivering(webhook_timeout_seconds=30):
                await until(lambda: _came(receiver, 1))
            async with delivering():
                delivery = await delivery_in("delivered")
        first, second = receiver.messages
        assert first.id == second.id
        assert len(delivery.attempts) == 1


async def _came(receiver: Receiver, count: int) -> bool:
    return len(receiver.messages) >= count


class TestDisabled:
    async def test_after_days_of_failure_with_a_word_to_its_maker(
        self, studio: Studio, teller: None, delivering: Working
    ) -> None:
        since = {
            "failing_since": now() - timedelta(days=6),
            "consecutive_failures": FEWEST_FAILURES - 1,
        }
        async with receiving(500) as receiver, delivering() as runner:
            webhook = await studio.webhook(receiver.url, **since)
            await end(studio.task())
            await until(told("webhook.disabled"))
            await due_now(runner)
            await delivery_in("failed")
            await end(studio.task())
            await settled()
        assert len(receiver.messages) == 1
        off = await Webhook.one_in(True, webhook.id)
        assert off is not None
        assert not off.is_active
        assert off.disabled_at is not None
        assert "answered 500" in off.disabled_reason
        assert (off.failing_since, off.consecutive_failures) == (None, 0)
        assert await WebhookDelivery.collection().count_documents({}) == 1

    async def test_at_once_where_the_receiver_is_gone(
        self, studio: Studio, teller: None, delivering: Working
    ) -> None:
        async with receiving(410) as receiver, delivering():
            await studio.webhook(receiver.url)
            await end(studio.task())
            await delivery_in("failed")
            await until(told("webhook.disabled"))
        assert len(receiver.messages) == 1


def mails(folder: Path) -> list[Mail]:
    return [message_from_bytes(each.read_bytes()) for each in sorted(folder.glob("*.eml"))]


class TestMail:
    @pytest.fixture
    def data(self, tmp_path: Path) -> Path:
        return tmp_path

    async def test_many_failures_are_one_mail(
        self, studio: Studio, teller: None, delivering: Working, data: Path
    ) -> None:
        pipeline = studio.pipeline()
        await start_pipeline(pipeline, [studio.task(pipeline) for _ in range(50)], None)
        for _ in range(50):
            await end_next(BROKEN)
        await until(told("task.failed", 50))
        await until(told("pipeline.failed"))
        async with delivering(data=data):
            await asyncio.sleep(0.5)
            assert mails(data / "outbox") == []
            await _let_mail_be_due()
            await until(_all_mailed)
        [mail] = mails(data / "outbox")
        assert mail["To"] == studio.owner.email
        assert mail["Subject"] == "51 news from Backlot, 51 of them failures"
        assert "and 31 more" in mail.get_payload()

    async def test_what_was_read_is_not_mailed(
        self, studio: Studio, teller: None, delivering: Working, data: Path
    ) -> None:
        await end(studio.task())
        await until(told("task.completed"))
        read = {"is_read": True, "mail_due_at": None}
        await Notification.collection().update_many({}, {"$set": read})
        async with delivering(data=data):
            await settled()
            await _let_mail_be_due()
            await until(_all_mailed)
        assert [mail["To"] for mail in mails(data / "outbox")] != [studio.owner.email]
        [news] = await notifications(studio)
        assert news.mailed_at is None

    async def test_unconfirmed_address_gets_none(self, store: Store, teller: None) -> None:
        studio = await Studio.made(email_verified_at=None)
        await end(studio.task())
        await until(told("task.completed"))
        [news] = await notifications(studio)
        assert news.mail_due_at is None

    async def test_mail_that_nobody_takes_is_tried_later(
        self, studio: Studio, teller: None, delivering: Working, data: Path
    ) -> None:
        await end(studio.task())
        await until(told("task.completed"))
        (data / "outbox").write_text("not a folder")
        async with delivering(data=data):
            await _let_mail_be_due()
            await until(_mail_is_later)
            (data / "outbox").unlink()
            await _let_mail_be_due()
            await until(_all_mailed)
        assert len(mails(data / "outbox")) == 1


async def _let_mail_be_due() -> None:
    waiting = {"mail_due_at": {"$ne": None}}
    await Notification.collection().update_many(waiting, {"$set": {"mail_due_at": now()}})


async def _all_mailed() -> bool:
    return not await Notification.collection().count_documents({"mail_due_at": {"$ne": None}})


async def _mail_is_later() -> bool:
    later = {"mail_due_at": {"$gt": now() + timedelta(minutes=5)}}
    return bool(await Notification.collection().count_documents(later))


async def test_idle_place_follows_without_anything_to_tell(
    store: Store, resources: Resources
) -> None:
    async with telling(resources, lease_seconds=0.2):
        first = await Place.first_in(True, {})
        assert first is not None
        await valid(User).insert()

        async def moved() -> bool:
            place = await Place.first_in(True, {})
            return place is not None and place.position != first.position

        await until(moved)
