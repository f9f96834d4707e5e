"""The plain routes of webhooks, their deliveries, and notifications."""

from typing import Final

from app.core.resource import READ_ONLY, Resource
from app.telling import access
from documents.telling import Notification, Webhook, WebhookDelivery

LINE: Final = "telling"
WEBHOOKS: Final = Resource(
    Webhook,
    path="webhooks",
    line=LINE,
    access=access.WEBHOOKS,
    filters=("workspace_id",),
    verbs=(*READ_ONLY, "delete"),
)
DELIVERIES: Final = Resource(
    WebhookDelivery,
    path="webhook-deliveries",
    line=LINE,
    access=access.DELIVERIES,
    filters=("webhook_id", "workspace_id", "state"),
)
NOTIFICATIONS: Final = Resource(
    Notification,
    path="notifications",
    line=LINE,
    access=access.NOTIFICATIONS,
    filters=("is_read",),
    verbs=(*READ_ONLY, "delete"),
)
RESOURCES: Final = (WEBHOOKS, DELIVERIES, NOTIFICATIONS)
