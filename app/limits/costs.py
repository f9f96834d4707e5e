"""What a request costs in tokens, and how large it may be.

A token is about one read by id. What the rate of a caller is spent on is decided before the route
is known, so these rules go by method, path and headers.
"""

import re
from collections.abc import Iterable
from typing import Final

from starlette.types import Scope

PLAIN: Final = 1
COUNTED: Final = 2
"""A list with `count=true`."""
SEARCH: Final = 3
"""A text search by `q=`."""
BULK: Final = 10
"""Up to 500 records at once."""
EXPORT: Final = 20
"""A whole list as NDJSON."""

BULK_PATHS: Final = ("/bulk", "/bulk-delete")
BULK_BYTES: Final = 8 * 1024 * 1024
"""What a body of many records may hold."""
CONTENT_PATH: Final = re.compile(r"/uploads/[0-9a-f]{24}/content")
CONTENT_BYTES: Final = 50 * 1024**3
"""What a file sent through the API may have; it is passed on as it comes."""


def tokens_of(scope: Scope) -> int:
    """How many tokens the request, or the handshake of a WebSocket, costs."""
    if scope["type"] == "websocket":
        return PLAIN
    if scope["method"] == "POST":
        return BULK if scope["path"].endswith(BULK_PATHS) else PLAIN
    if scope["method"] != "GET":
        return PLAIN
    query: bytes = scope["query_string"]
    cost = PLAIN
    if query:
        if query.startswith(b"q=") or b"&q=" in query:
            cost = SEARCH
        elif b"count=true" in query:
            cost = COUNTED
    return EXPORT if _asks_for_all(scope["headers"]) else cost


def bytes_of(path: str, usual: int) -> int:
    """How many bytes the body of a request to this path may have."""
    if path.endswith("/content") and CONTENT_PATH.search(path):
        return CONTENT_BYTES
    return max(usual, BULK_BYTES) if path.endswith(BULK_PATHS) else usual


def _asks_for_all(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(
        name == b"accept" and value.startswith(b"application/x-ndjson") for name, value in headers
    )
