"""Public links to files: what they allow is in their signature, and deleting their record ends it.

A signature is checked before anything is looked up, so that guessing costs the store nothing. The
keys are derived from those that sign access tokens: with these they are exchanged, too.
"""

import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from urllib.parse import quote, urlencode

from app.core.errors import NotFound
from app.identity.tokens import older_keys, token_key
from app.library.errors import LinkOver
from app.settings import Settings
from documents.uploads import MediaLink
from documents.values import Id, now

PURPOSE: Final = b"backlot media links"
PATH: Final = "/api/v1/links"


class Links:
    """Makes addresses of public links and tells whether one is genuine."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = [hmac.digest(key, PURPOSE, sha256) for key in keys]

    @classmethod
    def of(cls, settings: Settings) -> "Links":
        """By the keys of the settings. Raises NotConfigured."""
        return cls([token_key(settings), *older_keys(settings)])

    def address(self, link: MediaLink, filename: str, public_url: str) -> str:
        """Where the file is for who has the link."""
        expires = int(link.expires_at.timestamp())
        signature = self._signed(self._keys[0], link.id, expires, link.download)
        query = urlencode({"expires": expires, "save": int(link.download), "signature": signature})
        return f"{public_url.rstrip('/')}{PATH}/{link.id}/{quote(filename, safe='')}?{query}"

    def check(self, key: Id, expires: int, save: bool, signature: str) -> None:
        """Raise NotFound for a link that we have not made, LinkOver for one that has expired."""
        given = signature.encode()
        genuine = [self._signed(each, key, expires, save).encode() for each in self._keys]
        if not any(hmac.compare_digest(each, given) for each in genuine):
            raise NotFound("There is no such link.")
        if datetime.fromtimestamp(expires, UTC) <= now():
            raise LinkOver("The link has expired; ask for a new one.")

    @staticmethod
    def _signed(secret: bytes, key: Id, expires: int, save: bool) -> str:
        allowed = f"read {key} until {expires} save {int(save)}".encode()
        return hmac.new(secret, allowed, sha256).hexdigest()
