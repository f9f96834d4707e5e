"""What identity holds open beside the parts of the whole API."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, Self

from fastapi import Depends, Request

from app.core.actor import Actor, SignedIn
from app.core.parts import parts_of
from app.identity.errors import AdministratorNeeded, PersonNeeded
from app.identity.refreshing import Caller
from app.identity.throttle import Throttle
from app.identity.tokens import Tokens
from app.mail.choice import mailer_of
from app.mail.mailer import Mailer
from app.settings import Settings

LONGEST_LABEL: Final = 255


@dataclass(frozen=True, slots=True)
class IdentityParts:
    """What routes about accounts need from outside."""

    settings: Settings
    tokens: Tokens
    throttle: Throttle
    mailer: Mailer

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """By the settings; nothing is connected before it is needed. Raises NotConfigured."""
        return cls(settings, Tokens.of(settings), Throttle(settings), mailer_of(settings))

    @property
    def session_lifetime(self) -> timedelta:
        return timedelta(days=self.settings.session_days)


async def identity_of(request: Request) -> IdentityParts:
    """Those of the application that serves this request."""
    return parts_of(request).identity


async def caller_of(request: Request) -> Caller:
    """Where the request comes from; behind a proxy the server must be told to trust its headers."""
    agent = request.headers.get("user-agent", "")
    printable = "".join(c for c in agent if c.isprintable())[:LONGEST_LABEL]
    return Caller(request.client.host if request.client else "", printable)


class SignedInPerson(SignedIn):
    """Finds the actor, and refuses API keys: they do not manage accounts, keys or members."""

    async def __call__(self, request: Request) -> Actor:
        """The actor. Raises NotSignedIn, PersonNeeded."""
        actor = await super().__call__(request)
        if actor.key_scopes is not None:
            raise PersonNeeded("An API key is not enough for this; sign in as a person.")
        return actor


class SignedInAdministrator(SignedInPerson):
    """Finds the actor, who has to be an administrator."""

    async def __call__(self, request: Request) -> Actor:
        """The actor. Raises NotSignedIn, PersonNeeded, AdministratorNeeded."""
        actor = await super().__call__(request)
        if not actor.is_admin:
            raise AdministratorNeeded("Only administrators may do this.")
        return actor


CurrentIdentity = Annotated[IdentityParts, Depends(identity_of)]
CurrentCaller = Annotated[Caller, Depends(caller_of)]
CurrentPerson = Annotated[Actor, Depends(SignedInPerson())]
CurrentAdministrator = Annotated[Actor, Depends(SignedInAdministrator())]
