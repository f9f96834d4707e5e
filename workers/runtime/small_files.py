"""Small files of the store that many tasks need: kept in the worker's memory."""

import asyncio
from pathlib import Path
from typing import Final

from cachetools import LRUCache

from app.core.storage import Storage

MOST_BYTES: Final = 64 * 1024**2
LARGEST: Final = 1024**2
"""What is larger is fetched anew each time."""


class SmallFiles:
    """The files that were asked for last. A key says what is in it, so none is ever out of date."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._kept: LRUCache[str, bytes] = LRUCache(MOST_BYTES, getsizeof=len)

    async def fetch(self, key: str, path: Path, size: int | None = None) -> None:
        """Write the object with this key, of this size, to the path. Raises StorageError."""
        content = self._kept.get(key)
        if content is not None:
            await asyncio.to_thread(path.write_bytes, content)
            return
        await self._storage.get_file(key, path, size=size)
        if (await asyncio.to_thread(path.stat)).st_size <= LARGEST:
            self._kept[key] = await asyncio.to_thread(path.read_bytes)
