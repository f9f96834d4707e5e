"""Telling people: who wants to hear what, what was sent to whom, and how far we have come."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field
from pymongo import IndexModel

from documents.base import (
    Embedded,
    Fixed,
    Inherited,
    Record,
    Reference,
    ServerOwned,
    Subject,
    index,
)
from documents.secrets import Ciphertext, CiphertextOrNone
from documents.values import Count, FreeMap, Id, Label, Line, Moment, Title

EventName = Literal[
    "task.completed",
    "task.failed",
    "pipeline.completed",
    "pipeline.failed",
    "publication.published",
    "publication.failed",
    "budget.reached",
]
"""What webhooks may ask for."""

SOME_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Every moment of ours is later: says in queries that there is one."""
DAY_SECONDS: Final = 24 * 3600
MOST_ATTEMPTS: Final = 20
"""So many of the newest attempts at one delivery are kept."""


class Webhook(Record):
    """An address outside that is told of what happens in a workspace."""

    workspace_id: Annotated[Id, Reference("workspaces", on_delete="cascade"), Fixed()]
    created_by: Annotated[Id | None, Reference("users", on_delete="clear"), ServerOwned()] = None
    url: Annotated[str, Field(min_length=1, max_length=2_048)]
    events: Annotated[list[EventName], Field(min_length=1, max_length=20)]
    description: Line = ""
    is_active: bool = True
    """Nothing is sent while it is not; what happens meanwhile is not told later."""
    secret: Annotated[Ciphertext, ServerOwned()]
    """Signs what is sent."""
    previous_secret: Annotated[CiphertextOrNone, ServerOwned()] = None
    """The one before the last rotation, which signs as well for a while."""
    previous_secret_until: Annotated[Moment | None, ServerOwned()] = None
    consecutive_failures: Annotated[Count, ServerOwned()] = 0
    failing_since: Annotated[Moment | None, ServerOwned()] = None
    """The first of these failures."""
    disabled_at: Annotated[Moment | None, ServerOwned()] = None
    """When we last stopped sending by ourselves; `is_active` says whether it was enabled since."""
    disabled_reason: Annotated[Line, ServerOwned()] = ""

    class Settings:
        name = "webhooks"
        indexes: ClassVar[list[IndexModel]] = [
            index("workspace_id", "_id"),
            index("workspace_id", "events", where={"is_active": True}),
        ]


class DeliveryAttempt(Embedded):
    """One time that we asked the address to take a message."""

    at: Moment
    milliseconds: Count
    status: Annotated[int, Field(ge=100, le=999)] | None = None
    """What it answered; None where it did not."""
    error: Line = ""
    """Why the attempt does not count; empty for a good one."""
    response_snippet: Line = ""


class WebhookDelivery(Record):
    """One message to one webhook."""

    workspace_id: Annotated[
        Id, Reference("workspaces", on_delete="cascade"), Inherited("webhook_id")
    ]
    webhook_id: Annotated[Id, Reference("webhooks", on_delete="cascade"), ServerOwned()]
    event_id: Annotated[Label, ServerOwned()]
    """The message's `webhook-id`: the same whenever it is sent again."""
    event: Annotated[Label, ServerOwned()]
    payload: Annotated[FreeMap, ServerOwned()]
    """The body that is sent."""
    state: Annotated[Literal["pending", "delivered", "failed"], ServerOwned()] = "pending"
    attempts: Annotated[list[DeliveryAttempt], ServerOwned(), Field(max_length=MOST_ATTEMPTS)] = []
    tries: Annotated[Count, ServerOwned()] = 0
    """Attempts since it was made or last replayed."""
    next_attempt_at: Annotated[Moment | None, ServerOwned()] = None

    class Settings:
        name = "webhook_deliveries"
        indexes: ClassVar[list[IndexModel]] = [
            index("webhook_id", "event_id", unique=True),
            index("webhook_id", "_id"),
            index("webhook_id", "state", "_id"),
            index("workspace_id", "_id"),
            index("created_at", expire_after=30 * DAY_SECONDS),
        ]


class Notification(Record):
    """Something that one user should know."""

    user_id: Annotated[Id, Reference("users", on_delete="cascade"), ServerOwned()]
    workspace_id: Annotated[
        Id | None, Reference("workspaces", on_delete="cascade"), ServerOwned()
    ] = None
    event_id: Annotated[Label, ServerOwned()]
    """Tells the happening from every other, so that nobody hears of it twice."""
    event: Annotated[Label, ServerOwned()]
    subject: Annotated[Subject, ServerOwned()]
    title: Annotated[Title, ServerOwned()]
    body: Annotated[Line, ServerOwned()] = ""
    link: Annotated[Label, ServerOwned()] = ""
    """Where the subject is, from the root of the API's address."""
    is_read: Annotated[bool, ServerOwned()] = False
    read_at: Annotated[Moment | None, ServerOwned()] = None
    mail_due_at: Annotated[Moment | None, ServerOwned()] = None
    """From then on it goes out with the next mail; None: with none, or it is out already."""
    mailed_at: Annotated[Moment | None, ServerOwned()] = None

    class Settings:
        name = "notifications"
        indexes: ClassVar[list[IndexModel]] = [
            index("user_id", "event_id", unique=True),
            index("user_id", "_id"),
            index("user_id", "is_read", "_id"),
            index("mail_due_at", "user_id"),
            index("created_at", expire_after=90 * DAY_SECONDS),
        ]


class TellerPlace(Record):
    """How far everything that happened has been told. There is one such record.

    `position` moves in the transaction that writes what is told of the changes before it: a change
    is told when the position is behind it, never twice, however many tellers there are.
    """

    name: Annotated[Label, ServerOwned()]
    position: Annotated[Label, ServerOwned()] = ""
    """The resume token of the last change that was looked at; empty: from now on."""
    position_at: Annotated[Moment | None, ServerOwned()] = None
    """By the store's clock; where the store has forgotten the position, this says what is left."""
    holder: Annotated[Label, ServerOwned()] = ""
    lease_until: Annotated[Moment, ServerOwned()] = SOME_TIME

    class Settings:
        name = "tellers"
        indexes: ClassVar[list[IndexModel]] = [index("name", unique=True)]
