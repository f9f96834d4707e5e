"""What is known of an object in the store."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A file that is in the store now, whole and checked."""

    key: str
    sha256: str
    """In hex."""
    size: int
    """In bytes."""
    content_type: str
    created: bool
    """False where the store had this content already and nothing was written."""


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """What the store says of an object without sending it."""

    key: str
    size: int
    """In bytes."""
    modified: datetime
    content_type: str | None = None
    """None in listings, which do not tell it."""
