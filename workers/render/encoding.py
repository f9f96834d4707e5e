"""Feeding ffmpeg inside a rendering process, which has already given up what it doesn't need."""

import contextlib
import errno
import fcntl
import os
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from workers.render.errors import RenderError
from workers.render.ffmpeg import executable, explain

_KEPT = 8192
_PIPE_BYTES = 1024 * 1024
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
) -> str:
    """Run ffmpeg in a folder on what is fed to its standard input; returns the command.

    Args:
        arguments: inputs and settings and the output.
        feed: what to write to its standard input.
        folder: where it runs.
        fonts: a fontconfig file; text is drawn with its fonts alone.
        told: called with the number of pictures that are done.

    Raises:
        RenderError: it failed; the message ends with its last words.
    """
    command = [executable(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
    command += ["-progress", "pipe:1", "-stats_period", "0.5", *arguments]
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
            threading.Thread(target=_follow, args=(process.stdout, told), daemon=True),
        ]
        for reader in readers:
            reader.start()
        try:
            _write(process.stdin, feed)
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


def _follow(pipe: IO[bytes], told: Callable[[int], None] | None) -> None:
    for line in pipe:
        name, _, value = line.decode(errors="replace").strip().partition("=")
        if told is not None and name == "frame" and value.isdigit():
            told(int(value))
