"""The conversation over a WebSocket: who listens, who speaks, and how it ends."""

import asyncio
import contextlib
from collections.abc import Awaitable, Mapping
from typing import Final

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.core.answer import dumps
from app.core.background import end
from app.core.errors import NotSignedIn, Refusal, Unavailable, refusal_for
from app.live.follower import HEARTBEAT_SECONDS, Follower, TooManySubscriptions
from app.live.live import Live, TooManyViews
from app.live.messages import (
    HELLO,
    MOST_SUBSCRIPTIONS,
    SPOKEN,
    Events,
    Hello,
    Message,
    NewToken,
    Ping,
    Pong,
    Subscribe,
    Unsubscribe,
)
from app.live.watched import Topic

HELLO_SECONDS: Final = 10.0
SILENCE_SECONDS: Final = 3 * HEARTBEAT_SECONDS
"""A client that is not heard of for so long is gone."""
CLOSE_SECONDS: Final = 5.0
LONGEST_MESSAGE: Final = 64 * 1024

BAD_MESSAGE: Final = 4400
NOT_SIGNED_IN: Final = 4401
NOT_FOUND: Final = 4404
NOT_HEARD: Final = 4408
TOO_MANY: Final = 4429
TRY_LATER: Final = 1013
CODES: Final[Mapping[type[Refusal], int]] = {
    NotSignedIn: NOT_SIGNED_IN,
    TooManyViews: TOO_MANY,
    Unavailable: TRY_LATER,
}


class Ended(Exception):
    """The conversation is over; the code says why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


async def converse(websocket: WebSocket, live: Live) -> None:
    """Serve one client until it leaves or has to."""
    await websocket.accept()
    try:
        await _Conversation(websocket, live).run()
    except WebSocketDisconnect:
        return
    except Exception as exc:
        end = _end_of(exc)
        if end is None:
            raise
        # A client that takes nothing any more does not take the close either.
        with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await websocket.close(end.code, str(end))


class _Conversation:
    def __init__(self, websocket: WebSocket, live: Live) -> None:
        self._websocket, self._live = websocket, live

    async def run(self) -> None:
        hello = await self._hello()
        follower = await self._live.follow(hello.token)
        try:
            await self._greet(follower, hello)
            await self._go_on(follower)
        finally:
            self._live.leave(follower)
            await self._live.connections.closed(follower.connection_id)

    async def _hello(self) -> Hello:
        """The first message. Raises Ended unless it comes soon and is one."""
        try:
            return HELLO.validate_json(await self._heard(HELLO_SECONDS))
        except ValidationError as exc:
            raise Ended(BAD_MESSAGE, _problem(exc)) from exc

    async def _greet(self, follower: Follower, hello: Hello) -> None:
        """Say who the client is to us, and follow what it named."""
        resumed = hello.cursor is not None and await self._live.can_resume(hello.cursor)
        if resumed and hello.cursor is not None:
            follower.cursor = hello.cursor
        await self._say(
            {
                "type": "welcome",
                "connection_id": follower.connection_id,
                "heartbeat_seconds": HEARTBEAT_SECONDS,
                "resumed": resumed,
                "cursor": follower.cursor,
            }
        )
        topics = [each.topic for each in hello.subscriptions]
        reached = await self._following(topics, follower.begin(topics, resumed=resumed))
        if hello.subscriptions and not reached:
            raise Ended(NOT_FOUND, "There are no such records, or none that you may see.")
        client = self._websocket.client
        await self._live.connections.opened(
            follower.connection_id,
            follower.actor.id,
            follower.followed(),
            transport="websocket",
            client_ip=client.host if client else None,
            user_agent=self._websocket.headers.get("user-agent"),
        )

    async def _go_on(self, follower: Follower) -> None:
        sides = {
            asyncio.create_task(self._speak(follower)),
            asyncio.create_task(self._listen(follower)),
        }
        try:
            done, _ = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            await end(sides)

    async def _speak(self, follower: Follower) -> None:
        while True:
            await self._websocket.send_text(as_text(await follower.next()))

    async def _listen(self, follower: Follower) -> None:
        while True:
            heard = await self._heard(SILENCE_SECONDS)
            self._live.connections.heard(follower.connection_id)
            try:
                message = SPOKEN.validate_json(heard)
            except ValidationError as exc:
                raise Ended(BAD_MESSAGE, _problem(exc)) from exc
            match message:
                case Ping():
                    await self._say({"type": "pong"})
                case Pong():
                    pass
                case Subscribe():
                    topics = [each.topic for each in message.subscriptions]
                    await self._following(topics, follower.subscribe(topics))
                case Unsubscribe():
                    follower.unsubscribe(each.topic for each in message.subscriptions)
                case NewToken():
                    await follower.renew(message.token)

    async def _following(self, topics: list[Topic], asked: Awaitable[list[Topic]]) -> bool:
        """Say what is followed and what is out of reach; answers whether anything is in reach."""
        refused = await asked
        reached = [each for each in topics if each not in refused]
        await self._say(
            {"type": "subscribed", "subjects": _shown(reached), "not_found": _shown(refused)}
        )
        return bool(reached)

    async def _heard(self, seconds: float) -> str:
        """The next message. Raises Ended when none comes, or none that is text."""
        try:
            async with asyncio.timeout(seconds):
                message = await self._websocket.receive()
        except TimeoutError:
            raise Ended(NOT_HEARD, f"Nothing was heard for {seconds:.0f} s.") from None
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text: str | None = message.get("text")
        if text is None or len(text) > LONGEST_MESSAGE:
            raise Ended(BAD_MESSAGE, "Messages are JSON texts of up to 64 KiB.")
        return text

    async def _say(self, message: dict[str, object]) -> None:
        await self._websocket.send_text(dumps(message).decode())


def as_text(message: Message) -> str:
    """The frame that carries the message."""
    if isinstance(message, Events):
        joined = b",".join(event.json for event in message.events)
        return b"".join((b'{"type":"events","events":[', joined, b"]}")).decode()
    return dumps(message.shown()).decode()


def _shown(topics: list[Topic]) -> list[dict[str, object]]:
    return [{"collection": name, "id": key} for name, key in topics]


def _problem(error: ValidationError) -> str:
    """The first thing that is wrong, short enough for a close frame and without its input."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(each) for each in first["loc"])
    return f"{where}: {first['msg']}"[:100]


def _end_of(error: Exception) -> Ended | None:
    """The end that an error means; None for a bug."""
    if isinstance(error, Ended):
        return error
    if isinstance(error, TooManySubscriptions):
        return Ended(TOO_MANY, f"A live view follows {MOST_SUBSCRIPTIONS} records at most.")
    refusal = refusal_for(error)
    code = next((code for kind, code in CODES.items() if isinstance(refusal, kind)), None)
    return None if code is None else Ended(code, str(refusal))
