"""The last touch to music: an even level, rounded peaks, fades, 48 kHz."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workers.providers.local.resampling import resampled
from workers.providers.local.sound import SAMPLE_RATE, Samples

# Mean power in dB; with the ear's weighting it comes to about -18 LUFS.
_LOUDNESS, _PEAK, _KNEE = -17.0, -3.2, 0.6
_BLOCK = 2**15


def mastered(mix: Samples, rate: int, count: int) -> Iterator[Samples]:
    """Even the level, fade in shortly and out slowly, come to 48 kHz, round off the peaks.

    `mix`, (2, n) at `rate`, is changed in place; the blocks have `count` samples at 48 kHz in all,
    which is at most what `mix` comes to.
    """
    size = mix.shape[1]
    blocks = [mix[:, start : start + _BLOCK] for start in range(0, size, _BLOCK)]
    power = sum(float(np.square(block).sum()) for block in blocks) / size
    if power > 0:
        mix *= np.float32(10 ** (_LOUDNESS / 20) / power**0.5)
    seconds = count / SAMPLE_RATE
    rise = min(size, max(1, round(min(0.05, seconds / 4) * rate)))
    fall = min(size, max(1, round(min(3.0, seconds / 3) * rate)))
    mix[:, :rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    mix[:, size - fall :] *= np.linspace(1, 0, fall, dtype=np.float32) ** 1.5
    for block in resampled(mix, rate):
        yield _rounded(block[:, :count])
        count -= min(count, block.shape[1])


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
