"""Identity: who there is, which workspaces they share, and the record of what people changed."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal, Self

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
from documents.secrets import Ciphertext
from documents.values import Count, FreeMap, Id, Label, Moment, Title, now

Role = Literal["user", "admin", "producer"]
Tier = Literal["free", "pro", "enterprise"]
MemberRole = Literal["owner", "editor", "viewer"]
Revocation = Literal["signed_out", "revoked", "reused", "password", "closed"]

KEY_SCOPE: Final = r"^(read|write):(\*|[a-z_]+)$"
"""What a key may do with which collection; writing includes reading."""
Email = Annotated[EmailStr, AfterValidator(str.lower), Field(max_length=255)]


class Preferences(Embedded):
    theme: Label = "system"
    notifications: bool = True
    language: Label = "en"


LIMITS: Final[Mapping[Tier, tuple[int | None, int | None]]] = {
    "free": (3, 5),
    "pro": (50, 50),
    "enterprise": (None, None),
}
"""Projects, and episodes of each; None is no limit."""


class Subscription(Embedded):
    """What the workspaces that this user owns may hold together; None is no limit."""

    tier: Tier = "free"
    max_projects: Count | None = 3
    max_episodes_per_project: Count | None = 5
    features: list[Label] = []

    @classmethod
    def of(cls, tier: Tier) -> Self:
        """What the tier comes with."""
        projects, episodes = LIMITS[tier]
        return cls(tier=tier, max_projects=projects, max_episodes_per_project=episodes)


class User(Record):
    """Somebody who can sign in."""

    email: Annotated[Email, ServerOwned()]
    """Changed by a message to the new address only."""
    email_verified_at: Annotated[Moment | None, ServerOwned()] = None
    name: Title
    password_hash: Annotated[str, ServerOwned(), Secret(), Field(max_length=255)]
    role: Annotated[Role, ServerOwned()] = "user"
    preferences: Preferences = Preferences()
    subscription: Annotated[Subscription, ServerOwned()] = Subscription()
    limit_turn: Annotated[Count, ServerOwned(), Secret()] = 0
    """Raised by whoever counts against the subscription, so that they do it one after another."""
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
    """An account on a publishing platform."""

    platform: Literal["youtube", "tiktok", "instagram", "facebook"]
    account_id: Label
    account_name: Label = ""
    credentials: Ciphertext
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
        pre_images = True
        indexes: ClassVar[list[IndexModel]] = [
            index("members.user_id", "_id"),
            index("created_by", "_id"),
            index("scheduling_weight", where={"scheduling_weight": {"$gt": 1}}),
            text_index("name"),
        ]


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
KeyScope = Annotated[str, Field(pattern=KEY_SCOPE, max_length=80)]


class ApiKey(Record):
    """A key of a REST client: shown once, kept as a hash."""

    workspace_id: Annotated[Id, Reference("workspaces", on_delete="cascade"), Fixed()]
    created_by: Annotated[Id, Reference("users", on_delete="cascade"), ServerOwned()]
    name: Title
    prefix: Annotated[str, ServerOwned(), Field(max_length=16)]
    """The first characters, by which people tell their keys apart."""
    key_hash: Annotated[Sha256, ServerOwned(), Secret()]
    scopes: Annotated[list[KeyScope], Field(min_length=1, max_length=50)] = ["read:*"]
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


class LoginSession(Record):
    """One sign-in: a family of refresh tokens, of which only the newest is good."""

    user_id: Annotated[Id, Reference("users", on_delete="cascade"), ServerOwned()]
    family_hash: Annotated[Sha256, ServerOwned(), Secret()]
    """Tells the session by what all its refresh tokens have in common."""
    token_hash: Annotated[Sha256, ServerOwned(), Secret()]
    """The refresh token that is good now."""
    previous_hash: Annotated[Sha256 | None, ServerOwned(), Secret()] = None
    """The one that was exchanged for it."""
    sealed_token: Annotated[Sha256 | None, ServerOwned(), Secret()] = None
    """The good one, readable by whoever holds the previous one; see app/identity/refreshing."""
    rotated_at: Annotated[Moment | None, ServerOwned()] = None
    user_agent: Annotated[Label, ServerOwned()] = ""
    address: Annotated[Label, ServerOwned()] = ""
    """The network address of the last use."""
    last_used_at: Annotated[Moment, ServerOwned()] = Field(default_factory=now)
    expires_at: Annotated[Moment, ServerOwned()]
    revoked_at: Annotated[Moment | None, ServerOwned()] = None
    revoked_because: Annotated[Revocation | None, ServerOwned()] = None

    class Settings:
        name = "login_sessions"
        indexes: ClassVar[list[IndexModel]] = [
            index("family_hash", unique=True),
            index("user_id", "_id"),
            index("expires_at", expire_after=0),
        ]


class OneTimeToken(Record):
    """What a message to an address carries, to prove that somebody reads there."""

    user_id: Annotated[Id, Reference("users", on_delete="cascade"), ServerOwned()]
    purpose: Annotated[Literal["verify_email", "reset_password"], ServerOwned()]
    email: Annotated[Email, ServerOwned()]
    """The address that it was sent to."""
    token_hash: Annotated[Sha256, ServerOwned(), Secret()]
    expires_at: Annotated[Moment, ServerOwned()]

    class Settings:
        name = "one_time_tokens"
        indexes: ClassVar[list[IndexModel]] = [
            index("token_hash", unique=True),
            index("user_id", "purpose"),
            index("expires_at", expire_after=0),
        ]


class Invitation(Record):
    """Somebody is asked by mail to join a workspace."""

    workspace_id: Annotated[Id, Reference("workspaces", on_delete="cascade"), ServerOwned()]
    created_by: Annotated[Id, Reference("users", on_delete="cascade"), ServerOwned()]
    email: Annotated[Email, Fixed()]
    role: Annotated[MemberRole, Fixed()] = "viewer"
    status: Annotated[Literal["pending", "accepted", "declined", "revoked"], ServerOwned()] = (
        "pending"
    )
    token_hash: Annotated[Sha256, ServerOwned(), Secret()]
    expires_at: Annotated[Moment, ServerOwned()]
    answered_at: Annotated[Moment | None, ServerOwned()] = None

    class Settings:
        name = "invitations"
        indexes: ClassVar[list[IndexModel]] = [
            index("token_hash", unique=True),
            index("workspace_id", "_id"),
            index("workspace_id", "email", unique=True, where={"status": "pending"}),
            index("created_by", "_id"),
            index("expires_at", expire_after=30 * 24 * 3600),
        ]


AuditAction = Literal["create", "change", "delete", "restore", "sign_in"]


class AuditActor(Embedded):
    """Who made a change; the account or key may be gone by now."""

    kind: Literal["user", "api_key", "assistant", "publisher", "system", "guest"]
    """A guest has no account, only an address that he was given."""
    id: Id | None = None
    """The person, also where a key or an assistant acts for him."""
    key_id: Id | None = None
    """The API key by which he asked."""


class AuditEntry(Record):
    """One change: append-only, sealed into the hash chain of its workspace."""

    workspace_id: Annotated[Id | None, Reference("workspaces"), ServerOwned()]
    subject: Annotated[Subject, ServerOwned()]
    action: Annotated[AuditAction, ServerOwned()]
    before: Annotated[FreeMap, ServerOwned(), OnRequest()] = {}
    """The changed fields as they were; secrets masked, what is long summarised."""
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
            index("workspace_id", "created_at", "_id", where={"sequence": None}),
            index("subject.id", "_id"),
            index("actor.id", "_id"),
        ]


class AuditChain(Record):
    """How far the chain of a workspace has come, and who seals it now.

    It lags behind the entries by one batch at most. What it names and the entries lack was taken
    away from the end of the chain.
    """

    workspace_id: Annotated[Id | None, Reference("workspaces"), ServerOwned()]
    sequence: Annotated[Count, ServerOwned()] = 0
    entry_hash: Annotated[str | None, ServerOwned()] = None
    sealer: Annotated[Label | None, ServerOwned()] = None
    leased_until: Annotated[Moment | None, ServerOwned()] = None
    """Until then no other sealer begins; that none seals out of turn is not left to it."""

    class Settings:
        name = "audit_chains"
        indexes: ClassVar[list[IndexModel]] = [index("workspace_id", unique=True)]
