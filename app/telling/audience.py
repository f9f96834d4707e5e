"""Who hears of an event: the webhooks that ask for it, and the users whom it concerns."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from app.telling.events import Event
from app.telling.kinds import delivery_task
from documents.base import Record, Session
from documents.identity import User, Workspace
from documents.production import Task
from documents.telling import Notification, Webhook, WebhookDelivery
from documents.values import Id, now

GATHERED: Final = timedelta(minutes=1)
"""News waits so long for more of it before it is mailed."""


async def tell(events: Sequence[Event], session: Session) -> int:
    """Write what is to be sent and shown; answers how many messages there are to send.

    Whoever was told of an event before is not told again.
    """
    events = [*{event.id: event for event in events}.values()]
    if not events:
        return 0
    deliveries = await _deliveries(events, session)
    await WebhookDelivery.insert_all(deliveries, session)
    await Task.insert_all([delivery_task(each) for each in deliveries], session)
    await notify(events, session)
    return len(deliveries)


async def notify(events: Sequence[Event], session: Session) -> None:
    """Write the users' notifications of these events, for those who want any."""
    users = await _listeners({key for event in events for key in event.users}, session)
    members = await _members({event.workspace_id for event in events}, session)
    told = await _told(Notification, "user_id", users, events, session)
    found = [
        _notification(event, users[key])
        for event in events
        for key in sorted(event.users & users.keys() & members.get(event.workspace_id, set()))
        if (key, event.id) not in told
    ]
    await Notification.insert_all(found, session)


def _notification(event: Event, user: User) -> Notification:
    moment = now()
    return Notification(
        created_at=moment,
        user_id=user.id,
        workspace_id=event.workspace_id,
        event_id=event.id,
        event=event.name,
        subject=event.subject,
        title=event.title[:255],
        body=event.body,
        link=event.link,
        # An address that nobody has confirmed may be a stranger's.
        mail_due_at=moment + GATHERED if user.email_verified_at is not None else None,
    )


async def _deliveries(events: Sequence[Event], session: Session) -> list[WebhookDelivery]:
    asked = {
        "workspace_id": {"$in": [*{event.workspace_id for event in events}]},
        "events": {"$in": [*{event.name for event in events}]},
        "is_active": True,
    }
    webhooks = await Webhook.all_in(True, asked, session=session)
    told = await _told(
        WebhookDelivery, "webhook_id", {each.id for each in webhooks}, events, session
    )
    return [
        WebhookDelivery(
            workspace_id=event.workspace_id,
            webhook_id=webhook.id,
            event_id=event.id,
            event=event.name,
            payload=event.payload,
            next_attempt_at=now(),
        )
        for webhook in webhooks
        for event in events
        if event.name in webhook.events
        and event.workspace_id == webhook.workspace_id
        and event.at >= webhook.created_at
        and (webhook.id, event.id) not in told
    ]


async def _told(
    model: type[Record],
    listener: str,
    keys: Collection[Id],
    events: Iterable[Event],
    session: Session,
) -> set[tuple[Id, str]]:
    """Which of these listeners were told of which events before."""
    query: dict[str, Any] = {
        listener: {"$in": [*keys]},
        "event_id": {"$in": [event.id for event in events]},
    }
    if not keys:
        return set()
    rows = model.collection().find(query, {listener: 1, "event_id": 1}, session=session)
    return {(row[listener], row["event_id"]) async for row in rows}


async def _listeners(keys: Collection[Id], session: Session) -> Mapping[Id, User]:
    if not keys:
        return {}
    wanting = {"_id": {"$in": [*keys]}, "preferences.notifications": True}
    return {user.id: user for user in await User.all_in(True, wanting, session=session)}


async def _members(keys: Collection[Id], session: Session) -> Mapping[Id, set[Id]]:
    """Who is in these workspaces: whoever has left hears nothing of them any more."""
    query = {"_id": {"$in": [*keys]}}
    rows = Workspace.collection().find(query, {"members.user_id": 1}, session=session)
    return {row["_id"]: {each["user_id"] for each in row["members"]} async for row in rows}
