"""A segment cache in the object store, shared by all workers, with a folder in front of it."""

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from app.core.storage import ChecksumMismatch, ObjectMissing, Storage
from workers.render.cache import SegmentCache, place_of

PREFIX: Final = "render-cache"
_LOOK_EVERY: Final = 0.05
"""Shares of the limit that are written before the size of all is looked at again."""
_KEEP: Final = 0.8
"""What is left of the limit when segments are dropped, so that it does not happen all the time."""
_TYPES: Final = {".mp4": "video/mp4", ".aac": "audio/aac", ".json": "application/json"}


class StorageCache:
    """A cache below a prefix of the store, for one tenant.

    The store names objects by content, so a segment's key is a part of the prefix:
    `render-cache/<tenant>/<key>/<SHA-256>`; what comes back is checked against it. Beyond `limit`
    bytes the oldest are dropped.
    """

    def __init__(self, storage: Storage, tenant: str, limit: int = 50 * 1024**3) -> None:
        self._storage = storage
        self._prefix = f"{PREFIX}/{tenant}"
        self._limit = limit
        self._written: float = limit  # look at the first chance
        self._evicting = asyncio.Lock()

    async def get(self, key: str, into: Path) -> bool:
        """See `SegmentCache`."""
        async for head in self._storage.list(f"{self._below(key)}/"):
            with contextlib.suppress(ObjectMissing, ChecksumMismatch):
                await self._storage.get_file(head.key, into, size=head.size)
                return True
        return False

    async def put(self, key: str, path: Path) -> None:
        """See `SegmentCache`."""
        kind = _TYPES.get(path.suffix, "application/octet-stream")
        stored = await self._storage.put_file(path, prefix=self._below(key), content_type=kind)
        self._written += stored.size
        if self._written >= self._limit * _LOOK_EVERY and not self._evicting.locked():
            async with self._evicting:
                self._written = 0
                await self.evict()

    async def evict(self) -> int:
        """Drop the oldest segments beyond the limit; says how many bytes are left."""
        kept = [head async for head in self._storage.list(f"{self._prefix}/")]
        size = sum(head.size for head in kept)
        if size <= self._limit:
            return size
        dropped: list[str] = []
        for head in sorted(kept, key=lambda head: head.modified):
            if size <= self._limit * _KEEP:
                break
            dropped.append(head.key)
            size -= head.size
        await self._storage.delete(dropped)
        return size

    def _below(self, key: str) -> str:
        place_of(key)
        return f"{self._prefix}/{key}"


class LayeredCache:
    """A near cache before a far one: what comes from afar is kept near."""

    def __init__(self, near: SegmentCache, far: SegmentCache) -> None:
        self._near = near
        self._far = far

    async def get(self, key: str, into: Path) -> bool:
        """See `SegmentCache`."""
        if await self._near.get(key, into):
            return True
        if not await self._far.get(key, into):
            return False
        await self._near.put(key, into)
        return True

    async def put(self, key: str, path: Path) -> None:
        """See `SegmentCache`."""
        await self._near.put(key, path)
        await self._far.put(key, path)
