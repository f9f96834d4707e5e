"""Sound as NumPy arrays, (channels, n): levels, and FLAC files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from workers.render.flac import FlacWriter

LARGEST_PRODUCT = 2**18
"""Multiplications in one product of matrices: few enough for it never to wake BLAS' threads, which
would cost far more than they do."""

Samples = npt.NDArray[np.float32]


def samples_of(sound: bytes) -> Samples:
    """The samples (-1 to 1) of 16 bit sound with one channel, the low byte first."""
    samples = np.frombuffer(sound, dtype="<i2").astype(np.float32)
    samples *= np.float32(1 / 32768)
    return samples[np.newaxis]


def write_flac(path: Path, rate: int, channels: int, blocks: Iterable[Samples]) -> None:
    """Write sound as a 16 bit FLAC file, block by block; what is beyond -1 to 1 is cut.

    It keeps the rate at which it was made: whoever mixes it brings all rates to one, and a higher
    one would add samples and no sound. A FLAC takes a third of the bytes of a WAV: less to store
    than it costs to encode.
    """
    with FlacWriter(path, channels, rate) as writer:
        for block in blocks:
            writer.write(block.T)


def levelled(samples: Samples, loudness: float, peak: float) -> Samples:
    """Scale to a mean power (dBFS, silence left out), below a peak (dBFS)."""
    powers = np.square(samples)
    loud = powers > 10 ** (-50 / 10)
    powers *= loud
    count = np.count_nonzero(loud)
    if not count:
        return samples
    gain = min(10 ** (loudness / 10) * count / powers.sum(), 10 ** (peak / 10) / powers.max())
    return samples * np.float32(gain**0.5)
