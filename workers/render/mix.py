"""Voices over music that makes way for them: what each sample of a sound is."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from workers.render import gains
from workers.render.formats import SAMPLE_RATE
from workers.render.pcm import PcmReader
from workers.render.samples import Samples
from workers.render.sound_plan import PACKET, MixPlan, PlannedSound

_BLOCK = gains.STEP * 1000
_EDGE = SAMPLE_RATE * 3 // 1000
_BEND = SAMPLE_RATE * 5 // 1000
_LOOP_CROSSFADE = 2 * SAMPLE_RATE
_CONTEXT = 2 * SAMPLE_RATE // PACKET * PACKET
"""How far ducking and limiting are worked out around what is asked for."""

Positions = npt.NDArray[np.int64]


def factor(decibels: float) -> np.float32:
    """A gain as a factor."""
    return np.float32(10 ** (decibels / 20))


class _Sound:
    """A sound at its place, with edges of 3 ms so that a hard cut in it does not click."""

    def __init__(self, planned: PlannedSound, source: PcmReader) -> None:
        self.planned = planned
        self._source = source
        self._gain = factor(planned.gain_db)
        self.start, self.stop = planned.start, planned.start + planned.length

    def read(self, start: int, stop: int) -> Samples:
        """A range that lies within the sound."""
        position = self.planned.offset - self.start
        part = self._source.read(start + position, stop + position)
        part *= self._gain
        if start - self.start < _EDGE or self.stop - stop < _EDGE:
            at = np.arange(start, stop)
            edge = np.minimum(at - self.start + 1, self.stop - at) / _EDGE
            part *= gains.fade(edge)[:, None]
        return part


class _Music(_Sound):
    """Music: looped with an equal-power cross-fade, faded at its ends with equal power."""

    def __init__(self, planned: PlannedSound, source: PcmReader) -> None:
        super().__init__(planned, source)
        self._overlap = min(_LOOP_CROSSFADE, source.length // 4)

    def read(self, start: int, stop: int) -> Samples:
        """A range that lies within the sound."""
        part = self._looped(start, stop) if self.planned.loop else self._once(start, stop)
        part *= self._gain
        fade_in, fade_out = max(1, self.planned.fade_in), max(1, self.planned.fade_out)
        if start - self.start < fade_in or self.stop - stop < fade_out:
            at = np.arange(start, stop)
            edge = np.minimum((at - self.start + 1) / fade_in, (self.stop - at) / fade_out)
            part *= np.sin(np.clip(edge, 0, 1) * (np.pi / 2)).astype(np.float32)[:, None]
        return part

    def _once(self, start: int, stop: int) -> Samples:
        position = self.planned.offset - self.start
        return self._source.read(start + position, stop + position)

    def _looped(self, start: int, stop: int) -> Samples:
        period = self._source.length - self._overlap
        position = start - self.start + self.planned.offset
        end = stop - self.start + self.planned.offset
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


class _Continued(_Sound):
    """A sound that goes on where another one ends: bent over 5 ms so that the two meet."""

    def read(self, start: int, stop: int) -> Samples:
        """A range that lies within the sound."""
        position = self.planned.offset - self.start
        part = self._source.read(start + position, stop + position)
        first, last = self.planned.bends or ((0.0, 0.0), (0.0, 0.0))
        at = np.arange(start, stop)
        for bend, distance in ((first, at - self.start), (last, self.stop - 1 - at)):
            if any(bend) and distance.min() < _BEND:
                weight = 0.5 + 0.5 * np.cos(np.pi * np.clip(distance / _BEND, 0, 1))
                part += weight[:, None].astype(np.float32) * np.asarray(bend, dtype=np.float32)
        part *= self._gain
        return part


class Mix:
    """A planned sound, computed a block at a time; ranges begin at whole packets."""

    def __init__(self, plan: MixPlan, sources: Mapping[str, PcmReader]) -> None:
        self._plan = plan
        self._voices, self._effects, self._music = (
            [_of(each, sources[each.source]) for each in plan.sounds if each.role == role]
            for role in ("voice", "effect", "music")
        )

    def blocks(self, start: int, stop: int, gain_db: float = 0.0) -> Iterator[Samples]:
        """The finished sound of a range, levelled by a gain, its peaks at or below the ceiling."""
        low, high = start - _CONTEXT, stop + _CONTEXT
        make = self._levelled(low, high, gain_db)
        peaks = [gains.block_levels(make(a, b))[0] for a, b in _ranges(low, high)]
        curve = gains.limiting(np.concatenate(peaks))
        calm = not curve.any()
        for a, b in _ranges(start, stop):
            block = make(a, b)
            if not calm:
                block *= gains.factors(curve, a - low, b - low)
            yield block

    def unlimited(self, start: int, stop: int) -> Iterator[Samples]:
        """The sound of a range before it is levelled and limited, as its loudness is measured."""
        make = self._levelled(start - _CONTEXT, stop + _CONTEXT, 0.0)
        for a, b in _ranges(start, stop):
            yield make(a, b)

    def _levelled(self, low: int, high: int, gain_db: float) -> Callable[[int, int], Samples]:
        ducks = self._ducking(low, high)
        gain = factor(gain_db)

        def make(start: int, stop: int) -> Samples:
            block = _sum(self._music, start, stop, [(low, curve) for curve in ducks])
            for sounds in (self._voices, self._effects):
                block += _sum(sounds, start, stop)
            if gain != 1:
                block *= gain
            self._fade(block, start, stop)
            return block

        return make

    def _ducking(self, low: int, high: int) -> list[gains.Curve | None]:
        """The gain of each piece of music, None where nobody speaks."""
        if not self._voices or not self._music:
            return [None] * len(self._music)
        power = np.concatenate(
            [gains.block_levels(_sum(self._voices, a, b))[1] for a, b in _ranges(low, high)]
        )
        return [gains.ducking(power, each.planned.duck_db) for each in self._music]

    def _fade(self, block: Samples, start: int, stop: int) -> None:
        coming, going = self._plan.fade_in, self._plan.fade_out
        if coming is not None and start < coming[0] + coming[1]:
            block *= gains.fade((np.arange(start, stop) - coming[0]) / coming[1])[:, None]
        if going is not None and stop > going[0] - going[1]:
            block *= gains.fade((going[0] - 1 - np.arange(start, stop)) / going[1])[:, None]


def _of(planned: PlannedSound, source: PcmReader) -> _Sound:
    if planned.bends is not None:
        return _Continued(planned, source)
    return _Music(planned, source) if planned.role == "music" else _Sound(planned, source)


def _ranges(start: int, stop: int) -> Iterator[tuple[int, int]]:
    for first in range(start, stop, _BLOCK):
        yield first, min(first + _BLOCK, stop)


def _sum(
    sounds: list[_Sound],
    start: int,
    stop: int,
    curves: "list[tuple[int, gains.Curve | None]] | None" = None,
) -> Samples:
    block = np.zeros((stop - start, 2), dtype=np.float32)
    for number, sound in enumerate(sounds):
        first, last = max(start, sound.start), min(stop, sound.stop)
        if first >= last:
            continue
        part = sound.read(first, last)
        if curves is not None:
            low, curve = curves[number]
            if curve is not None:
                part *= gains.factors(curve, start - low, stop - low)[first - start : last - start]
        block[first - start : last - start] += part
    return block
