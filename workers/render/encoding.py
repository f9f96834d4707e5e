"""Feeding ffmpeg inside a rendering process, which has already given up what it doesn't need."""

import contextlib
import errno
import fcntl
import os
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from workers.render.errors import RenderError
from workers.render.ffmpeg import executable, explain

_KEPT = 8192
_PIPE_BYTES = 1024 * 1024
_PATIENCE = 2.0
"""Seconds after which a feed goes on although nothing was heard of what it sent."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def disk_trouble(error: OSError) -> RenderError:
    """What to tell about a file that can't be written."""
    if error.errno in _FULL:
        return RenderError("The disk is full; free some space and render again.")
    return RenderError(f"A file can't be written: {error.strerror or error}.")


def encode(
    arguments: Iterable[str],
    feed: Iterable[bytes],
    folder: Path,
    *,
    fonts: Path | None = None,
    told: Callable[[int], None] | None = None,
    most_ahead: int | None = None,
    frames_a_part: int = 1,
) -> str:
    """Run ffmpeg in a folder on what is fed to its standard input; returns the command.

    Args:
        arguments: inputs and settings and the output.
        feed: what to write to its standard input.
        folder: where it runs.
        fonts: a fontconfig file; text is drawn with its fonts alone.
        told: called with the number of pictures that are done.
        most_ahead: by how many parts the feed may be ahead of what is done; ffmpeg itself takes
            some 25 frames in. It goes on after a while where nothing is heard.
        frames_a_part: how many pictures come of a part of the feed.

    Raises:
        RenderError: it failed; the message ends with its last words.
    """
    command = [executable(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
    period = "0.5" if most_ahead is None else "0.05"
    command += ["-progress", "pipe:1", "-stats_period", period, *arguments]
    pace = _Pace(most_ahead, frames_a_part, told)
    environment = {**os.environ, "HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    if fonts is not None:
        environment["FONTCONFIG_FILE"] = str(fonts)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        cwd=folder,
        env=environment,
        restore_signals=False,  # a file that grows too large shall be an error, not the end
    ) as process:
        assert process.stdin is not None  # all three are asked for as pipes
        assert process.stdout is not None
        assert process.stderr is not None
        _widen(process.stdin)
        words: list[bytes] = []
        readers = [
            threading.Thread(target=_keep_last, args=(process.stderr, words), daemon=True),
            threading.Thread(target=_follow, args=(process.stdout, pace), daemon=True),
        ]
        for reader in readers:
            reader.start()
        try:
            _write(process.stdin, pace.kept(feed))
        except BaseException:
            process.kill()
            raise
        for reader in readers:
            reader.join()
    if process.returncode:
        raise RenderError(explain(b"".join(words).decode(errors="replace").strip()))
    return shlex.join(["ffmpeg", *command[1:]])


def _widen(pipe: IO[bytes]) -> None:
    """Let a third of a frame wait in the pipe instead of 64 KiB, where the system can."""
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _write(pipe: IO[bytes], feed: Iterable[bytes]) -> None:
    try:
        with pipe:
            for part in feed:
                pipe.write(part)
    except BrokenPipeError:
        return  # it has all it wants, or it says itself what is wrong


def _keep_last(pipe: IO[bytes], words: list[bytes]) -> None:
    for line in pipe:
        words.append(line)
        if sum(map(len, words)) > _KEPT:
            del words[0]


def _follow(pipe: IO[bytes], pace: "_Pace") -> None:
    for line in pipe:
        name, _, value = line.decode(errors="replace").strip().partition("=")
        if name == "frame" and value.isdigit():
            pace.reach(int(value))


class _Pace:
    """How many pictures are done, told on, and waited for by who feeds them."""

    def __init__(
        self, most_ahead: int | None, frames_a_part: int, told: Callable[[int], None] | None
    ) -> None:
        self._most_ahead, self._frames_a_part, self._told = most_ahead, frames_a_part, told
        self._done = 0
        self._changed = threading.Condition()

    def reach(self, done: int) -> None:
        """So many are done."""
        with self._changed:
            self._done = done
            self._changed.notify_all()
        if self._told is not None:
            self._told(done)

    def kept(self, feed: Iterable[bytes]) -> Iterator[bytes]:
        """The feed, not further ahead than it may be."""
        for number, part in enumerate(feed):
            if self._most_ahead is not None:
                needed = (number - self._most_ahead) * self._frames_a_part
                with self._changed:
                    self._changed.wait_for(lambda: self._done > needed, _PATIENCE)  # noqa: B023
            yield part
