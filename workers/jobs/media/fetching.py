"""Getting a stored file to where it can be looked at."""

import asyncio
import shutil
from pathlib import Path
from typing import Final

from documents.library import Media
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp

SPARE: Final = 512 * 1024 * 1024
"""Bytes that stay free on the disk."""


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
    await context.storage.get_file(media.storage_key, path, size=media.filesize)
    return path
