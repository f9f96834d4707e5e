"""Telling people: one try at a webhook's message, and a user's news by mail."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.encryption import Undecipherable
from app.mail.choice import mailer_of
from app.mail.mailer import MailNotSent
from app.settings import NotConfigured
from app.telling.deliveries import TEST, give_up, record
from app.telling.digest import digest
from app.telling.kinds import DELIVER, MAIL_NEWS, Deliver, MailNews
from app.telling.sending import send
from documents.base import touched
from documents.identity import User
from documents.production import TaskOutput
from documents.telling import SOME_TIME, Notification, Webhook, WebhookDelivery
from documents.values import now
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome, handles

MOST_NEWS: Final = 500
MAIL_AGAIN: Final = timedelta(minutes=10)
NEWS_LASTS: Final = timedelta(days=1)
"""News that could not be mailed for so long is none any more."""

logger = logging.getLogger(__name__)


@handles(DELIVER)
async def deliver(context: Context, parameters: Deliver) -> Outcome:
    """One try; a killed one is repeated, under the same id, by which receivers know it."""
    delivery = await WebhookDelivery.one_in(True, parameters.delivery_id)
    webhook = delivery and await Webhook.one_in(True, delivery.webhook_id)
    if delivery is None or webhook is None or delivery.state != "pending":
        return Outcome()
    if not webhook.is_active and delivery.event != TEST:
        return Outcome(write=partial(give_up, delivery))
    settings = context.resources.settings
    try:
        attempt = await send(webhook, delivery, settings)
    except Undecipherable as exc:
        raise GiveUp(str(exc), code="undecipherable") from None

    async def write(session: AsyncClientSession) -> None:
        await record(webhook, delivery, attempt, settings, session)

    return Outcome(TaskOutput(result={"status": attempt.status, "error": attempt.error}), write)


@handles(MAIL_NEWS)
async def mail_news(context: Context, parameters: MailNews) -> Outcome:
    """Send what is due and what has gathered since; killed between the two, it sends again."""
    due = {"user_id": parameters.user_id, "mail_due_at": {"$gt": SOME_TIME}}
    news = await Notification.all_in(True, due, sort=[("_id", 1)], limit=MOST_NEWS)
    user = await User.one_in(True, parameters.user_id)
    if not news or user is None or user.email_verified_at is None:
        return Outcome(write=partial(_note, news, {"mail_due_at": None}))
    if not user.preferences.notifications:
        return Outcome(write=partial(_note, news, {"mail_due_at": None}))
    settings = context.resources.settings
    try:
        await mailer_of(settings).send(digest(user, news, settings.public_url))
    except (MailNotSent, NotConfigured) as exc:
        logger.warning("news for user %s was not mailed: %s", user.id, exc)
        return Outcome(write=partial(_later, news))
    sent = {"mail_due_at": None, "mailed_at": now()}
    return Outcome(TaskOutput(result={"news": len(news)}), partial(_note, news, sent))


async def _later(news: Sequence[Notification], session: AsyncClientSession) -> None:
    fresh = [each for each in news if now() - each.created_at < NEWS_LASTS]
    old = [each for each in news if each not in fresh]
    await _note(fresh, {"mail_due_at": now() + MAIL_AGAIN}, session)
    await _note(old, {"mail_due_at": None}, session)


async def _note(
    news: Sequence[Notification], values: dict[str, Any], session: AsyncClientSession
) -> None:
    query = {"_id": {"$in": [each.id for each in news]}}
    await Notification.collection().update_many(query, touched({"$set": values}), session=session)
