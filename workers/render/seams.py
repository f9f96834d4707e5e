"""Sounds laid end to end without clicks."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

from workers.render.errors import Unreadable
from workers.render.formats import SAMPLE_RATE
from workers.render.samples import Samples
from workers.render.sound_request import Piece
from workers.render.sources import CONTAINER_OPTIONS, Source

_SEAM = SAMPLE_RATE * 5 // 1000
_BLOCK = SAMPLE_RATE * 10


class PictureFacts(NamedTuple):
    """What must be the same for pictures to be joined by stream copy."""

    frames: int
    rate: Fraction
    size: tuple[int, int]
    headers: bytes | None


def picture_facts(path: Path) -> PictureFacts:
    """Read a segment's stream headers. Raises Unreadable."""
    try:
        with av.open(str(path.absolute()), options=CONTAINER_OPTIONS) as container:
            if not container.streams.video:
                raise Unreadable(f"{path.name} has no picture.")
            stream = container.streams.video[0]
            rate = stream.average_rate
            if rate is None or not stream.frames:
                raise Unreadable(f"{path.name} does not tell how long it lasts.")
            context = stream.codec_context
            return PictureFacts(
                stream.frames, rate, (context.width, context.height), context.extradata
            )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise Unreadable(f"{path.name} can't be read: {error}") from None


def check_alike(pieces: Sequence[Piece]) -> list[int]:
    """How many samples each piece lasts. Raises Unreadable where pictures differ in kind."""
    facts = [picture_facts(piece.video) for piece in pieces]
    for piece, fact in zip(pieces, facts, strict=True):
        if fact[1:] != facts[0][1:]:
            raise Unreadable(
                f"{piece.video.name} has another size, frame rate or encoding than the segments "
                "before it; render it again with the same format."
            )
    return [round(fact.frames * SAMPLE_RATE / fact.rate) for fact in facts]


def end_to_end(pieces: Sequence[Piece], scratch: Path) -> Iterator[Samples]:
    """The sound of all pieces, each exactly as long as its picture. Raises Unreadable."""
    lengths = check_alike(pieces)
    before = silence = np.zeros(2, dtype=np.float32)
    source = Source(pieces[0].audio, scratch / "piece0")
    for index, length in enumerate(lengths):
        following = None
        if index + 1 < len(pieces):
            following = Source(pieces[index + 1].audio, scratch / f"piece{index + 1}")
        after = silence if following is None else _jump(source, length, following)
        for start in range(0, length, _BLOCK):
            block = source.read(start, min(start + _BLOCK, length))
            _bend(block, start, length, before, after)
            yield block
        (scratch / f"piece{index}").unlink()
        if following is not None:
            before, source = after, following


def _jump(source: Source, length: int, following: Source) -> Samples:
    """How far the waveform leaps at a seam, beyond where it was heading: zero if continuous."""
    end, start = source.read(length - 2, length), following.read(0, 2)
    slope = ((end[1] - end[0]) + (start[1] - start[0])) / 2
    jump: Samples = start[0] - end[1] - slope
    return jump


def _bend(block: Samples, start: int, length: int, before: Samples, after: Samples) -> None:
    """Share the leap between both sides: each is bent by half of it over 5 ms."""
    at = np.arange(start, start + len(block))
    if before.any():
        falling = 0.5 + 0.5 * np.cos(np.pi * np.clip(at / _SEAM, 0, 1))
        block -= falling[:, None] * before / 2
    if after.any():
        rising = 0.5 + 0.5 * np.cos(np.pi * np.clip((length - 1 - at) / _SEAM, 0, 1))
        block += rising[:, None] * after / 2
