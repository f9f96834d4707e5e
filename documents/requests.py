"""Requests that clients may safely repeat."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pymongo import IndexModel

from documents.base import Record, index
from documents.values import Id, Label, Moment


class IdempotentRequest(Record):
    """A POST with an `Idempotency-Key`, and its answer: kept for a day, replayed when repeated."""

    actor_id: Id
    """Whose key it is: a user's, or an API key's."""
    key: Label
    method: Label
    path: Annotated[str, Field(max_length=2_000)]
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of the body: the same key with another body is refused."""
    state: Literal["running", "answered"] = "running"
    status: Annotated[int, Field(ge=100, le=599)] | None = None
    headers: dict[str, str] = {}
    body: bytes | None = None
    expires_at: Moment

    class Settings:
        name = "idempotent_requests"
        indexes: ClassVar[list[IndexModel]] = [
            index("actor_id", "key", unique=True),
            index("expires_at", expire_after=0),
        ]
