"""Sending the bytes of a stored file, or a range of them, as players ask for it (RFC 9110)."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.core.answer import names
from app.core.errors import refused
from app.core.storage import Storage, content_disposition
from app.library.errors import RangeRefused
from app.library.types import may_be_shown

FIELDS: Final = ("storage_key", "filename", "mime_type", "filesize", "sha256", "quarantine")
"""What has to be known of a media record to send its file."""
_RANGE: Final = re.compile(r"bytes=(?:(\d{1,19})-(\d{1,19})?|-(\d{1,19}))")

SENT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The whole file.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    },
    206: {
        "description": "The range that was asked for.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "Still the content that `If-None-Match` names."},
}
RANGE_HEADERS: Final = [
    {
        "name": name,
        "in": "header",
        "schema": {"type": "string"},
        "description": description,
    }
    for name, description in (
        ("Range", "One range of bytes, such as `bytes=0-1023`; several at once get the whole."),
        ("If-Range", "The range only if this is still the `ETag`, otherwise the whole."),
    )
]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The bytes [start, end) of a file."""

    start: int
    end: int


def asked_for(headers: Mapping[str, str], size: int, tag: str) -> Stretch | None:
    """The range that these headers ask for; None for the whole. Raises RangeRefused.

    What is no range of bytes, or several of them, is passed over, as the standard allows.
    """
    found = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
    if found is None or headers.get("if-range", tag) != tag:
        return None
    first, last, final = found.groups()
    if final is not None:
        stretch = Stretch(max(0, size - int(final)), size)
    else:
        if last is not None and int(last) < int(first):
            return None
        stretch = Stretch(int(first), min(size, int(last) + 1) if last is not None else size)
    if stretch.start >= stretch.end:
        raise RangeRefused(f"The file has {size} bytes.")
    return stretch


async def send(
    request: Request,
    storage: Storage,
    media: Mapping[str, Any],
    *,
    download: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The file, a range of it, or only what a GET would say of it where HEAD asks.

    `media` has the `FIELDS`. Browsers are told to save what they might run. Raises RangeRefused,
    StorageError.
    """
    size, tag = media["filesize"], f'"{media["sha256"]}"'
    known = {"ETag": tag, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
    known |= headers or {}
    if names(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=known)
    try:
        stretch = asked_for(request.headers, size, tag)
    except RangeRefused as exc:
        return refused(exc, {"Content-Range": f"bytes */{size}"})
    whole = stretch or Stretch(0, size)
    known |= {"Content-Length": str(whole.end - whole.start), "Content-Type": media["mime_type"]}
    shown = may_be_shown(media["mime_type"], quarantined=bool(media.get("quarantine")))
    if download or not shown:
        known["Content-Disposition"] = content_disposition(media["filename"])
    if stretch is not None:
        known["Content-Range"] = f"bytes {stretch.start}-{stretch.end - 1}/{size}"
    status = 200 if stretch is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=known)
    chunks = await begun(storage.stream(media["storage_key"], whole.start, whole.end))
    return StreamingResponse(chunks, status, known)


async def begun(chunks: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    """The same stream, once its first bytes are there: what is wrong shows before the answer."""
    first = await anext(chunks, b"")
    return _with(first, chunks)


async def _with(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk
