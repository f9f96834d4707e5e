"""The colours that make up most of a picture; runs inside the limited probing process."""

from pathlib import Path
from typing import Final

from PIL import Image

from workers.render.thumbnails import small_picture

_MOST: Final = 5
_SIZE: Final = 128
_LEAST_SHARE: Final = 0.03
"""A colour of less than this share of the picture is an accident."""


def main_colours(path: Path) -> list[str]:
    """Up to five colours in hex, the most frequent first. Raises Unreadable."""
    picture = small_picture(path, _SIZE).convert("RGB")
    picture.thumbnail((_SIZE, _SIZE), Image.Resampling.BOX)
    reduced = picture.quantize(_MOST, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette = reduced.getpalette() or []
    counted = sorted(reduced.getcolors() or [], reverse=True)  # count and place in the palette
    least = _LEAST_SHARE * picture.width * picture.height
    starts = [3 * int(str(index)) for count, index in counted if count >= least]
    return ["#" + bytes(palette[start : start + 3]).hex() for start in starts]
