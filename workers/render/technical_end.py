"""Whether a film or sound goes on as long as its header promises."""

from pathlib import Path

import av

from workers.render.errors import Unreadable
from workers.render.facts import TechnicalData
from workers.render.sources import CONTAINER_OPTIONS
from workers.render.technical import words_of

_LOOKED_AT = 0.9
"""Where reading begins, as a share of the length: what is missing is missing at the end."""
_MISSING_SECONDS = 0.5
_MISSING_SHARE = 0.05
"""Headers are rounded and streams of unequal length: so much may be missing."""
_LONGER = 10
"""How many times, and seconds, it may go on beyond what it promises: headers may be estimates."""


def check_end(path: Path, facts: TechnicalData) -> None:
    """Refuse a file that was cut off; its packets are read there, and not decoded.

    Raises:
        Unreadable: it ends much earlier than it says, or never.
    """
    if not facts.duration:
        return
    _check_wave(path)
    try:
        end = _last_end(path, facts.duration * _LOOKED_AT)
    except (av.FFmpegError, OSError, ValueError, MemoryError) as error:
        raise Unreadable(f"{path.name} is damaged towards its end: {words_of(error)}") from None
    missing = facts.duration - end
    if missing > max(_MISSING_SECONDS, facts.duration * _MISSING_SHARE):
        raise Unreadable(
            f"{path.name} ends {missing:.1f} s before it should: it was cut off; send it again."
        )
    if end > _LONGER * facts.duration + _LONGER:
        raise Unreadable(f"{path.name} is damaged: it goes on far beyond its promised length.")


def _last_end(path: Path, seconds: float) -> float:
    """When the last packet ends, read from a time on.

    Where nothing is found there, all packets are read: in short FLACs, for one, FFmpeg often finds
    no place to begin at, and answers -1, which reads as "Operation not permitted".
    """
    try:
        if ends := _ends(path, seconds):
            return max(ends)
    except av.FFmpegError:
        pass
    return max(_ends(path, None), default=0.0)


def _ends(path: Path, seconds: float | None) -> list[float]:
    with av.open(str(path.absolute()), options=CONTAINER_OPTIONS) as container:
        start = (container.start_time or 0) / av.time_base
        if seconds is not None:
            container.seek(int((start + seconds) * av.time_base))
        return [
            float((packet.pts + (packet.duration or 0)) * packet.time_base) - start
            for packet in container.demux()
            if packet.pts is not None and packet.time_base is not None
        ]


def _check_wave(path: Path) -> None:
    """A WAV says how long it is in its first bytes; decoders take what there is instead."""
    with path.open("rb") as file:
        head = file.read(12)
    promised = int.from_bytes(head[4:8], "little")
    if head[:4] != b"RIFF" or head[8:] != b"WAVE" or promised in _UNKNOWN_LENGTHS:
        return
    if promised + 8 > path.stat().st_size + _PADDING:
        raise Unreadable(f"{path.name} is shorter than it says: it was cut off; send it again.")


_UNKNOWN_LENGTHS = (0, 0xFFFF_FFFF)
"""Written by who streams and can't go back."""
_PADDING = 1
