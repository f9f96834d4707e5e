"""A perceptual hash of pictures: alike for pictures that look alike.

The pHash of Christoph Zauner ("Implementation and Benchmarking of Perceptual Image Hash Functions",
2010, 3.1.1) as the library ImageHash computes it, bit for bit (a test compares them). ImageHash
itself would load SciPy for one transform of 32 by 32 points: 30 MiB and 0.7 s in a process that
forks for every file.
"""

from typing import Final

import numpy as np
from PIL import Image, ImageStat

_SIDE: Final = 32
_KEPT: Final = 8
_PLAIN: Final = 2.0
"""Below this standard deviation, of 255 grey levels, a picture has nothing to compare."""

# The DCT-II of each row of 32 points, its first 8 coefficients.
_points = np.arange(_SIDE)
_COSINES: Final = 2 * np.cos(
    np.pi * np.arange(_KEPT)[:, None] * (2 * _points[None, :] + 1) / (2 * _SIDE)
)


def picture_hash(picture: Image.Image) -> str | None:
    """64 bits in hex: which low frequencies are stronger than their median.

    None for a picture without structure, such as a plain colour: all of those would be alike.
    """
    grey = picture.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    if ImageStat.Stat(grey).stddev[0] < _PLAIN:
        return None
    low = _COSINES @ np.asarray(grey, dtype=np.float64) @ _COSINES.T
    bits = low > np.median(low)
    return np.packbits(bits).tobytes().hex()
