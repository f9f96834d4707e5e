"""The sound of a film that is joined of finished ones: end to end, without gap or click."""

import itertools
from collections.abc import Sequence

import numpy as np

from workers.render.formats import SAMPLE_RATE, FrameFormat
from workers.render.jobs import DecodeFacts
from workers.render.sound_plan import (
    PACKET,
    MixPlan,
    PlannedSound,
    SoundPiece,
    Step,
    pieces_between,
)


def in_step(seconds: float, format: FrameFormat) -> float:
    """The shortest time, not shorter than this, of whole frames and whole packets of sound.

    A film of which all parts last so long keeps the sound of those behind a changed part: their
    packets begin where they began.
    """
    unit = np.lcm(format.samples_per_frame, PACKET)
    return float(-(-round(seconds * SAMPLE_RATE) // unit) * unit / SAMPLE_RATE)


def plan_film(sounds: Sequence[tuple[str, DecodeFacts]]) -> list[SoundPiece]:
    """The pieces of these sounds one behind the other, each named by the hash of its content."""
    facts = [each for _, each in sounds]
    starts = list(itertools.accumulate((each.length for each in facts), initial=0))
    leaps = [_leap(before, after) for before, after in itertools.pairwise(facts)]
    planned = [
        PlannedSound(
            role="effect",
            source=source,
            start=start,
            length=each.length,
            bends=(_half(came, -1), _half(comes, 1)),
        )
        for (source, each), start, came, comes in zip(
            sounds, starts, [(0.0, 0.0), *leaps], [*leaps, (0.0, 0.0)], strict=False
        )
    ]
    last = -(-starts[-1] // PACKET)
    edges = dict.fromkeys([*(start // PACKET for start in starts[:-1]), last])
    return pieces_between(MixPlan(sounds=tuple(planned)), list(edges))


def _leap(before: DecodeFacts, after: DecodeFacts) -> Step:
    """How far the waveform leaps at a seam, beyond where it was heading: zero if it goes on."""
    end, start = np.array(before.end), np.array(after.start)
    left, right = start[0] - end[1] - ((end[1] - end[0]) + (start[1] - start[0])) / 2
    return float(left), float(right)


def _half(leap: Step, sign: int) -> Step:
    """Both sides of a seam are bent by half of its leap."""
    left, right = (sign * each / 2 for each in leap)
    return left, right
