"""A few seconds of a film, small and without sound, to be shown where the pointer rests."""

import asyncio
from pathlib import Path
from typing import Final

from workers.render.errors import RenderError, Unreadable
from workers.render.ffmpeg import executable, guarded_input, partial_file
from workers.render.limits import MEDIA_FORMATS
from workers.render.probe_confined import confined
from workers.render.processes import last_words, running

PREVIEW_SECONDS: Final = 6
_WIDEST: Final = 640
_FASTEST: Final = 30
_START: Final = 0.2
"""Where it begins, as a share of what is left over: the first seconds are often a title."""
_SCALE: Final = (
    f"scale='min({_WIDEST},iw)':'min({_WIDEST},ih)':force_original_aspect_ratio=decrease"
    ":force_divisible_by=2:flags=bicubic,setsar=1"
)


async def make_preview(path: Path, duration: float, into: Path) -> None:
    """Write at most six seconds of a film as an MP4 (H.264) that plays everywhere.

    It is upright and holds no metadata of the film.

    Raises:
        Unreadable: the film can't be decoded there, or takes more time or memory than it may.
    """
    start = max(0.0, duration - PREVIEW_SECONDS) * _START
    try:
        async with partial_file(into) as partial:
            await _run(await asyncio.to_thread(_command, path, start, partial))
    except RenderError as error:
        raise Unreadable(f"{path.name} gives no preview: {error}") from None


async def _run(command: list[str]) -> None:
    async with running(command) as process:
        words = await last_words(process)
        if await process.wait():
            raise RenderError(words or "it takes more time or memory than it may")


def _command(path: Path, start: float, into: Path) -> list[str]:
    command = [executable(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
    command += guarded_input(
        str(path.absolute()), "-threads", "1", "-ss", f"{start:.3f}", formats=MEDIA_FORMATS
    )
    command += ["-t", str(PREVIEW_SECONDS), "-map", "0:v:0", "-an", "-sn", "-dn"]
    command += ["-map_metadata", "-1", "-map_chapters", "-1", "-vf", _SCALE]
    command += ["-fpsmax", str(_FASTEST), "-c:v", "libx264", "-preset", "veryfast", "-crf", "28"]
    command += ["-pix_fmt", "yuv420p", "-threads", "2", "-movflags", "+faststart"]
    return confined([*command, "-f", "mp4", str(into.absolute())])
