"""A receiver of webhooks: a small HTTP server that notes what it gets and answers as told."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from app.telling.signing import signature

SILENCE: Final = 0
"""Instead of a status: say nothing until the sender goes."""


@dataclass(frozen=True, slots=True)
class Message:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = orjson.loads(self.body)
        return content

    def is_signed_with(self, secret: str) -> bool:
        """What a receiver checks: that one of the signatures is of its secret."""
        expected = signature(secret, self.id, int(self.headers["webhook-timestamp"]), self.body)
        return expected in self.headers["webhook-signature"].split()


@dataclass(slots=True)
class Receiver:
    """Answers with `statuses` one after another, the last of them for good."""

    port: int
    statuses: list[int]
    headers: Iterable[str] = ()
    content: bytes = b"thanks"
    messages: list[Message] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request and its answer."""
        try:
            await reader.readline()
            headers = {}
            while line := (await reader.readline()).decode().strip():
                name, _, value = line.partition(": ")
                headers[name.lower()] = value
            body = await reader.readexactly(int(headers["content-length"]))
            self.messages.append(Message(headers, body))
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            if status == SILENCE:
                await reader.read()
                return
            fields = [f"content-length: {len(self.content)}", *self.headers, "", ""]
            writer.write("\r\n".join([f"HTTP/1.1 {status} So", *fields]).encode() + self.content)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def receiving(*statuses: int, **given: Any) -> AsyncIterator[Receiver]:
    """A receiver while it listens."""
    receiver = Receiver(0, [*statuses] or [200], **given)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
