"""The same events as Server-Sent Events, for clients that only listen."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.core.answer import dumps
from app.core.background import end
from app.core.errors import BadQuery, NotSignedIn
from app.live.follower import Follower
from app.live.live import Live
from app.live.messages import MOST_SUBSCRIPTIONS, Events, Message, Notice
from app.live.watched import FOLLOWED, Topic
from documents.values import Id

RETRY_MILLISECONDS: Final = 2_000


def topics_of(subscribe: str) -> list[Topic]:
    """What `subscribe=tasks:ID,projects:ID` names. Raises BadQuery."""
    topics = []
    for each in subscribe.split(","):
        collection, _, key = each.strip().partition(":")
        if collection not in FOLLOWED or not Id.is_valid(key):
            raise BadQuery(
                "`subscribe` takes records as `collection:id`, parted by commas.",
                allowed=sorted(FOLLOWED),
            )
        topics.append((collection, Id(key)))
    if len(topics) > MOST_SUBSCRIPTIONS:
        raise BadQuery(f"A live view follows {MOST_SUBSCRIPTIONS} records at most.")
    return list(dict.fromkeys(topics))


class EventStream(StreamingResponse):
    """What the follower is told, until the client leaves or its token is no longer good."""

    media_type = "text/event-stream"

    def __init__(self, live: Live, follower: Follower) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(_chunks(live, follower), headers=headers)
        self._live, self._follower = live, follower

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream; whatever ends it, the view is closed.

        The usual way cancels at every turn of the loop until the stream has ended, also what the
        document store's driver does to tidy up after the first time.
        """
        speaking = asyncio.create_task(self.stream_response(send))
        leaving = asyncio.create_task(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait({speaking, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if speaking.done():
                await speaking
        finally:
            await end([speaking, leaving])
            self._live.leave(self._follower)
            await self._live.connections.closed(self._follower.connection_id)


async def _chunks(live: Live, follower: Follower) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
    while True:
        try:
            message = await follower.next()
        except NotSignedIn as exc:
            yield as_chunk(Notice("closing", None, {"code": exc.code, "detail": str(exc)}))
            return
        yield as_chunk(message)
        live.connections.heard(follower.connection_id)


def as_chunk(message: Message) -> bytes:
    """The message in the stream's format; every part of it moves the client's last event id."""
    if isinstance(message, Events):
        return b"".join(
            b"id: %b\nevent: %b\ndata: %b\n\n"
            % (event.cursor.encode(), event.type.encode(), event.json)
            for event in message.events
        )
    place = f"id: {message.cursor}\n".encode() if message.cursor else b""
    if message.type == "ping":
        return b": ping\n%b\n" % place
    return b"%bevent: %b\ndata: %b\n\n" % (place, message.type.encode(), dumps(message.shown()))
