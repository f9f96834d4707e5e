"""The last touch to music: an even level, fades, rounded peaks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workers.providers.local.sound import Samples

# Mean power in dB; with the ear's weighting it comes to about -18 LUFS.
_LOUDNESS, _PEAK, _KNEE = -17.0, -3.2, 0.6
_BLOCK = 2**15


def mastered(mix: Samples, rate: int) -> Iterator[Samples]:
    """Even the level, fade in shortly and out slowly, round off the peaks.

    `mix`, (2, n) at `rate`, is changed in place; the blocks are parts of it, one after the other.
    """
    size = mix.shape[1]
    blocks = [mix[:, start : start + _BLOCK] for start in range(0, size, _BLOCK)]
    power = sum(float(np.square(block).sum()) for block in blocks) / size
    if power > 0:
        mix *= np.float32(10 ** (_LOUDNESS / 20) / power**0.5)
    seconds = size / rate
    rise = min(size, max(1, round(min(0.05, seconds / 4) * rate)))
    fall = min(size, max(1, round(min(3.0, seconds / 3) * rate)))
    mix[:, :rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    mix[:, size - fall :] *= np.linspace(1, 0, fall, dtype=np.float32) ** 1.5
    yield from map(_rounded, blocks)


def _rounded(block: Samples) -> Samples:
    """The block itself, with its peaks bent below the ceiling."""
    ceiling = np.float32(10 ** (_PEAK / 20))
    sizes = np.abs(block)
    loud = sizes > _KNEE * ceiling
    if loud.any():
        above = (sizes[loud] / ceiling - _KNEE) / (1 - _KNEE)
        bent = ceiling * (_KNEE + (1 - _KNEE) * np.tanh(above))
        block[loud] = np.copysign(bent, block[loud])
    return block
