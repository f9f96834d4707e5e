"""A higher rate for sound: windowed sines as small matrix products, block by block."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from workers.providers.local.sound import LARGEST_PRODUCT, SAMPLE_RATE, Samples

_HALF = 32
"""Samples that are heeded on either side of a moment."""
_PART = 64
_SHORTEST_PERIOD = 128
_WINDOW = 8.0
_AT_ONCE = LARGEST_PRODUCT // (2 * _PART * _PART)
"""Periods in one product."""


def resampled(sound: Samples, rate: int) -> Iterator[Samples]:
    """Sound, (channels, n), at 48 kHz: blocks of it, `round(n * 48000 / rate)` samples in all.

    Up to 90 % of what `rate` can hold it stays as it is; above 110 % of that it is 80 dB down.
    `rate` is at most 48000.
    """
    if rate == SAMPLE_RATE:
        yield sound
        return
    period, parts = _plan(rate)
    period_out = sum(matrix.shape[1] for _, matrix in parts)
    channels, size = sound.shape
    step = period * _AT_ONCE
    heard = np.zeros((channels, step + 2 * _HALF), dtype=np.float32)
    frames = [
        (channel, sliding_window_view(heard[channel, offset:], matrix.shape[0])[::period], matrix)
        for channel in range(channels)
        for offset, matrix in parts
    ]
    left = round(size * SAMPLE_RATE / rate)
    for start in range(0, size, step):
        first, last = max(0, start - _HALF), min(size, start + step + _HALF)
        begin = first - start + _HALF
        heard[:, begin : begin + last - first] = sound[:, first:last]
        heard[:, begin + last - first :] = 0
        out = np.empty((channels, _AT_ONCE, period_out), dtype=np.float32)
        at = 0
        for channel, frame, matrix in frames:
            width = matrix.shape[1]
            np.matmul(frame, matrix, out=out[channel, :, at : at + width])
            at = (at + width) % period_out
        block = out.reshape(channels, -1)[:, :left]
        left -= block.shape[1]
        yield block


@lru_cache(maxsize=4)
def _plan(rate: int) -> tuple[int, list[tuple[int, Samples]]]:
    """Samples in a period, and for each part of it where it begins and the matrix that makes it."""
    divisor = math.gcd(rate, SAMPLE_RATE)
    times = -(-_SHORTEST_PERIOD // (rate // divisor))
    period, period_out = rate // divisor * times, SAMPLE_RATE // divisor * times
    parts = []
    for start in range(0, period_out, _PART):
        moments = np.arange(start, min(start + _PART, period_out)) * rate / SAMPLE_RATE
        first, last = math.floor(moments[0]), math.floor(moments[-1])
        # Sample `first + row` of the block is `_HALF` before that of the sound.
        places = np.arange(last - first + 2 * _HALF)[:, None] + first - _HALF + 1
        parts.append((first + 1, _sines(moments - places)))
    return period, parts


def _sines(distances: np.typing.NDArray[np.float64]) -> Samples:
    """How much a sample counts at a distance in time, in samples: a sine under Kaiser's window."""
    inside = np.clip(1 - (distances / _HALF) ** 2, 0, None)
    window = np.i0(_WINDOW * np.sqrt(inside)) / np.i0(_WINDOW)
    return (np.sinc(distances) * window * (inside > 0)).astype(np.float32)
