"""Who a request speaks for, remembered between requests."""

import time
from collections.abc import Iterable
from functools import partial
from typing import Final

import jwt

from app.core.actor import Actor
from app.core.cache import Cache
from app.core.observing import signed_in_as
from app.identity.secrets import digest
from app.identity.service import KEY_MARK, actor_of, actor_of_key
from app.identity.tokens import Claims, Tokens
from app.limits.service import Limits
from documents.values import Id

MOST_TOKENS: Final = 10_000
KEY_SECONDS: Final = 5.0
"""How long a key is believed before it is looked up again: no change tells that it expires."""


class Authentication:
    """From a bearer token or API key to the actor.

    The signature of a token is checked once and its age each time; how far its user reaches, and
    whether his session has ended, comes from the cache. Whoever is recognised is told to the log,
    and charged for his requests from now on.
    """

    def __init__(self, tokens: Tokens, cache: Cache, limits: Limits | None) -> None:
        self._tokens, self._cache, self._limits = tokens, cache, limits
        self._claims: dict[str, tuple[Claims, float]] = {}

    async def __call__(self, token: str) -> Actor:
        """The actor. Raises NotSignedIn."""
        if token.startswith(KEY_MARK):
            load = partial(actor_of_key, token)
            actor = await self._cache.get(
                "keys", digest(token), load, records_of, seconds=KEY_SECONDS
            )
        else:
            claims = self._claims_of(token)
            load = partial(actor_of, claims.user, claims.session)
            actor = await self._cache.get("actors", (claims.user, claims.session), load, records_of)
        if self._limits is not None:
            self._limits.remember(token, str(actor.key or actor.id))
        signed_in_as(actor.id)
        return actor

    def _claims_of(self, token: str) -> Claims:
        """What the token says. Raises NotSignedIn."""
        name = digest(token)
        claims, until = self._claims.get(name, (None, 0.0))
        if claims is not None and time.time() < until:
            return claims
        self._claims.pop(name, None)
        claims = self._tokens.read(token)
        # The signature has just been found good; the age is all that is left to know.
        until = float(jwt.decode(token, options={"verify_signature": False})["exp"])
        if len(self._claims) >= MOST_TOKENS:
            del self._claims[next(iter(self._claims))]
        self._claims[name] = claims, until
        return claims


def records_of(actor: Actor) -> Iterable[Id]:
    """The records that say how far the actor reaches."""
    own = (actor.id, actor.session, actor.key)
    return *(each for each in own if each is not None), *actor.workspaces, *actor.projects
