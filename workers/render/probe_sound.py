"""Listening to a file from beginning to end: loudness, waveform, and a print of how it sounds.

ffmpeg decodes, in a limited process, and gives the samples at 8 kHz; what is computed of those
numbers is computed here.
"""

import asyncio
import itertools
import re
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from workers.render.errors import Unreadable
from workers.render.ffmpeg import executable, guarded_input
from workers.render.limits import LONGEST_SECONDS, MEDIA_FORMATS
from workers.render.probe_confined import confined
from workers.render.processes import last_words, running

RATE: Final = 8_000
_BLOCK_BYTES: Final = RATE * 2 * 60
_PEAK_SAMPLES: Final = 400
MOST_PEAKS: Final = 2_000

FRAME: Final = 1_024
HOP: Final = 256
BANDS: Final = 16
SEGMENTS: Final = 32
PRINT_SECONDS: Final = 20 * 60
"""How much of a sound its print is taken of; the lengths are compared as well."""
_SHORTEST_PRINT: Final = 1.0
_EDGES: Final = np.geomspace(200, 3_600, BANDS + 1)
_SILENT: Final = 1e-4
"""Below this amplitude (-80 dBFS) at its loudest a sound has nothing to compare."""

_GRAPH: Final = "[0:a:0]asplit[a][b];[a]ebur128=peak=true:framelog=quiet[heard]"
_SUMMARY: Final = re.compile(r"\b(I|LRA|Peak): +(-?[\d.]+|-inf|nan) ")

Levels = npt.NDArray[np.int16]
Energies = npt.NDArray[np.float32]


class Heard(BaseModel):
    """What was heard.

    Loudness is in LUFS and its range in LU (EBU R 128, Tech 3342), the true peak in dBTP; None for
    silence. `peaks` are the lowest and highest sample of one stretch after the other, from -128 to
    127, each `samples_a_peak` samples of 8 kHz long. `sound_print` is `SEGMENTS` times 32 bits in
    hex; None for silence and what is shorter than a second.
    """

    model_config = ConfigDict(frozen=True)

    seconds: float
    loudness: float | None
    loudness_range: float | None
    true_peak: float | None
    samples_a_peak: int
    peaks: list[tuple[int, int]]
    sound_print: str | None


async def listen(path: Path) -> Heard:
    """Listen to the first sound of a file, to its end.

    Raises:
        Unreadable: it has no sound that can be decoded, or takes more time or memory than it may.
    """
    command = await asyncio.to_thread(_command, path)
    listener = _Listener()
    async with running(command, stdout=PIPE) as process:
        assert process.stdout is not None  # asked for as a pipe
        words = asyncio.create_task(last_words(process))
        try:
            while block := await _block(process.stdout):
                await asyncio.to_thread(listener.take, block)
                if listener.seconds > LONGEST_SECONDS:
                    raise Unreadable(f"{path.name} is longer than 12 hours.")
            said = await words
        finally:
            words.cancel()
        if await process.wait() and not listener.seconds:
            raise Unreadable(f"{path.name} can't be played: {said.splitlines()[-1:] or 'it ended'}")
    if not listener.seconds:
        raise Unreadable(f"{path.name} holds no sound at all.")
    return await asyncio.to_thread(listener.heard, said)


def _command(path: Path) -> list[str]:
    command = [executable(), "-nostdin", "-hide_banner", "-loglevel", "info", "-nostats"]
    command += guarded_input(str(path.absolute()), "-threads", "1", formats=MEDIA_FORMATS)
    command += ["-filter_complex", _GRAPH, "-map", "[heard]", "-f", "null", "-"]
    samples = ["-map", "[b]", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "pipe:1"]
    return confined([*command, *samples])


