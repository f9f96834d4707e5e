"""Who a request speaks for, remembered between requests."""

from collections.abc import Iterable
from functools import partial
from typing import Final

from app.core.actor import Actor
from app.core.cache import Cache
from app.core.observing import signed_in_as
from app.identity.secrets import digest
from app.identity.service import KEY_MARK, actor_of, actor_of_key
from app.identity.tokens import Tokens
from app.limits.service import Limits
from documents.values import Id

KEY_SECONDS: Final = 5.0
"""How long a key is believed before it is looked up again: no change tells that it expires."""


class Authentication:
    """From a bearer token or API key to the actor.

    The signature and the age of a token are checked each time; how far its user reaches comes from
    the cache. Whoever is recognised is told to the log, and charged for his requests from now on.
    """

    def __init__(self, tokens: Tokens, cache: Cache, limits: Limits | None) -> None:
        self._tokens, self._cache, self._limits = tokens, cache, limits

    async def __call__(self, token: str) -> Actor:
        """The actor. Raises NotSignedIn."""
        if token.startswith(KEY_MARK):
            load = partial(actor_of_key, token)
            actor = await self._cache.get(
                "keys", digest(token), load, records_of, seconds=KEY_SECONDS
            )
        else:
            claims = self._tokens.read(token)
            load = partial(actor_of, claims.user, claims.session)
            actor = await self._cache.get("actors", (claims.user, claims.session), load, records_of)
        if self._limits is not None:
            self._limits.remember(token, str(actor.key or actor.id))
        signed_in_as(actor.id)
        return actor


def records_of(actor: Actor) -> Iterable[Id]:
    """The records that say how far the actor reaches."""
    own = (actor.id, actor.session, actor.key)
    return *(each for each in own if each is not None), *actor.workspaces, *actor.projects
