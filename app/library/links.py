"""Public links to files: their signature says what they allow, deleting their record ends it."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, urlencode

from app.identity.tokens import older_keys, token_key
from app.library.signatures import Signatures
from app.settings import Settings
from documents.uploads import MediaLink
from documents.values import Id

PURPOSE: Final = b"backlot media links"
PATH: Final = "/api/v1/links"


class Links:
    """Makes addresses of public links and tells whether one is genuine."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._signatures = Signatures(keys, PURPOSE)

    @classmethod
    def of(cls, settings: Settings) -> "Links":
        """By the keys of the settings. Raises NotConfigured."""
        return cls([token_key(settings), *older_keys(settings)])

    def address(self, link: MediaLink, filename: str, public_url: str) -> str:
        """Where the file is for who has the link."""
        expires = int(link.expires_at.timestamp())
        signature = self._signatures.sign(_allowed(link.id, expires, link.download))
        query = urlencode({"expires": expires, "save": int(link.download), "signature": signature})
        return f"{public_url.rstrip('/')}{PATH}/{link.id}/{quote(filename, safe='')}?{query}"

    def check(self, key: Id, expires: int, save: bool, signature: str) -> None:
        """Raise NotFound for a link that we have not made, LinkOver for one that has expired."""
        self._signatures.check(_allowed(key, expires, save), expires, signature)


def _allowed(key: Id, expires: int, save: bool) -> str:
    return f"read {key} until {expires} save {int(save)}"
