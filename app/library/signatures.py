"""Signed addresses: what one allows is in its signature, so that guessing costs the store nothing.

Their keys are derived from those that sign access tokens: with these they are exchanged, too.
"""

import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from app.core.errors import NotFound
from app.library.errors import LinkOver
from documents.values import now


class Signatures:
    """Signs what addresses allow; each purpose has keys of its own."""

    def __init__(self, keys: Sequence[bytes], purpose: bytes) -> None:
        """`keys` are the newest one, and those that are still believed."""
        self._keys = [hmac.digest(key, purpose, sha256) for key in keys]

    def sign(self, allowed: str) -> str:
        """The signature, made with the newest key."""
        return _signed(self._keys[0], allowed)

    def check(self, allowed: str, expires: int, signature: str) -> None:
        """Raise NotFound for what we have not signed, LinkOver for what has expired."""
        given = signature.encode()
        genuine = [_signed(each, allowed).encode() for each in self._keys]
        if not any(hmac.compare_digest(each, given) for each in genuine):
            raise NotFound("There is no such link.")
        if datetime.fromtimestamp(expires, UTC) <= now():
            raise LinkOver("The link has expired; ask for a new one.")


def _signed(secret: bytes, allowed: str) -> str:
    return hmac.new(secret, allowed.encode(), sha256).hexdigest()
