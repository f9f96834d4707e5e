"""Getting a stored file to where it can be looked at."""

import asyncio
import hashlib
import shutil
from contextlib import aclosing
from pathlib import Path
from typing import Final

from app.core.storage import ChecksumMismatch, Storage
from documents.library import Media
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp

SPARE: Final = 512 * 1024 * 1024
"""Bytes that stay free on the disk."""
SMALL: Final = 16 * 1024 * 1024


async def fetched(context: Context, media: Media) -> Path:
    """The file's bytes in the attempt's folder, under a name that its own has no part in.

    Raises:
        GiveUp: the disk has no room for it.
        StorageError: the store does not give it.
    """
    usage = await asyncio.to_thread(shutil.disk_usage, context.folder)
    if media.filesize + SPARE > usage.free:
        raise GiveUp(
            f"The worker's temporary folder has no room for {media.filesize:,} bytes; "
            "give it more (TMPDIR names it), then try again.",
            code="no_room",
        )
    path = context.folder / "file"
    if media.filesize <= SMALL:
        await _fetch_small(context.storage, media.storage_key, path)
    else:
        await context.storage.get_file(media.storage_key, path)
    return path


async def _fetch_small(storage: Storage, key: str, path: Path) -> None:
    """In one request, where parts side by side would need two and win nothing."""
    async with aclosing(storage.stream(key)) as chunks:
        content = b"".join([chunk async for chunk in chunks])
    digest = await asyncio.to_thread(hashlib.sha256, content)
    if digest.hexdigest() != key.rpartition("/")[2]:
        raise ChecksumMismatch(f"{key} is damaged in the object store: store the file again.")
    await asyncio.to_thread(path.write_bytes, content)
