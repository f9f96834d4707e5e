"""Messages to webhooks: signed, tried again, given up."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.actor import Actor
from app.production import tasks
from app.telling.deliveries import FEWEST_FAILURES, RETRY_AFTER
from app.telling.service import replay
from documents.production import Task
from documents.store import Store
from documents.telling import Webhook, WebhookDelivery
from documents.values import now
from tests.app.telling.receiver import SILENCE, Receiver, receiving
from tests.workers.conftest import Working, ended, until
from tests.workers.jobs.telling.studio import (
    SIGNING_SECRET,
    Studio,
    end,
    settled,
    told,
)


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


class TestDelivery:
    async def test_message_is_signed_and_arrives(
        self, studio: Studio, teller: None, delivering: Working
    ) -> None:
        async with receiving() as receiver, delivering() as runner:
            await studio.webhook(receiver.url)
            task = studio.task()
            await tasks.add([task])
            runner.poke()
            await ended(task)
            delivery = await delivery_in("delivered")
        [message] = receiver.messages
        assert message.is_signed_with(SIGNING_SECRET)
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

    async def test_replayed_message_comes_under_its_old_id(
        self, studio: Studio, teller: None, delivering: Working, store: Store
    ) -> None:
        actor = Actor(studio.owner.id, workspaces={studio.workspace.id: "owner"})
        async with receiving(200, 500, 200) as receiver, delivering() as runner:
            await studio.webhook(receiver.url)
            await end(studio.task())
            delivered = await delivery_in("delivered")
            await replay(store, actor, delivered.id)
            runner.poke()
            await attempted(2)
            assert (await delivery_in("pending")).tries == 1
            await due_now(runner)
            again = await delivery_in("delivered")
        assert {each.id for each in receiver.messages} == {delivered.event_id}
        assert [each.status for each in again.attempts] == [200, 500, 200]


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
