"""The assistant: sessions of its users, and the older part of their conversations.

The newest turns stand in the session and roll into buckets, in the order they were said, so that
no conversation comes near the 16 MB that the store allows a document.
"""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

import bson
from bson.codec_options import CodecOptions
from bson.errors import InvalidDocument
from pydantic import AfterValidator, Field
from pymongo import IndexModel

from documents.base import (
    Embedded,
    Fixed,
    Flexible,
    Inherited,
    Record,
    Reference,
    ServerOwned,
    StoredDocument,
    index,
    unique_among_living,
)
from documents.values import TYPES, Count, FreeMap, Id, Label, Moment, now

SessionState = Literal["active", "paused", "completed", "error"]

TURNS_IN_SESSION: Final = 50
TURNS_IN_BUCKET: Final = 100
MAX_HISTORY_BYTES: Final = 8_000_000
"""How much of a conversation one document may hold, as BSON: half of what the store allows."""


class Turn(Embedded):
    """What one side said."""

    role: Literal["user", "assistant", "system"]
    content: Annotated[str, Field(max_length=100_000)]
    timestamp: Moment = Field(default_factory=now)
    metadata: FreeMap = {}


def stored_size(turns: Iterable[Turn]) -> int:
    """Bytes that these turns take in the store. Raises ValueError where it cannot hold them."""
    options: CodecOptions[StoredDocument] = CodecOptions(type_registry=TYPES)
    try:
        return sum(len(bson.encode(each.model_dump(), codec_options=options)) for each in turns)
    except (OverflowError, InvalidDocument) as exc:
        raise ValueError(f"cannot be stored: {exc}") from exc


def _fits(turns: list[Turn]) -> list[Turn]:
    if stored_size(turns) > MAX_HISTORY_BYTES:
        raise ValueError(f"more than {MAX_HISTORY_BYTES} bytes of conversation in one document")
    return turns


SessionTurns: TypeAlias = Annotated[
    list[Turn], ServerOwned(), Field(max_length=TURNS_IN_SESSION), AfterValidator(_fits)
]
BucketTurns: TypeAlias = Annotated[
    list[Turn], ServerOwned(), Field(max_length=TURNS_IN_BUCKET), AfterValidator(_fits)
]


class Context(Flexible):
    """What the conversation is about at the moment."""

    current_episode_id: Annotated[Id | None, Reference("episodes", on_delete="clear")] = None
    current_scene_id: Annotated[Id | None, Reference("scenes", on_delete="clear")] = None
    focus_character_id: Annotated[Id | None, Reference("characters", on_delete="clear")] = None
    workflow_state: FreeMap = {}
    user_preferences: FreeMap = {}


class Choice(Embedded):
    """One of the answers that the assistant offered."""

    choice_id: Label
    label: Label
    action: Label
    metadata: FreeMap = {}


class Session(Record):
    """A user's conversation with the assistant, and where it stands in the work."""

    workspace_id: Annotated[Id, Reference("workspaces"), Fixed()]
    user_id: Annotated[Id, Reference("users", on_delete="cascade"), ServerOwned()]
    project_id: Annotated[Id | None, Reference("projects", on_delete="cascade"), Fixed()] = None
    """None: about the workspace, or about a line that has no projects."""
    current_step: Label = ""
    conversation_history: SessionTurns = []
    """The newest turns; the API shows one continuous history."""
    bucket_count: Annotated[Count, ServerOwned()] = 0
    message_count: Annotated[Count, ServerOwned()] = 0
    """Turns of the whole conversation, here and in the buckets."""
    context_data: Context = Context()
    awaiting_user_input: Annotated[bool, ServerOwned()] = False
    last_choices: Annotated[list[Choice], ServerOwned(), Field(max_length=50)] = []
    session_state: Annotated[SessionState, ServerOwned()] = "active"

    class Settings:
        name = "sessions"
        indexes: ClassVar[list[IndexModel]] = [
            index("user_id", "session_state", "_id"),
            index("user_id", "_id"),
            index("project_id", "_id"),
            index("workspace_id", "session_state", "_id"),
            index("workspace_id", "_id"),
        ]


class MessageBucket(Record):
    """An older stretch of a conversation. Bucket 1 holds its beginning."""

    session_id: Annotated[Id, Reference("sessions", on_delete="cascade"), Fixed()]
    workspace_id: Annotated[Id, Reference("workspaces"), ServerOwned(), Inherited("session_id")]
    user_id: Annotated[
        Id, Reference("users", on_delete="cascade"), ServerOwned(), Inherited("session_id")
    ]
    bucket_number: Annotated[int, ServerOwned(), Field(ge=1)]
    messages: BucketTurns = []

    class Settings:
        name = "session_messages"
        indexes: ClassVar[list[IndexModel]] = [
            unique_among_living("workspace_id", "session_id", "bucket_number"),
            index("session_id", "bucket_number"),
            index("workspace_id", "_id"),
        ]
