"""The last touches at the picture's real size: lights, the hour's colour, vignette, grain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from workers.providers.local.painting.canvas import SUPERSAMPLING, Canvas, light_map
from workers.providers.local.painting.colour import from_hex
from workers.providers.local.seeds import derived_seed

Floats = npt.NDArray[np.float32]
Grade = tuple[float, float, float]
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


def finish(canvas: Canvas, grade: tuple[float, float, float], style: str, seed: int) -> Image.Image:
    """Bring the canvas to its real size and light it."""
    small = canvas.image.reduce(SUPERSAMPLING)
    pixels: Floats = np.asarray(small, dtype=np.float32)
    pixels = pixels * np.asarray(grade, dtype=np.float32)
    height, width = pixels.shape[:2]
    lights = light_map(canvas.glows, width, height).resize(small.size, Image.Resampling.BICUBIC)
    light = np.asarray(lights, dtype=np.float32)
    # "Screen" keeps highlights from burning out.
    pixels = 255 - (255 - pixels) * (255 - light) / np.float32(255)
    pixels *= _vignette(width, height)
    pixels = _styled(pixels, style.lower()) + _grain(width, height, seed, style.lower())
    return Image.fromarray(np.clip(pixels + 0.5, 0, 255).astype(np.uint8))


def _vignette(width: int, height: int) -> Floats:
    xs = np.linspace(-1, 1, width, dtype=np.float32)
    ys = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    outside = np.clip((xs**2 + ys**2 - 0.45) / 1.55, 0, 1) ** 1.2
    return np.asarray((1 - 0.2 * outside)[..., None], dtype=np.float32)


def _styled(pixels: Floats, style: str) -> Floats:
    grey = pixels @ np.asarray((0.3, 0.59, 0.11), dtype=np.float32)
    if any(word in style for word in ("noir", "black and white", "monochrome", "pencil")):
        return np.repeat(((grey - 128) * 1.15 + 122)[..., None], 3, axis=2)
    if any(word in style for word in ("sepia", "vintage", "old photo")):
        return np.asarray(grey[..., None] * np.asarray((1.05, 0.9, 0.7), dtype=np.float32))
    if any(word in style for word in ("watercolour", "watercolor", "pastel")):
        return pixels * 0.82 + 44
    return pixels


def _grain(width: int, height: int, seed: int, style: str) -> Floats:
    generator = np.random.default_rng(derived_seed("grain", seed))
    strength = 7.0 if "paper" in style or "water" in style else 3.0
    coarse = generator.integers(0, 255, (height // 3 + 1, width // 3 + 1), dtype=np.uint8)
    cloud = Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR)
    return ((np.asarray(cloud, dtype=np.float32) / 127.5 - 1) * strength)[..., None]
