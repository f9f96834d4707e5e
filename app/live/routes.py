"""The two doors to live events."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, WebSocket

from app.core.actor import CurrentActor
from app.core.errors import BadQuery, NotFound, NotSignedIn, Unavailable, documented
from app.core.parts import CurrentParts, Parts
from app.core.positions import is_cursor
from app.live.follower import Follower
from app.live.live import Live, TooManyViews
from app.live.messages import LiveEvent
from app.live.sse import EventStream, topics_of
from app.live.watched import Topic
from app.live.websocket import converse

router = APIRouter(tags=["live"])


@router.websocket("/live")
async def live(websocket: WebSocket) -> None:
    """Events as they happen; docs/live.md tells the conversation."""
    parts: Parts = websocket.app.state.parts
    await converse(websocket, parts.live)


@router.get(
    "/live/events",
    operation_id="live_events",
    summary="Follow records as they change",
    response_model=None,
    responses={
        200: {"content": {EventStream.media_type: {"schema": LiveEvent.model_json_schema()}}},
        **documented(BadQuery, NotFound, NotSignedIn, TooManyViews, Unavailable),
    },
)
async def live_events(
    request: Request,
    parts: CurrentParts,
    actor: CurrentActor,
    subscribe: Annotated[str, Query(description="Such as `tasks:ID,projects:ID`.")],
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventStream:
    """Server-Sent Events. A client that comes back with `Last-Event-ID` misses nothing; where that
    is too old, `resync` brings the present state."""
    topics = topics_of(subscribe)
    token = request.headers["authorization"].partition(" ")[2]
    follower = await parts.live.follow(token)
    try:
        await _begin(parts.live, follower, topics, last_event_id)
        await parts.live.connections.opened(
            follower.connection_id,
            actor.id,
            follower.followed(),
            transport="sse",
            client_ip=request.client.host if request.client else None,
            user_agent=request.headers.get("user-agent"),
        )
    except BaseException:
        parts.live.leave(follower)
        raise
    return EventStream(parts.live, follower)


async def _begin(live: Live, follower: Follower, topics: list[Topic], cursor: str | None) -> None:
    """Follow all of these from the cursor, if there is a good one. Raises NotFound."""
    resumed = cursor is not None and is_cursor(cursor) and await live.can_resume(cursor)
    if resumed and cursor is not None:
        follower.cursor = cursor
    if refused := await follower.begin(topics, resumed=resumed):
        named = ", ".join(f"{name}:{key}" for name, key in refused)
        raise NotFound(f"There is no such record, or none that you may see: {named[:200]}.")
