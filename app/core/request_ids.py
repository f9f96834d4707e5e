"""One id for each request: in the answer's `X-Request-ID`, in problems and in every log line."""

import re
from contextvars import ContextVar
from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER: Final = "X-Request-ID"
ACCEPTED: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""Ids that a caller may bring along; any other is replaced, so that none can forge a log line."""

_current: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """The id of the request that is being served; empty outside of one."""
    return _current.get()


class RequestIds:
    """Gives every request its id: the caller's own, where it brings a fit one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request under its id."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        brought = Headers(scope=scope).get(HEADER, "")
        identity = brought if ACCEPTED.fullmatch(brought) else uuid4().hex

        async def labelled(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = identity
            await send(message)

        token = _current.set(identity)
        try:
            await self._app(scope, receive, labelled)
        finally:
            _current.reset(token)
