"""What happened, as it is told to clients."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from app.core.answer import dumps
from app.live.watched import Topic
from documents.base import StoredDocument
from documents.values import Id


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record belongs; shared by all events about it."""

    subject: Topic
    parents: Mapping[str, Id]
    """By field name."""
    topics: tuple[Topic, ...]
    """What has to be followed to hear of the record."""
    scope: StoredDocument | None
    """The fields that access rules ask for; None where they are not known: then only who follows
    the record itself, and was checked, hears of it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One change, encoded once for everybody who hears of it."""

    cursor: str
    type: str
    place: Place
    is_progress: bool
    """A later one about the same record makes this one needless."""
    json: bytes

    @classmethod
    def about(
        cls,
        place: Place,
        *,
        cursor: str,
        type: str,
        at: datetime,
        data: StoredDocument,
        is_progress: bool = False,
    ) -> "Event":
        """The event of a change; `data` is a merge patch (RFC 7396) of what clients know."""
        collection, key = place.subject
        shown: dict[str, Any] = {
            "cursor": cursor,
            "type": type,
            "subject": {"collection": collection, "id": key},
            "parents": place.parents,
            "at": at,
            "data": data,
        }
        return cls(cursor, type, place, is_progress, dumps(shown))


@dataclass(frozen=True, slots=True)
class AccessChange:
    """Somebody may see more or less: a user, sign-in, key, project or workspace has changed."""

    cursor: str
    topic: Topic


Happening: TypeAlias = Event | AccessChange
