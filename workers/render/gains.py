"""Gain curves: ducking and limiting, as nodes in dB every 512 samples, straight lines between.

Both curves come from the same tool: a wanted gain is lowered where needed so that it never rises
or falls faster than given. A lowered curve keeps every promise the wanted one made.
"""

import numpy as np
import numpy.typing as npt

from workers.render.formats import SAMPLE_RATE
from workers.render.samples import Samples

STEP = 512
"""Half an AAC frame: pieces of sound that begin with a frame share their nodes."""
_STEPS_A_SECOND = SAMPLE_RATE / STEP
CEILING_DB = -1.5
_SPEECH_DB = -45.0
_AHEAD_SECONDS = 0.12
_HOLD_SECONDS = 0.30
_DUCK_ATTACK_SECONDS = 0.20
_DUCK_RELEASE_SECONDS = 0.60
_LIMIT_ATTACK_DB_A_SECOND = 400.0
_LIMIT_RELEASE_DB_A_SECOND = 40.0

Curve = npt.NDArray[np.float32]


def block_levels(block: Samples) -> tuple[Curve, Curve]:
    """Peak and mean power of each step of a block; the last step may be shorter."""
    steps = -(-len(block) // STEP)
    padded = np.zeros((steps * STEP, 2), dtype=np.float32)
    padded[: len(block)] = block
    shaped = padded.reshape(steps, STEP * 2)
    return np.abs(shaped).max(axis=1), np.square(shaped).mean(axis=1)


def ducking(power: Curve, duck_db: float) -> Curve:
    """The gain of the music in dB, given the power of the voices in each step.

    The music is down before somebody speaks, stays down through short pauses, and comes back
    slowly.
    """
    speaking = power > 10 ** (_SPEECH_DB / 10)
    ahead, hold = (round(s * _STEPS_A_SECOND) for s in (_AHEAD_SECONDS, _HOLD_SECONDS))
    reach = np.ones(ahead + hold + 1, dtype=np.float32)
    spread = np.convolve(speaking.astype(np.float32), reach)[ahead : ahead + len(speaking)]
    wanted = _nodes(np.where(spread > 0.5, duck_db, 0.0).astype(np.float32))
    depth = abs(duck_db)
    curve = slope_limited(wanted, depth / _DUCK_RELEASE_SECONDS, depth / _DUCK_ATTACK_SECONDS)
    soft = np.hanning(11).astype(np.float32)
    padded = np.pad(curve, 5, mode="edge")
    return np.convolve(padded, soft / soft.sum(), mode="valid").astype(np.float32)


def limiting(peak: Curve) -> Curve:
    """The gain in dB that keeps every step's peak at or below the ceiling."""
    loudness = 20 * np.log10(np.maximum(peak, 1e-9))
    wanted = _nodes(np.minimum(0.0, CEILING_DB - loudness).astype(np.float32))
    return slope_limited(wanted, _LIMIT_RELEASE_DB_A_SECOND, _LIMIT_ATTACK_DB_A_SECOND)


def _nodes(steps: Curve) -> Curve:
    """Values at the edges of steps: the lower one of the two that meet."""
    padded = np.concatenate([steps[:1], steps, steps[-1:]])
    nodes: Curve = np.minimum(padded[:-1], padded[1:])
    return nodes


def slope_limited(nodes: Curve, rise: float, fall: float) -> Curve:
    """The highest curve under `nodes` that rises and falls at most so many dB a second."""
    index = np.arange(len(nodes), dtype=np.float64)
    up, down = index * (rise / _STEPS_A_SECOND), index * (fall / _STEPS_A_SECOND)
    held = np.minimum.accumulate(nodes - up) + up
    ahead = np.minimum.accumulate((held + down)[::-1])[::-1] - down
    return ahead.astype(np.float32)


def factors(nodes: Curve, start: int, stop: int) -> Samples:
    """The gain of each sample of a range, as a factor in one column."""
    first = start // STEP
    part = nodes[first : -(-stop // STEP) + 1]
    at = (np.arange(start, stop) - first * STEP) / STEP
    decibels = np.interp(at, np.arange(len(part)), part)
    return np.power(10.0, decibels / 20).astype(np.float32)[:, None]


def fade(position: npt.NDArray[np.float64]) -> Samples:
    """The gain of a fade at positions from 0 (silent) to 1 (full): a sine, without corners."""
    return np.sin(np.clip(position, 0, 1) * (np.pi / 2)).astype(np.float32) ** 2
