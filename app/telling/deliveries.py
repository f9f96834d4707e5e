"""What becomes of a message: delivered, tried again, given up; and when its webhook is given up."""

import random
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.settings import Settings
from app.telling.audience import notify
from app.telling.events import Event
from app.telling.kinds import delivery_task
from app.telling.sending import GONE
from documents.base import Subject
from documents.telling import MOST_ATTEMPTS, DeliveryAttempt, Webhook, WebhookDelivery
from documents.values import now

RETRY_AFTER: Final = tuple(
    timedelta(seconds=each) for each in (5, 60, 300, 1_800, 2 * 3600, 5 * 3600, 8 * 3600, 8 * 3600)
)
"""The pauses between the attempts, a day in all; then the message is given up."""
SPREAD: Final = 1.1
"""Pauses are lengthened by up to this factor, so that what failed together comes back apart."""
FEWEST_FAILURES: Final = 10
"""A webhook is not switched off for less, however long ago the first one was."""
TEST: Final = "webhook.test"


async def record(
    webhook: Webhook,
    delivery: WebhookDelivery,
    attempt: DeliveryAttempt,
    settings: Settings,
    session: AsyncClientSession,
) -> None:
    """Write the attempt and what follows from it; the next try is a task of its own."""
    tries = delivery.tries + 1
    state, following = _next(tries, attempt)
    update: dict[str, Any] = {
        "$set": {"state": state, "tries": tries, "next_attempt_at": following},
        "$push": {"attempts": {"$each": [attempt.model_dump()], "$slice": -MOST_ATTEMPTS}},
    }
    changed = await WebhookDelivery.advance_one({"_id": delivery.id}, update, session)
    if changed is not None and following is not None:
        await delivery_task(changed).insert(session=session)
    if delivery.event != TEST:
        await _judge(webhook, attempt, settings, session)


async def give_up(delivery: WebhookDelivery, session: AsyncClientSession) -> None:
    """End a message whose webhook takes none any more."""
    values = {"state": "failed", "next_attempt_at": None}
    await WebhookDelivery.advance_one({"_id": delivery.id}, {"$set": values}, session)


def _next(tries: int, attempt: DeliveryAttempt) -> tuple[str, datetime | None]:
    if not attempt.error:
        return "delivered", None
    if tries > len(RETRY_AFTER) or attempt.status == GONE:
        return "failed", None
    return "pending", now() + RETRY_AFTER[tries - 1] * random.uniform(1, SPREAD)


async def _judge(
    webhook: Webhook, attempt: DeliveryAttempt, settings: Settings, session: AsyncClientSession
) -> None:
    """Count the failures of a webhook in a row; switch it off where there is no hope."""
    healthy = {"consecutive_failures": 0, "failing_since": None}
    if not attempt.error:
        if webhook.failing_since is not None:
            await Webhook.advance_one({"_id": webhook.id}, {"$set": healthy}, session)
        return
    since, count = webhook.failing_since or attempt.at, webhook.consecutive_failures + 1
    too_long = attempt.at - since >= timedelta(days=settings.webhook_disable_days)
    if attempt.status == GONE:
        reason = "The receiver answered 410: it wants no more messages."
    elif too_long and count >= FEWEST_FAILURES:
        reason = f"Nothing was taken since {since:%Y-%m-%d %H:%M} UTC. {attempt.error}"
    else:
        values = {"consecutive_failures": count, "failing_since": since}
        await Webhook.advance_one({"_id": webhook.id}, {"$set": values}, session)
        return
    # The count begins anew, so that a webhook that is enabled again gets its chance.
    off = {"is_active": False, "disabled_at": attempt.at, "disabled_reason": reason, **healthy}
    disabled = await Webhook.advance_one(
        {"_id": webhook.id, "is_active": True}, {"$set": off}, session
    )
    if disabled is not None:
        await notify([_disabled(disabled, attempt.at)], session)


def _disabled(webhook: Webhook, at: datetime) -> Event:
    return Event(
        name="webhook.disabled",
        key=f"{webhook.id}:{at.timestamp():.3f}",
        workspace_id=webhook.workspace_id,
        subject=Subject(collection="webhooks", id=webhook.id),
        at=at,
        data={},
        title="A webhook was switched off",
        body=f"{webhook.url[:500]}: {webhook.disabled_reason[:500]}",
        link=f"/api/v1/webhooks/{webhook.id}",
        users=frozenset({webhook.created_by} if webhook.created_by else ()),
    )
