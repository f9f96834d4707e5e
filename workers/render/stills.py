"""Stills made ready for moving over them: decoded once, scaled once, kept as Y, Cb and Cr.

A moving frame is cut from the three planes with Pillow's `resize(box=…)`, which takes fractions
of a pixel: no jitter at any speed. Working on planes costs half of what RGB does, and spares the
encoder's conversion.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from workers.render.errors import Unreadable

IMAGE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
LARGEST_PIXELS = 64_000_000
_LARGEST_WORKING_PIXELS = 12_000_000
_MUCH_LARGER = 1.5
"""What is enlarged so much has no detail that a cubic kernel would keep: straight lines take half
of the time, and differ by 53 dB."""

# ITU-R BT.709 from 8-bit R'G'B' to limited-range Y'CbCr (item 3.2 with 219 and 224 steps of 255).
_BT709 = (
    *(0.2126 * 219 / 255, 0.7152 * 219 / 255, 0.0722 * 219 / 255, 16.0),
    *(-0.1146 * 224 / 255, -0.3854 * 224 / 255, 0.5 * 224 / 255, 128.0),
    *(0.5 * 224 / 255, -0.4542 * 224 / 255, -0.0458 * 224 / 255, 128.0),
)

Edges = tuple[float, float, float, float]


def open_image(path: Path) -> Image.Image:
    """Open a picture of a known format by its content, not yet decoded. Raises Unreadable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(path, formats=IMAGE_FORMATS)
    except UnidentifiedImageError:
        raise Unreadable(
            f"{path.name} is not a picture; give a JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF."
        ) from None
    except Image.DecompressionBombError:
        raise Unreadable(_too_large(path)) from None
    except (OSError, ValueError, SyntaxError) as error:
        raise Unreadable(f"{path.name} can't be read: {error}") from None
    if image.width * image.height > LARGEST_PIXELS:
        image.close()
        raise Unreadable(_too_large(path))
    return image


def _too_large(path: Path) -> str:
    millions = LARGEST_PIXELS // 1_000_000
    return f"{path.name} has more than {millions} million pixels; scale it down."


def decode(path: Path, fit: Callable[[int, int], tuple[int, int]]) -> Image.Image:
    """The picture as upright RGB over black.

    `fit` is told the width and height of the upright picture, and answers those that are needed;
    nothing is scaled up.

    Raises:
        Unreadable: it is no picture, too large, or damaged.
    """
    with open_image(path) as image:
        try:
            longer = max(*fit(*image.size), *fit(*image.size[::-1]))
            image.draft("RGB", (longer, longer))  # lets a JPEG be decoded at a fraction of its size
            ImageOps.exif_transpose(image, in_place=True)
            upright = _deep_to_eight_bits(image)
            if upright.mode in ("P", "PA", "1"):
                upright = upright.convert("RGBA")
            size = fit(*upright.size)
            if size[0] < upright.width or size[1] < upright.height:
                upright = upright.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
            return _flat(upright)
        except MemoryError:
            raise Unreadable(f"{path.name} is too large to be opened; scale it down.") from None
        except (OSError, ValueError, SyntaxError) as error:
            raise Unreadable(f"{path.name} is damaged: {error}") from None


def _deep_to_eight_bits(image: Image.Image) -> Image.Image:
    image.load()
    if not image.mode.startswith(("I", "F")):
        return image
    values = np.asarray(image, dtype=np.float32)
    top = 1.0 if image.mode == "F" else 65_535.0
    return Image.fromarray(np.clip(values * (255 / top), 0, 255).astype(np.uint8))


