"""ffmpeg: where it is, what it may open, and what its last words mean."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import imageio_ffmpeg

from workers.render.errors import RenderError

INPUT_FORMATS = "mov,flac,wav,rawvideo,f32le"
"""What ffmpeg itself may open: our own files."""


def guarded_input(source: str, *options: str, formats: str = INPUT_FORMATS) -> list[str]:
    """Arguments that open an input which can lead neither to other protocols nor to playlists."""
    guards = ["-protocol_whitelist", "file,pipe", "-format_whitelist", formats]
    return [*options, *guards, "-i", source]


@cache
def executable() -> str:
    """The ffmpeg that comes with imageio-ffmpeg, or the one IMAGEIO_FFMPEG_EXE names."""
    try:
        found: str | None = shutil.which(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        found = None
    if found is None:
        raise RenderError(
            "There is no ffmpeg; install imageio-ffmpeg, or let IMAGEIO_FFMPEG_EXE name one."
        )
    return found


@asynccontextmanager
async def partial_file(output: Path) -> AsyncIterator[Path]:
    """A temporary name beside `output` that becomes `output` when the block succeeds.

    Whatever ends the block early, a cancellation too, leaves nothing behind.

    Raises:
        RenderError: the folder does not exist.
    """
    if not await asyncio.to_thread(output.parent.is_dir):
        raise RenderError(f"The folder {output.parent} does not exist; create it first.")
    partial = output.with_name(f".{output.stem}.{secrets.token_hex(6)}.part{output.suffix}")
    try:
        yield partial
        await asyncio.to_thread(partial.replace, output)
    finally:
        partial.unlink(missing_ok=True)


def explain(words: str) -> str:
    """What to tell of ffmpeg's last words."""
    if "Unknown encoder" in words:
        return (
            f"This ffmpeg lacks an encoder that is needed ({words.splitlines()[0]}); "
            "unset IMAGEIO_FFMPEG_EXE to use the bundled one."
        )
    if any(each in words for each in ("No space left on device", "File too large", "quota")):
        return "The disk is full; free some space and render again."
    return f"ffmpeg failed: {words or 'it was ended from outside.'}"
