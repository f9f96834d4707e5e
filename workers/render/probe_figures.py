"""How alike two figures look, each in a part of a picture; runs inside the limited probing process.

Both parts are reduced to a grid of colours, the middle of which counts most, because there the
figure is and not what is behind it. The grids are compared cell by cell in Lab: that says where
which colour is, so it holds the coarse structure, too. What may differ without meaning anything is
tried out, and the best trial counts: the light (a gain for each channel), which way the figure
looks, and how much of it is cut off below.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache
from PIL import Image

from workers.render.errors import Unreadable
from workers.render.thumbnails import small_picture

Cells = npt.NDArray[np.float64]

_SIZE: Final = 1024
_ROWS: Final = 12
_COLUMNS: Final = 6
_OVERSAMPLED: Final = 2
_CUTS: Final = (1.0, 0.8, 0.6, 0.45, 0.3)
"""How much of the model's height may be what is seen of it."""
_DIMMEST: Final = 0.3
"""Night dims a channel to about that; more would make different colours the same."""
_MOST_APART: Final = 40.0
"""Of one cell, in units of Lab: a hand before the chest shall not decide."""
_HALF_ALIKE: Final = 16.0
"""The distance at which likeness is 0.5. Measured with twelve figures in forty pictures of ten
places: the same figure is alike by 0.90 (median; 0.52 and more in 95 of 100), another by 0.17 (0.43
and less in 95 of 100)."""
_LEAST_PIXELS: Final = 4

_across = (np.arange(_COLUMNS) + 0.5) / _COLUMNS - 0.5
_WEIGHTS: Final = np.tile(np.exp(-((_across / 0.28) ** 2)), (_ROWS, 1))
_SHARES: Final = _WEIGHTS / _WEIGHTS.sum()

_last_cuts: Final = LRUCache[tuple[bytes, tuple[float, ...]], list[Cells]](256)

# Linear sRGB to XYZ (IEC 61966-2-1), each row divided by that of the white point D65.
_TO_XYZ: Final = np.asarray(
    [
        [0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505],
        [0.2126, 0.7152, 0.0722],
        [0.0193 / 1.0890, 0.1192 / 1.0890, 0.9505 / 1.0890],
    ]
)


def figures_alike(
    path: Path, box: Sequence[float], model: Path, model_box: Sequence[float]
) -> float:
    """From 0 to 1, which is the same. Raises Unreadable."""
    seen = _cells(_opened(path), box, path)
    apart = min(_distance(seen, each) for each in _cuts_of(model, tuple(model_box)))
    return float(1 / (1 + (apart / _HALF_ALIKE) ** 4))


def _cuts_of(model: Path, box: tuple[float, ...]) -> list[Cells]:
    """The model's cells, whole and cut off; those of the last models are known by their files."""
    known = hashlib.sha256(model.read_bytes()).digest(), box
    if known not in _last_cuts:
        picture = _opened(model)
        _last_cuts[known] = [_cells(picture, each, model) for each in _cut(box)]
    return _last_cuts[known]


def _opened(path: Path) -> Image.Image:
    return small_picture(path, _SIZE).convert("RGB")


def _cut(box: Sequence[float]) -> Iterator[Sequence[float]]:
    left, top, width, height = box
    for share in _CUTS:
        yield left, top, width, height * share


def _cells(picture: Image.Image, box: Sequence[float], path: Path) -> Cells:
    """The mean colours of the part's cells, in linear light."""
    left, top, width, height = box
    across, down = picture.size
    if width * across < _LEAST_PIXELS or height * down < _LEAST_PIXELS:
        raise Unreadable(f"The figure in {path.name} is too small to be compared.")
    part = (
        max(0.0, left * across),
        max(0.0, top * down),
        min(float(across), (left + width) * across),
        min(float(down), (top + height) * down),
    )
    size = (_COLUMNS * _OVERSAMPLED, _ROWS * _OVERSAMPLED)
    small = picture.resize(size, Image.Resampling.BOX, box=part)
    levels = np.asarray(small, dtype=np.float64)
    shape = (_ROWS, _OVERSAMPLED, _COLUMNS, _OVERSAMPLED, 3)
    levels = levels.reshape(shape).mean(axis=(1, 3)) / 255
    linear: Cells = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return linear


def _distance(seen: Cells, model: Cells) -> float:
    """The mean distance in Lab, the model lit as what is seen is; it may look the other way."""
    return min(_apart(seen, each) for each in (model, model[:, ::-1]))


def _apart(seen: Cells, model: Cells) -> float:
    weights = _SHARES[..., None]
    together = (weights * seen * model).sum(axis=(0, 1))
    alone = np.maximum((weights * model * model).sum(axis=(0, 1)), 1e-6)
    lit = model * np.clip(together / alone, _DIMMEST, 1 / _DIMMEST)
    apart = np.sqrt(((_lab(seen) - _lab(lit)) ** 2).sum(axis=-1))
    return float((_SHARES * np.minimum(apart, _MOST_APART)).sum())


def _lab(linear: Cells) -> Cells:
    relative = linear @ _TO_XYZ.T
    bent = np.where(
        relative > 0.008856, np.cbrt(np.maximum(relative, 1e-9)), 7.787 * relative + 16 / 116
    )
    x, y, z = bent[..., 0], bent[..., 1], bent[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
