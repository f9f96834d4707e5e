"""The last touches at the picture's real size: lights, the hour's colour, vignette, grain."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops

from workers.providers.local.painting.canvas import SUPERSAMPLING, Canvas, light_map
from workers.providers.local.painting.colour import from_hex
from workers.providers.local.seeds import derived_seed

Grade = tuple[float, float, float]
_MIDDLE = 128
_PULL = 0.4
"""How far the light goes towards the colour of the references: 0 not at all, 1 wholly."""
_STRONGEST = 1.9
"""No channel is made stronger or weaker than this, for one pure colour would drown all others."""


def towards(grade: Grade, style: Sequence[str]) -> Grade:
    """The grade with the light of these colours in it, as bright as before."""
    if not style:
        return grade
    # The first colours are the frequent ones, and count for more.
    weights = 1 / np.arange(1, len(style) + 1)
    colours = np.asarray([from_hex(each) for each in style], dtype=np.float64)
    mean = np.maximum((colours * weights[:, None]).sum(axis=0) / weights.sum(), 8.0)
    cast = np.clip(mean / mean.mean(), 1 / _STRONGEST, _STRONGEST) ** _PULL
    red, green, blue = (float(each) for each in np.asarray(grade) * cast / cast.mean())
    return red, green, blue


def finish(canvas: Canvas, grade: Grade, style: str, seed: int) -> Image.Image:
    """Bring the canvas to its real size and light it."""
    picture = canvas.image.reduce(SUPERSAMPLING)
    size, style = picture.size, style.lower()
    picture = picture.point([min(255, round(at * share)) for share in grade for at in range(256)])
    lights = light_map(canvas.glows, *size).resize(size, Image.Resampling.BICUBIC)
    # "Screen" keeps highlights from burning out.
    picture = ImageChops.screen(picture, lights)
    picture = ImageChops.multiply(picture, _vignette(*size))
    picture = _styled(picture, style)
    return ImageChops.add(picture, _grain(*size, seed, style), offset=-_MIDDLE)


@lru_cache(maxsize=4)
def _vignette(width: int, height: int) -> Image.Image:
    """How much light is left where, from 255 in the middle."""
    xs = np.linspace(-1, 1, width, dtype=np.float32)
    ys = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    outside = np.clip((xs**2 + ys**2 - 0.45) / 1.55, 0, 1) ** 1.2
    return _grey(Image.fromarray(np.round(255 - 51 * outside).astype(np.uint8)))


def _styled(picture: Image.Image, style: str) -> Image.Image:
    if any(word in style for word in ("noir", "black and white", "monochrome", "pencil")):
        return _grey(picture.convert("L").point(lambda value: (value - 128) * 1.15 + 122))
    if any(word in style for word in ("sepia", "vintage", "old photo")):
        tones = [min(255, round(at * share)) for share in (1.05, 0.9, 0.7) for at in range(256)]
        return _grey(picture.convert("L")).point(tones)
    if any(word in style for word in ("watercolour", "watercolor", "pastel")):
        return picture.point(lambda value: value * 0.82 + 44)
    return picture


def _grain(width: int, height: int, seed: int, style: str) -> Image.Image:
    """Fine clouds around the middle grey."""
    generator = np.random.default_rng(derived_seed("grain", seed))
    strength = 7.0 if "paper" in style or "water" in style else 3.0
    coarse = generator.integers(0, 255, (height // 3 + 1, width // 3 + 1), dtype=np.uint8)
    cloud = Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR)
    return _grey(cloud.point(lambda value: value * (strength / 127.5) - strength + _MIDDLE + 0.5))


def _grey(picture: Image.Image) -> Image.Image:
    return Image.merge("RGB", [picture] * 3)
