"""Who is asking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from app.core.errors import NotSignedIn
from app.core.parts import parts_of
from documents.identity import MemberRole, Role
from documents.values import Id


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in user and how far he reaches."""

    id: Id
    role: Role = "user"
    workspaces: Mapping[Id, MemberRole] = field(default_factory=dict)
    """The workspaces he is a member of, and as what."""
    projects: tuple[Id, ...] = ()
    """Projects that he may change though his part in their workspace does not say so: he is a
    collaborator, or made the project himself."""

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    def member_as(self, *roles: MemberRole) -> list[Id]:
        """The workspaces in which he has one of these roles."""
        return [key for key, role in self.workspaces.items() if role in roles]


class SignedIn(SecurityBase):
    """Finds the actor by the bearer token; FastAPI shows it as a security scheme."""

    model = HTTPBearer(bearerFormat="JWT", description="The token of /auth/login.")
    scheme_name = "bearer"

    async def __call__(self, request: Request) -> Actor:
        """The actor. Raises NotSignedIn."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotSignedIn("Send a token of /auth/login as `Authorization: Bearer TOKEN`.")
        return await parts_of(request).authenticate(token)


CurrentActor = Annotated[Actor, Depends(SignedIn())]
