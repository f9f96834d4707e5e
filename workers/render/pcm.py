"""Decoded sound in a file: 48 kHz, 16 bits, one or two channels, read through a memory map."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from workers.render.samples import Samples


class Pcm(NamedTuple):
    """Where decoded samples lie, how many (per channel), and how many channels."""

    path: Path
    length: int
    channels: int


class PcmReader:
    """Stereo samples of any range."""

    def __init__(self, pcm: Pcm) -> None:
        self.length = pcm.length
        self._samples = np.memmap(
            pcm.path, dtype=np.int16, mode="r", shape=(pcm.length, pcm.channels)
        )

    def read(self, start: int, stop: int) -> Samples:
        """Samples of a range, -1 to 1; silence outside the file."""
        block = np.zeros((max(0, stop - start), 2), dtype=np.float32)
        first, last = max(0, start), min(self.length, stop)
        if first < last:
            np.multiply(
                self._samples[first:last],
                np.float32(1 / 32768),
                out=block[first - start : last - start],
            )
        return block
