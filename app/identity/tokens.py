"""Access tokens: JWT signed with HS256, good for an hour or as the settings say."""

from datetime import UTC, datetime, timedelta
from typing import Final, Self

import jwt
from bson.errors import InvalidId

from app.core.errors import NotSignedIn
from app.settings import NotConfigured, Settings
from documents.values import Id

ALGORITHM: Final = "HS256"
ISSUER: Final = "backlot"
LEAST_BYTES: Final = 32
"""What RFC 7518 §3.2 asks for HS256."""


class Tokens:
    """Issues access tokens and reads them back."""

    def __init__(self, key: bytes, lifetime: timedelta) -> None:
        self._key, self.lifetime = key, lifetime

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """By the key and lifetime of the settings. Raises NotConfigured."""
        return cls(token_key(settings), timedelta(minutes=settings.access_token_minutes))

    def issue(self, user: Id) -> str:
        """A token of this user."""
        begun = datetime.now(UTC)
        claims = {"iss": ISSUER, "sub": str(user), "iat": begun, "exp": begun + self.lifetime}
        return jwt.encode(claims, self._key, ALGORITHM)

    def user_of(self, token: str) -> Id:
        """Whose token it is. Raises NotSignedIn."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={"require": ["exp", "iat", "sub"]},
            )
            return Id(claims["sub"])
        except jwt.ExpiredSignatureError as exc:
            raise NotSignedIn("The token has expired; sign in again.") from exc
        except (jwt.InvalidTokenError, InvalidId) as exc:
            raise NotSignedIn("The token is not one of ours.") from exc


def token_key(settings: Settings) -> bytes:
    """The key that signs tokens. Raises NotConfigured where it is missing or short."""
    key = settings.token_key.get_secret_value().encode() if settings.token_key else b""
    if len(key) < LEAST_BYTES:
        raise NotConfigured(
            f"BACKLOT_TOKEN_KEY must be set, to at least {LEAST_BYTES} bytes that nobody can "
            "guess: `openssl rand -base64 48` makes some; `backlot up` makes its own."
        )
    return key
