"""Access tokens: JWT signed with HS256, good for an hour or as the settings say.

Each names the key that signed it (`kid`), so that keys can change without signing anybody out:
the newest signs, the older ones are still believed until what they signed has expired.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Self

import jwt
from bson.errors import InvalidId

from app.core.errors import NotSignedIn
from app.settings import NotConfigured, Settings
from documents.values import Id

ALGORITHM: Final = "HS256"
ISSUER: Final = "backlot"
LEAST_BYTES: Final = 32
"""What RFC 7518 §3.2 asks for HS256."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says."""

    user: Id
    session: Id | None
    """The sign-in that it came from; a token that the installation made itself has none."""


class Tokens:
    """Issues access tokens and reads them back."""

    def __init__(self, key: bytes, lifetime: timedelta, older: Iterable[bytes] = ()) -> None:
        self._key, self.lifetime = key, lifetime
        self._known = {key_id(each): each for each in (key, *older)}

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """By the keys and lifetime of the settings. Raises NotConfigured."""
        lifetime = timedelta(minutes=settings.access_token_minutes)
        return cls(token_key(settings), lifetime, older_keys(settings))

    def issue(self, user: Id, session: Id | None = None) -> str:
        """A token of this user, good as long as the session is not revoked."""
        begun = datetime.now(UTC)
        claims = {"iss": ISSUER, "sub": str(user), "iat": begun, "exp": begun + self.lifetime}
        if session is not None:
            claims["sid"] = str(session)
        return jwt.encode(claims, self._key, ALGORITHM, headers={"kid": key_id(self._key)})

    def read(self, token: str) -> Claims:
        """What the token says. Raises NotSignedIn."""
        try:
            claims = jwt.decode(
                token,
                self._key_of(token),
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={"require": ["exp", "iat", "sub"]},
            )
            return Claims(Id(claims["sub"]), _optional_id(claims.get("sid")))
        except jwt.ExpiredSignatureError as exc:
            raise NotSignedIn("The token has expired; refresh it or sign in again.") from exc
        except (jwt.InvalidTokenError, InvalidId, TypeError) as exc:
            raise NotSignedIn("The token is not one of ours.") from exc

    def _key_of(self, token: str) -> bytes:
        key = self._known.get(str(jwt.get_unverified_header(token).get("kid")))
        if key is None:
            raise jwt.InvalidTokenError("signed with none of our keys")
        return key


def key_id(key: bytes) -> str:
    """The name of a key, which says nothing about it."""
    return sha256(b"backlot token key " + key).hexdigest()[:16]


def token_key(settings: Settings) -> bytes:
    """The key that signs tokens. Raises NotConfigured where it is missing or short."""
    key = settings.token_key.get_secret_value().encode() if settings.token_key else b""
    if len(key) < LEAST_BYTES:
        raise NotConfigured(
            f"BACKLOT_TOKEN_KEY must be set, to at least {LEAST_BYTES} bytes that nobody can "
            "guess: `openssl rand -base64 48` makes some; `backlot up` makes its own."
        )
    return key


def older_keys(settings: Settings) -> list[bytes]:
    """Keys that signed before. Raises NotConfigured where one is short."""
    given = settings.token_keys_old.get_secret_value().split(",")
    keys = [each.strip().encode() for each in given if each.strip()]
    if any(len(each) < LEAST_BYTES for each in keys):
        raise NotConfigured(
            "BACKLOT_TOKEN_KEYS_OLD holds a key that never was one: each between two commas has "
            f"at least {LEAST_BYTES} bytes."
        )
    return keys


def _optional_id(value: Any) -> Id | None:
    return None if value is None else Id(value)
