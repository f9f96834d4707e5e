"""Identity: who there is, which workspaces they share, and the record of what people changed."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, EmailStr, Field
from pymongo import IndexModel

from documents.base import (
    Embedded,
    Fixed,
    Hold,
    OnRequest,
    Record,
    Reference,
    Secret,
    ServerOwned,
    Subject,
    index,
    text_index,
    unique_among_living,
    unique_where_given,
)
from documents.values import Count, FreeMap, Id, Label, Moment, Title

Role = Literal["user", "admin", "producer"]
Tier = Literal["free", "pro", "enterprise"]
MemberRole = Literal["owner", "editor", "viewer"]

Email = Annotated[EmailStr, AfterValidator(str.lower), Field(max_length=255)]


class Preferences(Embedded):
    theme: Label = "system"
    notifications: bool = True
    language: Label = "en"


class Subscription(Embedded):
    """What a workspace owned by this user may hold; None is no limit."""

    tier: Tier = "free"
    max_projects: Count | None = 3
    max_episodes_per_project: Count | None = 5
    features: list[Label] = []


class User(Record):
    """Somebody who can sign in."""

    email: Email
    name: Title
    password_hash: Annotated[str, ServerOwned(), Secret(), Field(max_length=255)]
    role: Annotated[Role, ServerOwned()] = "user"
    preferences: Preferences = Preferences()
    subscription: Annotated[Subscription, ServerOwned()] = Subscription()
    last_login_at: Annotated[Moment | None, ServerOwned()] = None

    class Settings:
        name = "users"
        indexes: ClassVar[list[IndexModel]] = [
            unique_among_living("email"),
            index("role"),
            index("subscription.tier"),
            index("-created_at", "_id"),
        ]


class Member(Embedded):
    user_id: Annotated[Id, Reference("users", on_delete="clear")]
    role: MemberRole = "viewer"


class PlatformConnection(Embedded):
    """An account on a publishing platform; its credentials are encrypted."""

    platform: Literal["youtube", "tiktok", "instagram", "facebook"]
    account_id: Label
    account_name: Label = ""
    credentials: Annotated[str, Secret()]
    expires_at: Moment | None = None


class Workspace(Record):
    """A studio: the circle that shares projects, channels, campaigns and media."""

    name: Title
    created_by: Annotated[Id, Reference("users"), ServerOwned()]
    is_personal: Annotated[bool, ServerOwned()] = False
    members: Annotated[list[Member], ServerOwned(), Field(min_length=1, max_length=500)]
    scheduling_weight: Annotated[int, ServerOwned(), Field(ge=1, le=100)] = 1
    """How much of the workers it gets beside others; changed by administrators."""
    hold: Annotated[Hold | None, ServerOwned()] = None
    """Somebody paused all its work."""
    connections: Annotated[list[PlatformConnection], ServerOwned(), Field(max_length=100)] = []

    class Settings:
        name = "workspaces"
        indexes: ClassVar[list[IndexModel]] = [
            index("members.user_id", "_id"),
            index("created_by", "_id"),
            index("scheduling_weight", where={"scheduling_weight": {"$gt": 1}}),
            text_index("name"),
        ]


class ApiKey(Record):
    """A key of a REST client: shown once, kept as a hash."""

    workspace_id: Annotated[Id, Reference("workspaces", on_delete="cascade"), Fixed()]
    created_by: Annotated[Id, Reference("users", on_delete="cascade"), ServerOwned()]
    name: Title
    prefix: Annotated[str, ServerOwned(), Field(max_length=16)]
    """The first characters, by which people tell their keys apart."""
    key_hash: Annotated[str, ServerOwned(), Secret(), Field(pattern=r"^[0-9a-f]{64}$")]
    scopes: Annotated[list[Label], Field(max_length=50)] = []
    expires_at: Moment | None = None
    last_used_at: Annotated[Moment | None, ServerOwned()] = None
    revoked_at: Annotated[Moment | None, ServerOwned()] = None

    class Settings:
        name = "api_keys"
        indexes: ClassVar[list[IndexModel]] = [
            index("key_hash", unique=True),
            index("workspace_id", "_id"),
            index("created_by", "_id"),
        ]


class AuditActor(Embedded):
    """Who made a change, as known at the time; the account may be gone."""

    kind: Literal["user", "api_key", "assistant", "publisher", "system"]
    id: Id | None = None
    name: Label = ""


class AuditEntry(Record):
    """One change: append-only, sealed into the hash chain of its workspace."""

    workspace_id: Annotated[Id | None, Reference("workspaces"), ServerOwned()]
    subject: Annotated[Subject, ServerOwned()]
    action: Annotated[Literal["create", "change", "delete", "restore", "sign_in"], ServerOwned()]
    before: Annotated[FreeMap, ServerOwned(), OnRequest()] = {}
    """The changed fields as they were; secrets masked."""
    after: Annotated[FreeMap, ServerOwned(), OnRequest()] = {}
    actor: Annotated[AuditActor, ServerOwned()]
    request_id: Annotated[Label | None, ServerOwned()] = None
    sequence: Annotated[Count | None, ServerOwned()] = None
    """The place in the chain; None until sealed."""
    previous_hash: Annotated[str | None, ServerOwned()] = None
    entry_hash: Annotated[str | None, ServerOwned()] = None

    class Settings:
        name = "audit_log"
        indexes: ClassVar[list[IndexModel]] = [
            index("workspace_id", "-created_at", "_id"),
            unique_where_given("workspace_id", "sequence", given="sequence", kind="number"),
            index("workspace_id", "_id", where={"sequence": None}),
            index("subject.id", "_id"),
            index("actor.id", "_id"),
        ]
