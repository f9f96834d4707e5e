"""Refresh tokens: each is exchanged once, for the next.

A token is 16 bytes that all tokens of a session share (its family) and 32 that are its own, as
base64. The store keeps hashes. Whoever shows a token of the family that is neither the newest
nor the one before shows a copy: then the whole session ends, the thief's and the owner's.

Two tabs may refresh at once, and an answer may be lost on its way. So the token before is
answered for GRACE seconds with the same successor, which the store keeps sealed: XORed with a
hash of the token that was given for it, which the store does not know.
"""

import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from secrets import token_bytes
from typing import Final, Self

from app.identity.errors import RefreshRefused, RefreshReused
from app.identity.revoking import revoke_session
from documents.identity import LoginSession
from documents.values import Id, Label, now

GRACE: Final = timedelta(seconds=10)
MARK: Final = "blr_"
FAMILY_BYTES: Final = 16
SECRET_BYTES: Final = 32
LENGTH: Final = len(MARK) + (FAMILY_BYTES + SECRET_BYTES) * 4 // 3
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, repr=False)
class RefreshToken:
    """One token of a family."""

    family: bytes
    secret: bytes

    @classmethod
    def first(cls) -> Self:
        """The first of a new family."""
        return cls(token_bytes(FAMILY_BYTES), token_bytes(SECRET_BYTES))

    @classmethod
    def read(cls, text: str) -> Self:
        """The token that is written so. Raises RefreshRefused."""
        try:
            if not (text.startswith(MARK) and len(text) == LENGTH and text.isascii()):
                raise ValueError("not of our form")
            both = urlsafe_b64decode(text.removeprefix(MARK))
        except (Error, ValueError) as exc:
            raise RefreshRefused("This is no refresh token; sign in again.") from exc
        return cls(both[:FAMILY_BYTES], both[FAMILY_BYTES:])

    def __str__(self) -> str:
        return MARK + urlsafe_b64encode(self.family + self.secret).decode()

    @property
    def family_hash(self) -> str:
        return sha256(b"family" + self.family).hexdigest()

    @property
    def token_hash(self) -> str:
        return sha256(b"token" + self.family + self.secret).hexdigest()

    def successor(self) -> Self:
        """Another token of the family."""
        return type(self)(self.family, token_bytes(SECRET_BYTES))

    def sealed(self, successor: Self) -> str:
        """The successor, for the eyes of whoever holds this token."""
        return self._mixed(successor.secret).hex()

    def opened(self, sealed: str) -> Self:
        """The successor that was sealed with this token."""
        return type(self)(self.family, self._mixed(bytes.fromhex(sealed)))

    def _mixed(self, secret: bytes) -> bytes:
        pad = sha256(b"successor" + self.family + self.secret).digest()
        return bytes(one ^ other for one, other in zip(secret, pad, strict=True))


@dataclass(frozen=True, slots=True)
class SignIn:
    """A session and the token that keeps it going."""

    session: LoginSession
    token: RefreshToken


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request comes from, for people to tell their sessions apart."""

    address: Label = ""
    user_agent: Label = ""


def new_sign_in(user: Id, caller: Caller, lifetime: timedelta) -> SignIn:
    """A session that has to be written yet."""
    token = RefreshToken.first()
    session = LoginSession(
        user_id=user,
        family_hash=token.family_hash,
        token_hash=token.token_hash,
        user_agent=caller.user_agent,
        address=caller.address,
        expires_at=now() + lifetime,
    )
    return SignIn(session, token)


async def refresh(text: str, caller: Caller, lifetime: timedelta) -> SignIn:
    """Exchange the token for the next one. Raises RefreshRefused or RefreshReused."""
    given = RefreshToken.read(text)
    session = await _living(given)
    if session is None:
        raise RefreshRefused("The session of this token has ended; sign in again.")
    fresh, moment = given.successor(), now()
    exchange = {
        "token_hash": fresh.token_hash,
        "previous_hash": given.token_hash,
        "sealed_token": given.sealed(fresh),
        "rotated_at": moment,
        "last_used_at": moment,
        "expires_at": moment + lifetime,
        "address": caller.address,
        "user_agent": caller.user_agent,
    }
    # The condition decides which of several that show the same token exchanges it.
    unchanged = {"_id": session.id, "token_hash": given.token_hash, "revoked_at": None}
    exchanged = await LoginSession.advance_one(unchanged, {"$set": exchange})
    if exchanged is not None:
        return SignIn(exchanged, fresh)
    return await _shown_again(given)


async def _shown_again(given: RefreshToken) -> SignIn:
    """The same answer once more, or the end of the session."""
    session = await _living(given)
    if session is None:
        raise RefreshRefused("The session of this token has ended; sign in again.")
    if _within_grace(session, given) and session.sealed_token is not None:
        return SignIn(session, given.opened(session.sealed_token))
    await revoke_session(session.user_id, session.id, "reused")
    logger.warning("a refresh token of session %s was used again; it is revoked", session.id)
    raise RefreshReused("This token was exchanged before, so its session has ended; sign in again.")


async def _living(token: RefreshToken) -> LoginSession | None:
    """The session of this family, unless it has ended."""
    query = {"family_hash": token.family_hash, "revoked_at": None, "expires_at": {"$gt": now()}}
    return await LoginSession.first_in(True, query)


async def session_of(text: str) -> LoginSession | None:
    """The session that the token, of whatever age, belongs to."""
    try:
        token = RefreshToken.read(text)
    except RefreshRefused:
        return None
    return await LoginSession.first_in(True, {"family_hash": token.family_hash})


def _within_grace(session: LoginSession, given: RefreshToken) -> bool:
    return (
        session.previous_hash == given.token_hash
        and session.rotated_at is not None
        and session.rotated_at > now() - GRACE
    )
