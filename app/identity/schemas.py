"""What clients send and get when they sign in."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from app.core.schemas import read_schema
from app.identity.passwords import GivenPassword, Password
from documents.identity import Email, MemberRole, User
from documents.values import Id, Title


class Registration(BaseModel):
    """A new account."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[Email, Field(examples=["ada@example.com"])]
    name: Annotated[Title, Field(examples=["Ada"])]
    password: Password


class Login(BaseModel):
    """Who wants to sign in."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(max_length=255, examples=["ada@example.com"])]
    password: GivenPassword


class Membership(BaseModel):
    """A workspace and one's part in it."""

    id: Id
    name: str
    role: MemberRole
    is_personal: bool


class Token(BaseModel):
    """What to send as `Authorization: Bearer …`."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int
    """Seconds."""


Me: Any = create_model("Me", __base__=read_schema(User), workspaces=(list[Membership], ...))


class SignedInAs(Token):
    """A token and whose it is."""

    user: Me
