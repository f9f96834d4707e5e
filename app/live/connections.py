"""The records of open live views: one for each, several tabs of a session are several."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from bson import ObjectId
from pymongo.errors import PyMongoError

from app.live.watched import Topic
from documents.base import StoredDocument
from documents.production import WebsocketConnection
from documents.values import Id, now

BEAT_SECONDS: Final = 20.0
STALE_SECONDS: Final = 90
"""A record that has not been heard of for so long belongs to a process that died."""
KEPT: Final = timedelta(days=7)

logger = logging.getLogger(__name__)


class Connections:
    """Writes the records of this process's views, many in one write, and closes stale ones."""

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._heard: set[str] = set()

    async def opened(
        self,
        connection_id: str,
        user_id: Id,
        topics: Iterable[tuple[Topic, StoredDocument]],
        *,
        transport: str,
        client_ip: str | None,
        user_agent: str | None,
    ) -> None:
        """Write the record of a new view, of the first workspace and ad session it follows."""
        followed = [*topics]
        session = next((key for (name, key), _ in followed if name == "ad_sessions"), None)
        workspaces = (
            key if name == "workspaces" else place.get("workspace_id")
            for (name, key), place in followed
        )
        self._open.add(connection_id)
        await WebsocketConnection(
            connection_id=connection_id,
            user_id=user_id,
            workspace_id=next((each for each in workspaces if each), None),
            session_id=session,
            client_ip=(client_ip or "")[:45] or None,
            user_agent=(user_agent or "")[:2_000] or None,
            metadata={"transport": transport},
        ).insert()

    def heard(self, connection_id: str) -> None:
        """Its client gave a sign of life."""
        self._heard.add(connection_id)

    async def closed(self, connection_id: str) -> None:
        """The view is over."""
        self._open.discard(connection_id)
        await self._end({"connection_id": connection_id, "disconnected_at": None})

    async def close_all(self) -> None:
        """The process stops."""
        left, self._open = self._open, set()
        await self._end({"connection_id": {"$in": [*left]}, "disconnected_at": None})

    async def keep(self) -> None:
        """Write signs of life, close what is stale and forget what is old, for ever."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self.beat()
                await self.sweep()
            except PyMongoError as exc:
                logger.warning("records of live views wait for the store: %s", exc)

    async def beat(self) -> None:
        """Write the signs of life since the last time."""
        heard, self._heard = self._heard & self._open, set()
        if heard:
            await _collection().update_many(
                {"connection_id": {"$in": [*heard]}},
                [{"$set": {"last_heartbeat_at": "$$NOW", "updated_at": "$$NOW"}}],
            )

    async def sweep(self) -> None:
        """Close the records of processes that died, by the store's clock; delete week-old ones."""
        limit = {"$subtract": ["$$NOW", STALE_SECONDS * 1_000]}
        stale = {"$expr": {"$lt": ["$last_heartbeat_at", limit]}}
        await _collection().update_many(
            {"disconnected_at": None, **stale},
            [{"$set": {"disconnected_at": "$last_heartbeat_at", "updated_at": "$$NOW"}}],
        )
        # Ids grow with time, so that no index of its own is needed.
        oldest = ObjectId.from_datetime(now() - KEPT)
        await _collection().delete_many({"_id": {"$lt": oldest}, "disconnected_at": {"$ne": None}})

    async def _end(self, query: StoredDocument) -> None:
        try:
            await _collection().update_many(
                query, [{"$set": {"disconnected_at": "$$NOW", "updated_at": "$$NOW"}}]
            )
        except PyMongoError as exc:
            logger.warning("a live view is closed without a record, the sweep will: %s", exc)


def _collection() -> Any:
    return WebsocketConnection.collection()
