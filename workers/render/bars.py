"""Bars that move with the sound: how high each is in each picture, and drawing them."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from workers.render.formats import SAMPLE_RATE, FrameFormat
from workers.render.mix import Mix
from workers.render.pcm import PcmReader
from workers.render.picture_plan import PlannedBars
from workers.render.stills import Planes

_WINDOW: Final = 4096
"""Samples that a picture's bars are taken from: 85 ms, fine enough for low notes."""
_LOWEST, _HIGHEST = 50.0, 12_000.0
_QUIETEST_DB, _LOUDEST_DB = -66.0, -18.0
"""Power of a band at which its bar is flat, and at which it is full."""
_TILT_DB: Final = 3.0
"""By so much an octave music grows quieter upwards: made good, or the right half would be flat."""
_FALL: Final = 0.6
"""How much of its height a bar may lose in a second; it rises at once."""
_FLAT: Final = 0.02
_WHITE: Final = (235, 128, 128)
_MARGIN: Final = 0.05
_GAP: Final = 0.35

Heights = npt.NDArray[np.float32]


def heights(
    planned: PlannedBars, sources: Mapping[str, PcmReader], frames: int, fps: int
) -> Heights:
    """How high each bar (column) is, from 0 to 1, in each drawn picture (row) of a segment."""
    per_frame = SAMPLE_RATE // fps
    step = planned.step * per_frame
    fall = _FALL * step / SAMPLE_RATE
    before = int(np.ceil(1 / fall))
    """So long ago a bar has fallen flat: pictures do not depend on where a segment begins."""
    count = before - (-frames // planned.step)
    first = -before * step - _WINDOW // 2
    last = first + (count - 1) * step + _WINDOW
    mix = Mix(planned.mix, sources)
    sound = np.concatenate([block.mean(axis=1) for block in mix.unlimited(first, last)])
    windows = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::step]
    wanted = np.stack([_levels(window, planned.count) for window in windows])
    for row in range(1, len(wanted)):
        np.maximum(wanted[row], wanted[row - 1] - fall, out=wanted[row])
    return wanted[before:]


def _levels(window: npt.NDArray[np.float32], count: int) -> Heights:
    """The level of each band of a moment, 0 to 1."""
    shaped = np.hanning(_WINDOW).astype(np.float32)
    power = np.abs(np.fft.rfft(window * shaped)) ** 2 / (shaped.sum() / 2) ** 2
    edges = np.geomspace(_LOWEST, _HIGHEST, count + 1) * _WINDOW / SAMPLE_RATE
    # Below a bin's width bands share bins; a band takes its loudest.
    low = np.floor(edges[:-1]).astype(int)
    high = np.maximum(np.ceil(edges[1:]).astype(int), low + 1)
    loudest = np.array([power[a:b].max() for a, b in zip(low, high, strict=True)])
    octaves = np.log2(np.geomspace(_LOWEST, _HIGHEST, count) / _LOWEST)
    decibels = 10 * np.log10(loudest + 1e-12) + _TILT_DB * octaves
    share = (decibels - _QUIETEST_DB - _TILT_DB * octaves[-1] / 2) / (_LOUDEST_DB - _QUIETEST_DB)
    levels: Heights = np.clip(share, 0, 1).astype(np.float32)
    return levels


class BarPainter:
    """Draws the bars of one segment."""

    def __init__(
        self,
        planned: PlannedBars,
        sources: Mapping[str, PcmReader],
        frames: int,
        format: FrameFormat,
    ) -> None:
        self._planned = planned
        self._heights = heights(planned, sources, frames, format.fps)
        margin = round(format.width * _MARGIN)
        self._pitch = (format.width - 2 * margin) / planned.count
        self._width = max(2, round(self._pitch * (1 - _GAP) / 2) * 2)
        self._left = margin
        self._tallest = max(4, round(format.height * planned.height))
        self._ground = format.height - round(format.height * _MARGIN / 2) * 2

    def over(self, picture: Planes, number: int) -> Planes:
        """A picture with the bars of a frame on it."""
        mask = self._mask(picture.luma.size, self._heights[number // self._planned.step])
        planes = []
        for plane, white, half in zip(picture, _WHITE, (1, 2, 2), strict=True):
            marked = plane.copy()
            marked.paste(white, mask=mask if half == 1 else mask.reduce(2))
            planes.append(marked)
        return Planes(*planes)

    def _mask(self, size: tuple[int, int], row: Heights) -> Image.Image:
        mask = np.zeros((size[1], size[0]), dtype=np.uint8)
        for number, share in enumerate(np.maximum(row, _FLAT)):
            left = round((self._left + number * self._pitch) / 2) * 2
            top = self._ground - max(2, round(float(share) * self._tallest / 2) * 2)
            mask[top : self._ground, left : left + self._width] = round(self._planned.opacity * 255)
        return Image.fromarray(mask)
