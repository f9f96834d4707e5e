"""What clients and server say to each other; docs/live.md tells the conversation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from app.core.positions import is_cursor
from app.live.events import Event
from app.live.watched import FOLLOWED, Topic
from documents.values import Id

MOST_SUBSCRIPTIONS: Final = 100


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _followed(name: str) -> str:
    if name not in FOLLOWED:
        raise ValueError(f"one of {', '.join(sorted(FOLLOWED))}")
    return name


class Subject(_Message):
    """A record to follow."""

    collection: Annotated[str, AfterValidator(_followed)] = Field(examples=["pipelines"])
    id: Id

    @property
    def topic(self) -> Topic:
        return self.collection, self.id


Subjects: TypeAlias = Annotated[list[Subject], Field(max_length=MOST_SUBSCRIPTIONS)]


def _cursor(text: str) -> str:
    if not is_cursor(text):
        raise ValueError("not a cursor of ours")
    return text


class Hello(_Message):
    """The first message of a client. With a cursor it goes on where that stands."""

    type: Literal["hello"]
    token: Annotated[str, Field(max_length=8_192)]
    cursor: Annotated[str, AfterValidator(_cursor)] | None = None
    subscriptions: Subjects = []


class Subscribe(_Message):
    """Follow more; each begins with its state."""

    type: Literal["subscribe"]
    subscriptions: Subjects


class Unsubscribe(_Message):
    """Follow less."""

    type: Literal["unsubscribe"]
    subscriptions: Subjects


class NewToken(_Message):
    """A fresh token of the same user, before the old one expires."""

    type: Literal["token"]
    token: Annotated[str, Field(max_length=8_192)]


class Ping(_Message):
    """Asks for a `pong`."""

    type: Literal["ping"]


class Pong(_Message):
    """Answers a `ping` of the server."""

    type: Literal["pong"]


Spoken: TypeAlias = Annotated[
    Subscribe | Unsubscribe | NewToken | Ping | Pong, Field(discriminator="type")
]
HELLO: Final = TypeAdapter(Hello)
SPOKEN: Final[TypeAdapter[Subscribe | Unsubscribe | NewToken | Ping | Pong]] = TypeAdapter(Spoken)


class LiveEvent(BaseModel):
    """One change of a record, as clients read it."""

    cursor: str
    type: str = Field(examples=["task.updated"])
    subject: dict[str, str] = Field(examples=[{"collection": "tasks", "id": "6b00e5ee19b95d31ba"}])
    parents: dict[str, str] = Field(examples=[{"project_id": "6b00e5ee19b95d31bacaf00d"}])
    at: datetime
    data: dict[str, Any]
    """A merge patch (RFC 7396) of the record's shown fields."""


@dataclass(frozen=True, slots=True)
class Events:
    """Some events in their order."""

    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Notice:
    """Anything else that the server says: `resync`, `access_lost`, `ping`, `closing`."""

    type: str
    cursor: str | None = None
    members: dict[str, Any] | None = None

    def shown(self) -> dict[str, Any]:
        """As JSON shows it."""
        place = {} if self.cursor is None else {"cursor": self.cursor}
        return {"type": self.type, **place, **(self.members or {})}


Message: TypeAlias = Events | Notice
