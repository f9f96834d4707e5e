"""What people do about webhooks, their messages and their own notifications."""

from datetime import timedelta
from typing import Final
from uuid import uuid4

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.actor import Actor
from app.core.encryption import Encryption
from app.core.errors import Invalid, NotFound
from app.settings import Settings
from app.telling import access
from app.telling.addresses import AddressRefused, check_url
from app.telling.deliveries import TEST
from app.telling.errors import OnItsWay, TooManyWebhooks
from app.telling.kinds import delivery_task
from app.telling.signing import new_signing_secret
from documents.base import NotUnique, raised, within
from documents.store import Store
from documents.telling import Notification, Webhook, WebhookDelivery
from documents.values import Id, now

MOST_WEBHOOKS: Final = 20
"""Of one workspace."""
ROTATION: Final = timedelta(hours=24)
"""So long the secret before signs as well."""


def check_address(url: str, settings: Settings) -> None:
    """Raise Invalid for an address that no message would ever be sent to."""
    try:
        check_url(url, private=settings.webhook_private)
    except AddressRefused as exc:
        problem = {
            "location": "body",
            "field": "url",
            "code": "address_refused",
            "detail": str(exc),
        }
        raise Invalid(str(exc), errors=[problem]) from exc


async def check_room(workspace_id: Id) -> None:
    """Raise TooManyWebhooks where no further one may be made."""
    query = {"workspace_id": workspace_id}
    if await Webhook.collection().count_documents(query, limit=MOST_WEBHOOKS) >= MOST_WEBHOOKS:
        raise TooManyWebhooks(f"A workspace has at most {MOST_WEBHOOKS} webhooks.")


async def rotate_secret(actor: Actor, key: Id, encryption: Encryption) -> str:
    """A new secret; the old one signs beside it for a day. Raises NotFound."""
    webhook = await _webhook(actor, key)
    secret = new_signing_secret()
    values = {
        "secret": encryption.encrypt(secret),
        "previous_secret": webhook.secret,
        "previous_secret_until": now() + ROTATION,
    }
    await Webhook.write_one({"_id": key}, {"$set": values})
    return secret


async def send_test(store: Store, actor: Actor, key: Id) -> WebhookDelivery:
    """A message without a happening; also to a webhook that is switched off. Raises NotFound."""
    webhook = await _webhook(actor, key)
    moment = now()
    delivery = WebhookDelivery(
        workspace_id=webhook.workspace_id,
        webhook_id=webhook.id,
        event_id=f"evt_{uuid4().hex}",
        event=TEST,
        payload={
            "type": TEST,
            "timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}Z",
            "data": {"webhook_id": str(webhook.id)},
        },
        next_attempt_at=moment,
    )

    async def together(session: AsyncClientSession) -> None:
        await delivery.insert(session=session)
        await delivery_task(delivery).insert(session=session)

    await store.in_transaction(together)
    return delivery


async def replay(store: Store, actor: Actor, key: Id) -> WebhookDelivery:
    """Send a message again, under its old id, with all its tries. Raises NotFound, OnItsWay."""
    query = within(access.DELIVERIES.change(actor) or {"_id": {"$in": []}}, {"_id": key})
    values = {"state": "pending", "tries": 0, "next_attempt_at": now()}

    async def together(session: AsyncClientSession) -> WebhookDelivery:
        delivery = await WebhookDelivery.advance_one(query, {"$set": values}, session)
        if delivery is None:
            raise NotFound("There is no such message, or none that you may send again.")
        await delivery_task(delivery).insert(session=session)
        return delivery

    try:
        return await store.in_transaction(together)
    except NotUnique as exc:
        raise OnItsWay("The message waits for its next try already.") from exc


async def mark_read(actor: Actor, key: Id) -> None:
    """One has read it; it goes into no mail any more. Safe to repeat. Raises NotFound."""
    scope = access.NOTIFICATIONS.change(actor)
    if await Notification.one_in(scope, key) is None:
        raise NotFound("There is no such notification, or none of yours.")
    await Notification.write_one({"_id": key, "is_read": False}, _read())


async def mark_all_read(actor: Actor) -> int:
    """One has read everything; answers how many were new."""
    scope = access.NOTIFICATIONS.change(actor)
    unread = within(scope, {"is_read": False})
    result = await Notification.collection().update_many(unread, raised(_read()))
    return result.modified_count


async def count_unread(actor: Actor) -> int:
    """How many notifications one has not read."""
    unread = within(access.NOTIFICATIONS.read(actor), {"is_read": False})
    return await Notification.collection().count_documents(unread)


def _read() -> dict[str, dict[str, object]]:
    return {"$set": {"is_read": True, "read_at": now(), "mail_due_at": None}}


async def _webhook(actor: Actor, key: Id) -> Webhook:
    webhook = await Webhook.one_in(access.WEBHOOKS.change(actor), key)
    if webhook is None:
        raise NotFound("There is no such webhook, or none that you may use.")
    return webhook
