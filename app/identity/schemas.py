"""What clients send and get about accounts, sessions, keys and workspaces."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from app.core.schemas import read_schema
from app.identity.passwords import GivenPassword, Password
from documents.identity import ApiKey, Email, KeyScope, MemberRole, Role, Tier, User
from documents.values import Id, Moment, Title

Secret = Annotated[str, Field(min_length=1, max_length=128)]
"""A token of ours as clients send it back."""


class Given(BaseModel):
    """What clients send; nothing else is taken."""

    model_config = ConfigDict(extra="forbid")


class Registration(Given):
    """A new account."""

    email: Annotated[Email, Field(examples=["ada@example.com"])]
    name: Annotated[Title, Field(examples=["Ada"])]
    password: Password


class Login(Given):
    """Who wants to sign in."""

    email: Annotated[str, Field(max_length=255, examples=["ada@example.com"])]
    password: GivenPassword


class RefreshGiven(Given):
    """The refresh token that came with the last answer; it is good once."""

    refresh_token: Annotated[Secret, Field(examples=["blr_" + "A" * 64])]


class PasswordChange(Given):
    """The password of now, and the one to come."""

    current_password: GivenPassword
    new_password: Password


class PasswordGiven(Given):
    """The password once more, for what cannot be taken back easily."""

    password: GivenPassword


class EmailChange(Given):
    """A new address, and the password once more."""

    email: Annotated[Email, Field(examples=["ada@example.org"])]
    password: GivenPassword


class EmailGiven(Given):
    """The address of an account."""

    email: Annotated[str, Field(max_length=255, examples=["ada@example.com"])]


class TokenGiven(Given):
    """The token of a mail."""

    token: Annotated[Secret, Field(examples=["pQd1mGfI6S3wAiPOzQY0cQZ3CSm0F4GwRTVfJ8V9bEs"])]


class PasswordReset(TokenGiven):
    """The token of a mail, and a new password."""

    password: Password


class WorkspaceGiven(Given):
    """A workspace to share."""

    name: Annotated[Title, Field(examples=["Fox Films"])]


class InvitationGiven(Given):
    """Whom to ask, and what he is to be."""

    email: Annotated[Email, Field(examples=["grace@example.com"])]
    role: MemberRole = "viewer"


class RoleGiven(Given):
    """A member's part."""

    role: MemberRole


class KeyGiven(Given):
    """A key for one's part in a workspace."""

    workspace_id: Id
    name: Annotated[Title, Field(examples=["Nightly export"])]
    scopes: Annotated[
        list[KeyScope], Field(min_length=1, max_length=50, examples=[["read:*", "write:projects"]])
    ]
    """`read:` or `write:` and a collection, or `*` for all; writing includes reading."""
    expires_at: Moment | None = None


class Administration(Given):
    """What administrators decide; at least one of them."""

    role: Role | None = None
    tier: Tier | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.role is None and self.tier is None:
            raise ValueError("give a role or a tier")
        return self


class Membership(BaseModel):
    """A workspace and one's part in it."""

    id: Id
    name: str
    role: MemberRole
    is_personal: bool


class MemberRead(BaseModel):
    """Somebody in a workspace; owners also see the address."""

    user_id: Id
    name: str
    role: MemberRole
    email: str | None = None


class Members(BaseModel):
    """Everybody in a workspace."""

    data: list[MemberRead]


class SessionRead(BaseModel):
    """One place where somebody is signed in."""

    id: Id
    user_agent: str
    address: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool
    """Whether this request came by it."""


class Sessions(BaseModel):
    """Everywhere where one is signed in, newest first."""

    data: list[SessionRead]


class Token(BaseModel):
    """What to send as `Authorization: Bearer …`, and what to exchange for the next one."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    """Seconds."""
    refresh_token: str
    """Good once; the answer to it brings the next."""
    refresh_expires_in: int
    """Seconds."""
    session_id: Id


Me: Any = create_model("Me", __base__=read_schema(User), workspaces=(list[Membership], ...))
NewKeyRead: Any = create_model("NewApiKey", __base__=read_schema(ApiKey), key=(str, ...))
KeysRead: Any = create_model("ApiKeys", data=(list[read_schema(ApiKey)], ...))  # type: ignore[misc, arg-type]


class SignedInAs(Token):
    """Tokens and whose they are."""

    user: Me
