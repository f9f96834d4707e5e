"""Where encoded segments wait to be used again, by their key."""

import asyncio
import contextlib
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Protocol

_KEY = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{1,8}")


def place_of(key: str) -> Path:
    """Where a key's file lies below its cache. Raises ValueError for what is no key."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is not the key of a segment")
    return Path(key[:2]) / key


class SegmentCache(Protocol):
    """Files by key: a hash of all that went into a segment, and its ending ("<sha256>.mp4").

    A cache may forget whatever it likes at any time; what it answers is whole.
    """

    async def get(self, key: str, into: Path) -> bool:
        """Put what is kept under a key at `into` (a new file); False where there is nothing."""

    async def put(self, key: str, path: Path) -> None:
        """Keep a copy of a file under a key."""


class NoCache:
    """Keeps nothing."""

    async def get(self, key: str, into: Path) -> bool:
        """See `SegmentCache`."""
        return False

    async def put(self, key: str, path: Path) -> None:
        """See `SegmentCache`."""


class FolderCache:
    """A cache in a local folder, which several processes may share.

    Files are linked rather than copied where the file system can, so nobody may write to a file
    that came from here. Beyond `limit` bytes those not used for longest are dropped.
    """

    def __init__(self, folder: Path, limit: int = 20 * 1024**3) -> None:
        self._folder = folder
        self._limit = limit
        self._size: int | None = None
        self._lock = asyncio.Lock()

    async def get(self, key: str, into: Path) -> bool:
        """See `SegmentCache`."""
        return await asyncio.to_thread(self._get, key, into)

    async def put(self, key: str, path: Path) -> None:
        """See `SegmentCache`."""
        async with self._lock:
            await asyncio.to_thread(self._put, key, path)

    def _get(self, key: str, into: Path) -> bool:
        kept = self._folder / place_of(key)
        try:
            os.utime(kept)
            _link_or_copy(kept, into)
        except FileNotFoundError:
            return False
        return True

    def _put(self, key: str, path: Path) -> None:
        kept = self._folder / place_of(key)
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_name(f".{secrets.token_hex(8)}.part")
        try:
            _link_or_copy(path, partial)
            partial.replace(kept)
        finally:
            partial.unlink(missing_ok=True)
        if self._size is not None:
            self._size += path.stat().st_size
        if self._size is None or self._size > self._limit:
            self._size = self._evict()

    def _evict(self) -> int:
        """Drop the least recently used beyond the limit; returns the bytes that are left."""
        kept: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                facts = path.stat()
                kept.append((facts.st_mtime, facts.st_size, path))
        size = sum(each[1] for each in kept)
        for _, bytes_freed, path in sorted(kept):
            if size <= self._limit:
                break
            path.unlink(missing_ok=True)
            size -= bytes_freed
        return size


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)