async def _block(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readexactly(_BLOCK_BYTES)
    except asyncio.IncompleteReadError as error:
        return error.partial


class _Listener:
    """Takes samples as they come and keeps only what the answer needs."""

    def __init__(self) -> None:
        self._samples = 0
        self._lowest: list[Levels] = []
        self._highest: list[Levels] = []
        self._energies: list[Energies] = []
        self._loudest = 0.0
        self._window = np.hanning(FRAME).astype(np.float32)
        self._bands = _bands()
        self._tail = np.zeros(0, dtype=np.float32)

    @property
    def seconds(self) -> float:
        return self._samples / RATE

    def take(self, block: bytes) -> None:
        """Samples that follow those before; only the last block has an odd length."""
        samples = np.frombuffer(block[: len(block) // 2 * 2], dtype="<i2")
        whole = np.pad(samples, (0, -len(samples) % _PEAK_SAMPLES)).reshape(-1, _PEAK_SAMPLES)
        self._lowest.append(whole.min(axis=1))
        self._highest.append(whole.max(axis=1))
        if self.seconds < PRINT_SECONDS:
            self._measure(samples.astype(np.float32) / np.float32(32_768))
        self._samples += len(samples)

    def _measure(self, samples: npt.NDArray[np.float32]) -> None:
        self._loudest = max(self._loudest, float(np.abs(samples).max(initial=0)))
        signal = np.concatenate([self._tail, samples])
        if len(signal) >= FRAME:
            frames = np.lib.stride_tricks.sliding_window_view(signal, FRAME)[::HOP]
            power = np.abs(np.fft.rfft(frames * self._window)) ** 2
            self._energies.append((power @ self._bands).astype(np.float32))
            signal = signal[len(frames) * HOP :]
        self._tail = signal

    def heard(self, said: str) -> Heard:
        """All of it together with what the meter said at its end."""
        found = dict(_SUMMARY.findall(said))
        step, peaks = _reduced(np.concatenate(self._lowest), np.concatenate(self._highest))
        audible = self._loudest >= _SILENT and self.seconds >= _SHORTEST_PRINT
        return Heard(
            seconds=self.seconds,
            loudness=_number(found.get("I"), silence=-70.0),
            loudness_range=_number(found.get("LRA")),
            true_peak=_number(found.get("Peak")),
            samples_a_peak=step * _PEAK_SAMPLES,
            peaks=peaks,
            sound_print=sound_print(np.concatenate(self._energies)) if audible else None,
        )


def _number(text: str | None, *, silence: float = -np.inf) -> float | None:
    """A figure of the meter, or None where it says that there was nothing to measure."""
    value = float(text) if text is not None else float("nan")
    return value if np.isfinite(value) and value > silence else None


def _reduced(lowest: Levels, highest: Levels) -> tuple[int, list[tuple[int, int]]]:
    """At most `MOST_PEAKS` pairs of 8 bits, and how many stretches each stands for."""
    step = -(-len(lowest) // MOST_PEAKS)
    starts = np.arange(0, len(lowest), step)
    low = np.minimum.reduceat(lowest, starts) >> 8
    high = np.maximum.reduceat(highest, starts) >> 8
    return step, list(zip(low.tolist(), high.tolist(), strict=True))


def _bands() -> npt.NDArray[np.float32]:
    """Which frequencies belong to which band: 16 of equal ratio from 200 to 3,600 Hz."""
    frequencies = np.fft.rfftfreq(FRAME, 1 / RATE)
    columns = [
        (frequencies >= low) & (frequencies < high) for low, high in itertools.pairwise(_EDGES)
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def sound_print(energies: npt.NDArray[Any]) -> str:
    """How a sound goes, in `SEGMENTS` equal parts of 32 bits each.

    For every band: is it louder here than in the whole (how the sound moves), and is it louder
    than its neighbours (how it is coloured). After the sub-fingerprints of Haitsma and Kalker
    ("A Highly Robust Audio Fingerprinting System", 2002), with parts that stretch with the length,
    so that two prints compare without an alignment. Volume does not count.
    """
    floor = energies.max() * 1e-6
    parts = np.array_split(energies, SEGMENTS)
    mean = energies.mean(axis=0)
    levels = np.log(np.stack([part.mean(axis=0) if len(part) else mean for part in parts]) + floor)
    padded = np.pad(levels, ((0, 0), (1, 1)), mode="edge")
    moves = levels > np.log(mean + floor) + _NOTICED
    stands_out = levels > (padded[:, :-2] + padded[:, 2:]) / 2 + _NOTICED
    return np.packbits(np.concatenate([moves, stands_out], axis=1)).tobytes().hex()


_NOTICED: Final = 0.05
"""Differences of log energy below this (0.2 dB) are those of rounding and coding."""
