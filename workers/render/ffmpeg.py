"""Running ffmpeg: argument lists, progress, cancellation, and its own words when it fails."""

import asyncio
import contextlib
import os
import secrets
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import imageio_ffmpeg

from workers.render.errors import RenderError
from workers.render.processes import bare_environment, last_words, running

Progress = Callable[[float], None]

THREADS = max(1, min(4, os.cpu_count() or 1))
# What ffmpeg itself may open: our own files. `concat` is the join of our own segments.
INPUT_FORMATS = "mov,flac,wav,concat,rawvideo,f32le"


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


async def run_ffmpeg(
    arguments: Sequence[str],
    output: Path,
    *,
    folder: Path,
    frames: int | None = None,
    feeder: Sequence[str] | None = None,
    progress: Progress | None = None,
    fonts: Path | None = None,
) -> None:
    """Run ffmpeg in `folder` and put its result at `output`, whole or not at all.

    Args:
        arguments: inputs and settings, without the output.
        frames: how many pictures come out, to turn ffmpeg's count into a fraction.
        feeder: a command whose standard output becomes ffmpeg's standard input.
        progress: called with 0 to 1 while it runs, and with 1 at the end.
        fonts: a fontconfig file; text is drawn with its fonts alone.

    Raises:
        RenderError: ffmpeg or its feeder failed; the message ends with their last words.
    """
    environment = bare_environment(HOME=str(folder), XDG_CACHE_HOME=str(folder))
    if fonts is not None:
        environment["FONTCONFIG_FILE"] = str(fonts)
    async with partial_file(output) as partial, contextlib.AsyncExitStack() as stack:
        command = await asyncio.to_thread(_command, arguments, partial)
        fed: Process | None = None
        source = asyncio.subprocess.DEVNULL
        pipe = stack.enter_context(_Pipe()) if feeder is not None else None
        if feeder is not None and pipe is not None:
            fed = await stack.enter_async_context(running(feeder, stdout=pipe.writing))
            source = pipe.reading
        process = await stack.enter_async_context(
            running(command, stdin=source, stdout=PIPE, folder=folder, environment=environment)
        )
        if pipe is not None:
            pipe.close()
        await _finish(process, fed, frames, progress)


def _command(arguments: Sequence[str], output: Path) -> list[str]:
    return [
        *(executable(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y"),
        *("-progress", "pipe:1", "-stats_period", "0.25", *arguments),
        *("-threads", str(THREADS), str(output.absolute())),
    ]


class _Pipe:
    """Both ends of a pipe between two children; ours are closed once they have theirs."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self._open = True

    def __enter__(self) -> "_Pipe":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._open:
            self._open = False
            os.close(self.reading)
            os.close(self.writing)


async def _finish(
    process: Process, fed: Process | None, frames: int | None, progress: Progress | None
) -> None:
    """Follow both processes to their ends. Raises RenderError."""
    feeder_words = asyncio.create_task(last_words(fed)) if fed is not None else None
    try:
        words, _ = await asyncio.gather(
            last_words(process), _report_progress(process, frames, progress)
        )
        if feeder_words is not None and fed is not None:
            said = await feeder_words
            if await fed.wait():
                raise RenderError(said or "The process that draws the frames was ended.")
    finally:
        if feeder_words is not None:
            feeder_words.cancel()
    if await process.wait():
        raise RenderError(explain(words))
    if progress is not None:
        progress(1.0)


async def _report_progress(process: Process, frames: int | None, progress: Progress | None) -> None:
    assert process.stdout is not None  # asked for as a pipe
    async for line in process.stdout:
        name, _, value = line.decode(errors="replace").strip().partition("=")
        if progress is not None and frames and name == "frame" and value.isdigit():
            progress(min(1.0, int(value) / frames))


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
