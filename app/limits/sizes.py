"""How large a request may be."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import Refusal, TooLarge, problem
from app.limits.costs import bytes_of

MOST_HEADER_BYTES: Final = 32 * 1024
MOST_DRAINED: Final = 8 * 1024 * 1024
"""How much of a body that is refused is taken off the line, so that the refusal arrives."""
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class HeadersTooLong(Refusal):
    """The header fields of the request are longer than is taken."""

    status, code = 431, "headers_too_long"


class _Exceeded(Exception):
    """More came than is taken; whoever was reading the body stops here."""


class RequestSizes:
    """Answers 431 to headers that are too long, and 413 to bodies with too many bytes.

    A body that says its length is refused by it: the server holds it to its word. One in chunks is
    counted while it is read, and refused unless its answer has begun.
    """

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app, self._most = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, if it is not too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length, header_bytes = b"", 0
        for name, value in scope["headers"]:
            header_bytes += len(name) + len(value)
            if name == b"content-length":
                length = value
        if header_bytes > MOST_HEADER_BYTES:
            await _headers_too_long(scope, receive, send)
        elif scope["method"] not in WITH_BODY:
            await self._app(scope, receive, send)
        else:
            most = bytes_of(scope["path"], self._most)
            if not length.isdigit():
                await self._counting(most, scope, receive, send)
            elif int(length) <= most:
                await self._app(scope, receive, send)
            else:
                await _refuse(most, scope, receive, send)

    async def _counting(self, most: int, scope: Scope, receive: Receive, send: Send) -> None:
        seen, exceeded, begun = 0, False, False

        async def counted() -> Message:
            nonlocal seen, exceeded
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                exceeded = True
                raise _Exceeded
            return message

        async def kept(message: Message) -> None:
            nonlocal begun
            if begun or not exceeded:
                begun = True
                await send(message)

        try:
            await self._app(scope, counted, kept)
        except _Exceeded:
            if begun:
                raise
        if exceeded and not begun:
            await _refuse(most, scope, receive, send)


async def _refuse(most: int, scope: Scope, receive: Receive, send: Send) -> None:
    # Many clients read no answer before they have sent everything, and find the connection broken.
    whole = not _waits(scope) and await _drained(receive)
    answer = problem(
        TooLarge.status,
        TooLarge.code,
        f"A body holds at most {most:,} bytes here.",
        # What is left of it would otherwise be read as the next request.
        {} if whole else {"connection": "close"},
    )
    await answer(scope, receive, send)


def _waits(scope: Scope) -> bool:
    """Whether the client sends the body only when it is told to go on."""
    return any(name == b"expect" for name, _ in scope["headers"])


async def _drained(receive: Receive) -> bool:
    """Throw away the rest of the body, as far as it is bearable. Whether that was all."""
    size = 0
    while size < MOST_DRAINED:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            return True
    return False


async def _headers_too_long(scope: Scope, receive: Receive, send: Send) -> None:
    answer = problem(
        HeadersTooLong.status,
        HeadersTooLong.code,
        f"The header fields hold at most {MOST_HEADER_BYTES:,} bytes together.",
        {"connection": "close"},
    )
    await answer(scope, receive, send)
