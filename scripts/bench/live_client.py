"""A WebSocket client of the load generator: a thousand of them share one core with the writer.

It parses in the callback of its socket, without a task or queue between the two, and offers
compression as browsers do.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Self, cast

import orjson
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

Listener = Callable[[dict[str, Any]], None]
PONG: Final = {"type": "pong"}


class LiveClient(asyncio.Protocol):
    """Answers heartbeats, and hands every other message to `listener`."""

    def __init__(self, address: str) -> None:
        self._protocol = ClientProtocol(
            parse_uri(address), extensions=[ClientPerMessageDeflateFactory()], max_size=None
        )
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._fragments: list[bytes] = []
        self.listener: Listener = lambda message: None
        self.closed_because = ""

    @classmethod
    async def connected(cls, address: str) -> Self:
        """An open connection."""
        uri = parse_uri(address)
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(lambda: cls(address), uri.host, uri.port)
        await client._opened
        return client

    def say(self, **message: Any) -> None:
        """Send a message."""
        self._protocol.send_text(orjson.dumps(message))
        self._flush()

    def hello(self, token: str, *subjects: tuple[str, Any], **more: str) -> None:
        """Begin the conversation."""
        named = [{"collection": name, "id": str(key)} for name, key in subjects]
        self.say(type="hello", token=token, subscriptions=named, **more)

    async def hear(self, type: str) -> dict[str, Any]:
        """The next message of this type; the others are lost."""
        heard: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

        def note(message: dict[str, Any]) -> None:
            if message["type"] == type and not heard.done():
                heard.set_result(message)

        self.listener = note
        return await heard

    def close(self) -> None:
        """Leave."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
            self._flush()
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._opened.set_result(None)
            elif isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.CONT):
                self._fragments.append(bytes(event.data))
                if event.fin:
                    self._take(b"".join(self._fragments))
                    self._fragments.clear()
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        end = self._protocol.close_rcvd
        self.closed_because = f"{end.code} {end.reason}" if end else str(error)

    def _take(self, text: bytes) -> None:
        message = orjson.loads(text)
        if message["type"] == "ping":
            self.say(**PONG)
        else:
            self.listener(message)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
