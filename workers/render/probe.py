"""Asking what a file is: the door to the limited probing process.

Outside files are never decoded in the worker itself. One probing process serves a whole worker;
it is started at the first question and ends with the worker.
"""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workers.render.errors import Unreadable
from workers.render.facts import Box, Look, TechnicalData
from workers.render.limits import LOOK_SECONDS, PROBE_SECONDS
from workers.render.servants import Servant

__all__ = ["TechnicalData", "colours", "likeness", "look", "probe", "probe_many", "thumbnail"]

THUMBNAIL_SIZE = 480
_AT_ONCE = 16
_ANSWER_BYTES = 256 * 1024


_prober = Servant("workers.render.probe_child")


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
    try:
        async with _prober.connected(_ANSWER_BYTES) as (reader, writer):
            writer.write(request)
            await writer.drain()
            return await reader.readline()
    except ConnectionError:
        return b""
