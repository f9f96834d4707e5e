"""Small jobs for ffmpeg: lossless sound that takes less room, and the picture that people click."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from workers.render.errors import RenderError
from workers.render.ffmpeg import executable, guarded_input
from workers.render.processes import last_words, running

POSTER: Final = "scale=1280:720:force_original_aspect_ratio=increase,crop=1280:720,format=yuvj420p"
"""As YouTube takes it: 1280x720 and well under 2 MB."""
PICTURES: Final = "png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe,gif,image2"


async def to_flac(sound: Path, into: Path) -> None:
    """Write a WAV as FLAC. Raises RenderError."""
    settings = ("-map", "0:a:0", "-c:a", "flac", "-compression_level", "3")
    await _run(guarded_input(str(sound), formats="wav"), settings, into)


async def make_poster(picture: Path, into: Path) -> None:
    """Write a JPEG of the picture, cut to 16:9. Raises RenderError."""
    settings = ("-frames:v", "1", "-vf", POSTER, "-q:v", "3", "-update", "1")
    await _run(guarded_input(str(picture), formats=PICTURES), settings, into)


async def _run(source: Sequence[str], settings: Sequence[str], into: Path) -> None:
    command = [executable(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
    async with running([*command, *source, *settings, str(into)]) as process:
        words = await last_words(process)
        if await process.wait():
            raise RenderError(f"{into.name} can't be written: {words}")
