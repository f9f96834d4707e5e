"""Where the next page begins: opaque to clients, signed, and good for one list only."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Any, Final

import bson
from bson.codec_options import CodecOptions

from app.core.errors import BadQuery
from documents.base import StoredDocument

SIGNATURE_BYTES: Final = 16
LONGEST: Final = 8_192
AWARE: Final[CodecOptions[StoredDocument]] = CodecOptions(tz_aware=True)


class Cursors:
    """Makes and reads cursors. A cursor holds the last row's place, its signature the list."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"backlot cursors", "sha256")

    def written(self, listing: str, place: list[Any]) -> str:
        """The cursor that stands behind this place of the list."""
        content = bson.encode({"place": place})
        return urlsafe_b64encode(self._signature(listing, content) + content).decode().rstrip("=")

    def read(self, listing: str, cursor: str) -> list[Any]:
        """The place behind which to go on. Raises BadQuery unless it is ours, of this list."""
        content, signature = b"", b""
        if len(cursor) <= LONGEST and cursor.isascii():
            try:
                raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
                signature, content = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
            except ValueError:
                pass
        if not hmac.compare_digest(signature, self._signature(listing, content)):
            raise BadQuery(
                "`after` takes the `next` of a page of the same list: same path, filters and sort."
            )
        place: list[Any] = bson.decode(content, AWARE)["place"]
        return place

    def _signature(self, listing: str, content: bytes) -> bytes:
        signed = len(listing.encode()).to_bytes(4, "big") + listing.encode() + content
        # Keyed BLAKE2 (RFC 7693) takes a tenth of the time of an HMAC, which every page would pay.
        return blake2b(signed, key=self._key, digest_size=SIGNATURE_BYTES).digest()
