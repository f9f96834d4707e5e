"""Dialogue over music: what each sample of a timeline's sound is."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from workers.render import gains
from workers.render.formats import SAMPLE_RATE
from workers.render.sources import Samples, Source
from workers.render.timeline import MusicBed, Timeline, VoiceClip

_BLOCK = gains.STEP * 1000
_EDGE = SAMPLE_RATE * 3 // 1000
_LOOP_CROSSFADE = 2 * SAMPLE_RATE


def _factor(decibels: float) -> np.float32:
    return np.float32(10 ** (decibels / 20))


class _Voice:
    """A clip at its place, with edges of 3 ms so that a hard cut in it does not click."""

    def __init__(self, clip: VoiceClip, scratch: Path) -> None:
        self._source = Source(clip.path, scratch)
        self._gain = _factor(clip.gain_db)
        self.start = round(clip.start * SAMPLE_RATE)
        self.stop = self.start + self._source.length

    def add_to(self, block: Samples, start: int) -> None:
        """Add what falls into a block that begins at `start`."""
        first, last = max(start, self.start), min(start + len(block), self.stop)
        if first >= last:
            return
        at = np.arange(first - self.start, last - self.start)
        edge = np.minimum(at + 1, self._source.length - at) / _EDGE
        part = self._source.read(first - self.start, last - self.start)
        block[first - start : last - start] += part * gains.fade(edge)[:, None] * self._gain


class _Music:
    """A bed that fills the timeline: looped with an equal-power cross-fade, faded at its ends."""

    def __init__(self, bed: MusicBed, scratch: Path, samples: int) -> None:
        self._source = Source(bed.path, scratch)
        self._gain = _factor(bed.gain_db)
        self._offset = round(bed.offset * SAMPLE_RATE)
        self._samples = samples
        self._fade_in = max(1.0, bed.fade_in * SAMPLE_RATE)
        self._fade_out = max(1.0, bed.fade_out * SAMPLE_RATE)
        self._overlap = min(_LOOP_CROSSFADE, self._source.length // 4)

    def read(self, start: int, stop: int) -> Samples:
        """The bed from `start` to `stop`, before ducking."""
        at = np.arange(start, stop)
        edge = np.minimum((at + 1) / self._fade_in, (self._samples - at) / self._fade_out)
        return self._looped(start, stop) * gains.fade(edge)[:, None] * self._gain

    def _looped(self, start: int, stop: int) -> Samples:
        period = self._source.length - self._overlap
        position, end = start + self._offset, stop + self._offset
        parts: list[Samples] = []
        while position < end:
            turn, at = divmod(position, period)
            length = min(end - position, period - at)
            part = self._source.read(at, at + length)
            if turn and at < self._overlap:
                self._blend(part, at)
            parts.append(part)
            position += length
        return np.concatenate(parts)

    def _blend(self, part: Samples, at: int) -> None:
        """Let the end of the turn before fade out over the start of this one."""
        count = min(len(part), self._overlap - at)
        angle = (np.arange(at, at + count) / self._overlap) * (np.pi / 2)
        tail = self._source.length - self._overlap + at
        ending = self._source.read(tail, tail + count)
        part[:count] = part[:count] * np.sin(angle)[:, None] + ending * np.cos(angle)[:, None]


class Mix:
    """The sound of a timeline, computed a block at a time."""

    def __init__(self, timeline: Timeline, scratch: Path) -> None:
        """Decode all inputs into the folder `scratch`. Raises Unreadable."""
        self.samples = timeline.samples
        self._fade_in = max(1.0, timeline.fade_in * SAMPLE_RATE)
        self._fade_out = max(1.0, timeline.fade_out * SAMPLE_RATE)
        self._faded = bool(timeline.fade_in), bool(timeline.fade_out)
        self._voices = [
            _Voice(clip, scratch / f"voice{number}") for number, clip in enumerate(timeline.voices)
        ]
        bed = timeline.music
        self._music = _Music(bed, scratch / "music", self.samples) if bed is not None else None
        self._ducking = self._duck(bed.duck_db) if bed is not None else None

    def _duck(self, duck_db: float) -> gains.Curve:
        power = [gains.block_levels(self._speech(a, b))[1] for a, b in self._ranges()]
        return gains.ducking(np.concatenate(power), duck_db)

    def _ranges(self) -> Iterator[tuple[int, int]]:
        for start in range(0, self.samples, _BLOCK):
            yield start, min(start + _BLOCK, self.samples)

    def _speech(self, start: int, stop: int) -> Samples:
        block = np.zeros((stop - start, 2), dtype=np.float32)
        for voice in self._voices:
            voice.add_to(block, start)
        return block

    def _unlimited(self, start: int, stop: int) -> Samples:
        block = self._speech(start, stop)
        if self._music is not None and self._ducking is not None:
            block += self._music.read(start, stop) * gains.factors(self._ducking, start, stop)
        at = np.arange(start, stop)
        if self._faded[0]:
            block *= gains.fade(at / self._fade_in)[:, None]
        if self._faded[1]:
            block *= gains.fade((self.samples - 1 - at) / self._fade_out)[:, None]
        return block

    def blocks(self) -> Iterator[Samples]:
        """The finished sound in order, its peaks at or below the ceiling."""
        peaks = [gains.block_levels(self._unlimited(a, b))[0] for a, b in self._ranges()]
        curve = gains.limiting(np.concatenate(peaks))
        for start, stop in self._ranges():
            yield self._unlimited(start, stop) * gains.factors(curve, start, stop)
