"""The doors in front of an application that only answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

API = "/api/v1"


class Behind:
    """Stands in for everything behind a door: reads the body and answers how long it was."""

    def __init__(self) -> None:
        self.read = 0
        self.calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        while True:
            message = await receive()
            self.read += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(self.read).encode()})


@asynccontextmanager
async def asking(door: ASGIApp, address: str = "203.0.113.7") -> AsyncIterator[httpx.AsyncClient]:
    """A client of this door."""
    transport = httpx.ASGITransport(door, client=(address, 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


class WithApp:
    """Gives the requests an application whose parts these are."""

    def __init__(self, door: ASGIApp, parts: Any) -> None:
        self._door = door
        self.state = type("State", (), {"parts": parts})()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door({**scope, "app": self}, receive, send)
