"""Asking what a file is: the door to the limited probing process.

Outside files are never decoded in the worker itself. One probing process serves a whole worker;
it is started at the first question and ends with the worker.
"""

import asyncio
import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workers.render.errors import Unreadable
from workers.render.facts import Box, Look, TechnicalData
from workers.render.limits import LOOK_SECONDS, PROBE_SECONDS
from workers.render.processes import bare_environment, python_module

__all__ = ["TechnicalData", "colours", "likeness", "look", "probe", "probe_many", "thumbnail"]

THUMBNAIL_SIZE = 480
_BACKLOG = 512
_LONGEST_FOLDER = 70
_AT_ONCE = 16
_ANSWER_BYTES = 256 * 1024


class _Prober:
    """The probing process and the address it listens at."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._owner = 0

    def address(self) -> str:
        """Where to connect; starts the process if it does not run."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._stop()
                self._start()
            return str(self._folder and self._folder / "probe")

    def _start(self) -> None:
        self._owner = os.getpid()
        self._folder = _short_folder()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self._folder / "probe"))
            listener.listen(_BACKLOG)
            self._process = subprocess.Popen(
                python_module("workers.render.probe_child", str(listener.fileno())),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
                env=bare_environment(),
                start_new_session=True,
            )

    def _stop(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # its forks too
            self._process.communicate()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def close(self) -> None:
        """End the process, if it was this one that started it."""
        with self._lock:
            if self._owner == os.getpid():
                self._stop()


def _short_folder() -> Path:
    """A new folder in which a socket can be: its path may have some hundred bytes at most."""
    below = tempfile.gettempdir()
    short = below if len(os.fsencode(below)) <= _LONGEST_FOLDER else "/tmp"  # noqa: S108
    return Path(tempfile.mkdtemp(prefix="backlot-probe-", dir=short))


_prober = _Prober()
atexit.register(_prober.close)


async def probe(path: Path) -> TechnicalData:
    """What a file is, by its content and not by its name.

    Raises:
        Unreadable: it is damaged, of no known kind, or takes more time or memory than it may.
    """
    request = _request(path, PROBE_SECONDS)
    return TechnicalData.model_validate((await _ask(path, request, PROBE_SECONDS))["facts"])


async def look(path: Path, folder: Path) -> Look:
    """Look at a file closely, once: its facts, its thumbnails and poster, its perceptual hashes.

    What is made lies in `folder` afterwards. It shows pictures upright, holds nothing but pixels
    (no place, no date, no comment), and is none where the file has no picture.

    Raises:
        Unreadable: it is damaged, hostile, of no known kind, or takes more time or memory than it
            may.
    """
    request = _request(path, LOOK_SECONDS, look=folder)
    answer = await _ask(path, request, LOOK_SECONDS)
    return Look.model_validate(answer["look"])


async def colours(path: Path) -> tuple[str, ...]:
    """The colours that make up most of a picture, such as `#8a5f3d`, the most frequent first.

    Raises:
        Unreadable: it is no picture, damaged, or takes more time or memory than it may.
    """
    request = _request(path, PROBE_SECONDS, colours=True)
    return tuple((await _ask(path, request, PROBE_SECONDS))["colours"])


async def likeness(path: Path, box: Box, model: Path, model_box: Box) -> float:
    """How much who is in this part of a picture looks like who is in that part of another: from 0
    to 1, which is the same. Size and light of the two don't matter.

    Raises:
        Unreadable: one of them is no picture, damaged, or takes more time or memory than it may.
    """
    request = _request(path, PROBE_SECONDS, box=[*box], model=model, model_box=[*model_box])
    return float((await _ask(path, request, PROBE_SECONDS))["likeness"])


async def probe_many(paths: Sequence[Path]) -> list[TechnicalData | Unreadable]:
    """What each of several files is, or why that can't be told."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(path: Path) -> TechnicalData | Unreadable:
        async with gate:
            try:
                return await probe(path)
            except Unreadable as error:
                return error

    return list(await asyncio.gather(*(one(path) for path in paths)))


async def thumbnail(path: Path, into: Path, size: int = THUMBNAIL_SIZE) -> TechnicalData:
    """Write a WebP preview whose longer side is at most `size` pixels; returns the file's facts.

    A film shows a frame that is not black, if it has one.

    Raises:
        Unreadable: the file has no picture, or is damaged.
    """
    request = _request(path, PROBE_SECONDS, into=into, size=size)
    return TechnicalData.model_validate((await _ask(path, request, PROBE_SECONDS))["facts"])


def _request(path: Path, seconds: int, **wish: Path | int | list[float]) -> bytes:
    wanted = {
        name: str(each.absolute()) if isinstance(each, Path) else each
        for name, each in {"path": path, "seconds": seconds, **wish}.items()
    }
    return json.dumps(wanted).encode() + b"\n"


async def _ask(path: Path, request: bytes, seconds: int) -> dict[str, Any]:
    """The process's answer; the patience covers a wait for others' files. Raises Unreadable."""
    try:
        async with asyncio.timeout(seconds * 4):
            line = await _exchange(request)
    except TimeoutError:
        line = b""
    if not line:
        raise Unreadable(f"{path.name} took more time or memory than a media file may.")
    answer: dict[str, Any] = json.loads(line)
    if "reason" in answer:
        raise Unreadable(answer["reason"])
    return answer


async def _exchange(request: bytes) -> bytes:
    address = await asyncio.to_thread(_prober.address)
    reader, writer = await asyncio.open_unix_connection(address, limit=_ANSWER_BYTES)
    try:
        writer.write(request)
        await writer.drain()
        return await reader.readline()
    except ConnectionError:
        return b""
    finally:
        writer.close()
