"""Events: what has happened, in words for programs and for people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from app.core.answer import dumps
from documents.base import Subject
from documents.values import Id


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened to a subject, once."""

    name: str
    key: str
    """The same for the same happening, however often it is looked at."""
    workspace_id: Id
    subject: Subject
    at: datetime
    data: Mapping[str, Any]
    """What programs are told; thin, since it may travel far."""
    title: str
    body: str = ""
    link: str = ""
    users: frozenset[Id] = field(default=frozenset())
    """Whom it concerns in person."""

    @property
    def id(self) -> str:
        """The key, fit for a header of HTTP."""
        return f"evt_{sha256(f'{self.name}:{self.key}'.encode()).hexdigest()[:32]}"

    @property
    def payload(self) -> dict[str, Any]:
        """The message of a webhook, as JSON has it."""
        told = {"type": self.name, "timestamp": self.at, "data": self.data}
        payload: dict[str, Any] = orjson.loads(dumps(told))
        return payload
