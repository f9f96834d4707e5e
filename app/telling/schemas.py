"""What clients get about webhooks and notifications."""

from typing import Any, Final

from pydantic import BaseModel, create_model

from app.core.schemas import read_schema
from documents.telling import Webhook


class SecretRead(BaseModel):
    """What signs the messages from now on; shown this once."""

    secret: str


class UnreadCount(BaseModel):
    """How many notifications nobody has looked at."""

    unread: int


class ReadCount(BaseModel):
    """How many notifications became read by the request."""

    read: int


NewWebhookRead: Final[Any] = create_model(
    "NewWebhook", __base__=read_schema(Webhook), secret=(str, ...)
)
