"""Who is asking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal, TypeAlias

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from app.core.errors import NotSignedIn, Refusal
from app.core.parts import parts_of
from documents.identity import MemberRole, Role
from documents.values import Id

KeyVerb: TypeAlias = Literal["read", "write"]


class ScopeMissing(Refusal):
    """The API key does not have the scope that this needs."""

    status, code = 403, "scope_missing"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in user, or an API key in his name, and how far he reaches."""

    id: Id
    role: Role = "user"
    workspaces: Mapping[Id, MemberRole] = field(default_factory=dict)
    """The workspaces he is a member of, and as what."""
    projects: tuple[Id, ...] = ()
    """Projects that he may change though his part in their workspace does not say so: he is a
    collaborator, or made the project himself."""
    session: Id | None = None
    """The sign-in that he asks by."""
    key: Id | None = None
    """The API key that asks in his name, within one workspace and within `key_scopes`."""
    key_scopes: frozenset[str] | None = None
    """None where no key asks."""

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    def member_as(self, *roles: MemberRole) -> list[Id]:
        """The workspaces in which he has one of these roles."""
        return [key for key, role in self.workspaces.items() if role in roles]


def allows(actor: Actor, verb: KeyVerb, collection: str) -> bool:
    """Whether the key that asks, if one does, may do this; who may do it is the rules' business.

    Writing includes reading, since what is written is answered.
    """
    if actor.key_scopes is None:
        return True
    verbs = ("read", "write") if verb == "read" else ("write",)
    return any(f"{each}:{name}" in actor.key_scopes for each in verbs for name in ("*", collection))


def demand(actor: Actor, verb: KeyVerb, collection: str) -> None:
    """Raise ScopeMissing where `allows` says no."""
    if not allows(actor, verb, collection):
        raise ScopeMissing(
            f"The API key lacks the scope {verb}:{collection}.",
            allowed=sorted(actor.key_scopes or ()),
        )


class SignedIn(SecurityBase):
    """Finds the actor by the bearer token; FastAPI shows it as a security scheme."""

    model = HTTPBearer(description="The access token of /auth/login, or an API key.")
    scheme_name = "bearer"

    async def __call__(self, request: Request) -> Actor:
        """The actor. Raises NotSignedIn."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotSignedIn("Send a token of /auth/login as `Authorization: Bearer TOKEN`.")
        return await parts_of(request).authenticate(token)


CurrentActor = Annotated[Actor, Depends(SignedIn())]
