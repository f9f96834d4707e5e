"""Listening to a track: how loud, how long silent, cut off or not, and its fingerprint."""

import asyncio
import base64
import re
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from documents.channels import TrackCheck
from workers.render.errors import Unreadable
from workers.render.ffmpeg import executable, guarded_input
from workers.render.limits import MEDIA_FORMATS
from workers.render.probe import probe
from workers.render.processes import running

SILENT_LUFS: Final = -50.0
FULL_SCALE_DB: Final = -0.1
MOST_AT_FULL_SCALE: Final = 100
"""So many samples at full scale are cut off, and not the top of a normalised wave."""
SILENT_SHARE: Final = 0.1
SILENT_SECONDS: Final = 5.0
"""A track may be silent for a tenth of its length, or for so long if that is more."""
_FILTERS: Final = (
    "silencedetect=noise=-60dB:d=1,"
    "astats=measure_perchannel=none:measure_overall=Peak_level+Peak_count,"
    "ebur128=framelog=quiet"
)
_FACT: Final = re.compile(r"(silence_duration|Peak level dB|Peak count|\bI): *(-?[\d.]+|-inf|nan)")
_PRINT_RATE: Final = 8.0
"""Words of a fingerprint a second, nearly."""
_MOST_SHIFT_SECONDS: Final = 20
_LEAST_OVERLAP: Final = 0.5
_LEAST_WORDS: Final = 160
"""Twenty seconds: in less one cannot tell two pieces from one."""
TWIN_DIFFERENCE: Final = 0.25
"""Share of differing bits: the same music, encoded anew, has about 0.05, other music about 0.5."""

Words = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Heard:
    """What was found in a track."""

    seconds: float
    check: TrackCheck
    sound_print: str


async def listen(path: Path) -> Heard:
    """Hear a track to its end, once.

    Raises:
        Unreadable: it is no sound, or is damaged.
        RenderError: there is no ffmpeg.
    """
    facts = await probe(path)
    if facts.duration is None or facts.audio_codec is None:
        raise Unreadable(f"{path.name} is no sound.")
    command = await asyncio.to_thread(_command, path)
    async with running(command, stdout=PIPE) as process:
        assert process.stdout is not None  # both are asked for as pipes
        assert process.stderr is not None
        words, told = await asyncio.gather(process.stdout.read(), process.stderr.read())
        if await process.wait():
            last = told.decode(errors="replace").strip().rpartition("\n")[2]
            raise Unreadable(f"{path.name} can't be decoded to its end: {last}")
    found: dict[str, list[float]] = {}
    for name, value in _FACT.findall(told.decode(errors="replace")):
        found.setdefault(name, []).append(float(value))
    return Heard(facts.duration, _check(facts.duration, found), base64.b64encode(words).decode())


def twins(prints: Sequence[tuple[int, str]]) -> dict[int, int]:
    """Which of the tracks sounds nearly like an earlier one: the earlier by the later place."""
    decoded = [(place, _words(text)) for place, text in prints]
    found: dict[int, int] = {}
    for (earlier, first), (later, second) in combinations(decoded, 2):
        if later not in found and difference(first, second) < TWIN_DIFFERENCE:
            found[later] = earlier
    return found


def difference(first: Words, second: Words) -> float:
    """The share of bits in which two fingerprints differ where they fit together best.

    Between 0 (the same) and about 0.5 (nothing in common); 1 where too little of them overlaps.
    """
    most = int(_MOST_SHIFT_SECONDS * _PRINT_RATE)
    least = max(_LEAST_WORDS, int(_LEAST_OVERLAP * min(first.size, second.size)))
    best = 1.0
    for shift in range(-most, most + 1):
        ours = first[max(0, shift) :]
        theirs = second[max(0, -shift) :]
        count = min(ours.size, theirs.size)
        if count >= least:
            differing = np.bitwise_count(ours[:count] ^ theirs[:count]).sum()
            best = min(best, float(differing) / (32 * count))
    return best


def _words(text: str) -> Words:
    return np.frombuffer(base64.b64decode(text), dtype="<u4")


def _command(path: Path) -> list[str]:
    return [
        *(executable(), "-nostdin", "-hide_banner", "-loglevel", "info", "-nostats", "-xerror"),
        *guarded_input(str(path.absolute()), formats=MEDIA_FORMATS),
        *("-map", "0:a:0", "-af", _FILTERS, "-f", "null", "-"),
        *("-map", "0:a:0", "-ac", "1", "-ar", "11025", "-f", "chromaprint"),
        *("-fp_format", "raw", "pipe:1"),
    ]


def _check(seconds: float, found: dict[str, list[float]]) -> TrackCheck:
    def last(name: str) -> float | None:
        value = found[name][-1] if name in found else None
        return value if value is not None and np.isfinite(value) else None

    loudness, peak = last("I"), last("Peak level dB")
    silence = min(seconds, sum(each for each in found.get("silence_duration", [])))
    at_full_scale = peak is not None and peak >= FULL_SCALE_DB
    clipped = int(last("Peak count") or 0) if at_full_scale else 0
    problems = []
    if peak is None or loudness is None or loudness <= SILENT_LUFS:
        problems.append("It is silent.")
    elif silence > max(SILENT_SECONDS, SILENT_SHARE * seconds):
        problems.append(f"It is silent for {silence:.1f} of its {seconds:.1f} seconds.")
    if clipped > MOST_AT_FULL_SCALE:
        problems.append(f"It is cut off at full scale ({clipped} samples).")
    return TrackCheck(
        loudness_lufs=loudness,
        peak_db=peak,
        silence_seconds=silence,
        clipped_samples=clipped,
        problems=problems,
    )