def _flat(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        with_alpha = image.convert("RGBA")
        ground = Image.new("RGBA", with_alpha.size, (0, 0, 0, 255))
        return Image.alpha_composite(ground, with_alpha).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


class Planes(NamedTuple):
    """One picture as full-size luma and half-size chroma planes, limited range."""

    luma: Image.Image
    blue: Image.Image
    red: Image.Image

    def tobytes(self) -> bytes:
        """The picture as ffmpeg's yuv420p."""
        return b"".join(plane.tobytes() for plane in self)

    def mixed(self, other: "Planes", share: float) -> "Planes":
        """A cross-fade: `share` of the other picture, the rest of this one."""
        return Planes(*(Image.blend(a, b, share) for a, b in zip(self, other, strict=True)))


def to_planes(picture: Image.Image) -> Planes:
    """Split an RGB picture into BT.709 planes with halved chroma."""
    luma, blue, red = picture.convert("RGB", _BT709).split()
    return Planes(luma, blue.reduce(2), red.reduce(2))


def cover(edges: Edges, width: float, height: float, aspect: float) -> Edges:
    """The largest part of a box with an aspect ratio, centred; fractions in, pixels out."""
    left, top, right, bottom = (
        edges[0] * width,
        edges[1] * height,
        edges[2] * width,
        edges[3] * height,
    )
    across, down = right - left, bottom - top
    spare_x = max(0.0, across - down * aspect) / 2
    spare_y = max(0.0, down - across / aspect) / 2
    return left + spare_x, top + spare_y, right - spare_x, bottom - spare_y


class Still:
    """A picture ready to be looked at through a moving box."""

    def __init__(self, path: Path, start: Edges, end: Edges, size: tuple[int, int]) -> None:
        """Decode and scale a picture so that the smaller box still fills the frame.

        Raises:
            Unreadable: it is no picture, too large, or damaged.
        """
        self.size = size
        aspect = size[0] / size[1]

        def fit(width: int, height: int) -> tuple[int, int]:
            boxes = (cover(edges, width, height, aspect) for edges in (start, end))
            tightest = min(right - left for left, _, right, _ in boxes)
            largest = (_LARGEST_WORKING_PIXELS / (width * height)) ** 0.5
            factor = min(1.0, size[0] / tightest, largest)
            return max(1, round(width * factor)), max(1, round(height * factor))

        picture = decode(path, fit)
        self.start = cover(start, *picture.size, aspect)
        self.end = cover(end, *picture.size, aspect)
        self._planes = to_planes(picture)
        widest = max(box[2] - box[0] for box in (self.start, self.end))
        is_enlarged = widest * _MUCH_LARGER <= size[0]
        self._kernel = Image.Resampling.BILINEAR if is_enlarged else Image.Resampling.BICUBIC

    def at(self, position: float) -> Planes:
        """The frame at a position of the move, 0 to 1."""
        left, top, right, bottom = (
            a + (b - a) * position for a, b in zip(self.start, self.end, strict=True)
        )
        box = (left, top, right, bottom)
        width, height = self.size
        luma = self._planes.luma.resize((width, height), self._kernel, box=box)
        # H.264 puts chroma samples at the left one of each pair of pixels, half a pixel off centre.
        shift = min(0.5 * (box[2] - box[0]) / width, box[0])
        chroma_box = (box[0] - shift, box[1], box[2] - shift, box[3])
        half = (width // 2, height // 2)
        blue, red = (
            _cut_chroma(plane, chroma_box, self._planes.luma.size, half)
            for plane in (self._planes.blue, self._planes.red)
        )
        return Planes(luma, blue, red)


def _cut_chroma(
    plane: Image.Image, box: Edges, whole: tuple[int, int], size: tuple[int, int]
) -> Image.Image:
    """Resize a part of a chroma plane; the box is in pixels of the whole picture.

    Straight lines between samples do for colour: the eye sees its edges only coarsely.
    """
    across, down = plane.width / whole[0], plane.height / whole[1]
    left, right = box[0] * across, min(plane.width, box[2] * across)
    top, bottom = box[1] * down, min(plane.height, box[3] * down)
    return plane.resize(size, Image.Resampling.BILINEAR, box=(left, top, right, bottom))
