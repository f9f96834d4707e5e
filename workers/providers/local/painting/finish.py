"""The last touches: lights, vignette, grain, style."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image

from workers.providers.local.painting.canvas import Canvas
from workers.providers.local.painting.lights import Levels, lit
from workers.providers.local.seeds import derived_seed

_SPARE = 64
"""The grain is larger than the picture by so many pixels, and each seed has another part of it."""
_ROUNDED_OFF = 2
"""So much is lost to whole numbers on the way; the grain gives it back."""


def finish(canvas: Canvas, style: str, seed: int) -> Image.Image:
    """Light the canvas: a picture whose mode is RGBX."""
    style = style.lower()
    strength = 7 if "paper" in style or "water" in style else 3
    width, height = canvas.width, canvas.height
    vignette = _vignette(width, height)
    grain = _grain_of(width, height, strength, seed)
    # Memory of its own, for the canvas's is gone with the canvas.
    finished = np.empty((height, width * 4), dtype=np.uint8)
    for rows, levels in lit(canvas.sheet.levels, canvas.glows):
        np.multiply(levels, vignette[rows], out=levels)
        np.right_shift(levels, 8, out=levels)
        part = finished[rows]
        np.copyto(part, levels, casting="unsafe")
        # So that the grain finds room, above and below.
        np.clip(part, strength - _ROUNDED_OFF, 255 - strength - _ROUNDED_OFF, out=part)
        np.add(part, grain[rows], out=part)
    picture = Image.frombuffer("RGBX", (width, height), finished, "raw", "RGBX", 0, 1)
    return _styled(picture, style)


@lru_cache(maxsize=4)
def _vignette(width: int, height: int) -> Levels:
    """How much light is left where, from 255 in the middle; four bytes a pixel."""
    xs = np.linspace(-1, 1, width, dtype=np.float32)
    ys = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    outside = np.clip((xs**2 + ys**2 - 0.45) / 1.55, 0, 1) ** 1.2
    return np.repeat(np.round(255 - 51 * outside).astype(np.uint8), 4, axis=1)


def _grain_of(width: int, height: int, strength: int, seed: int) -> Levels:
    """Fine clouds to be added, round 256; four bytes a pixel."""
    down, across = divmod(derived_seed("grain", seed) % _SPARE**2, _SPARE)
    whole = _grain(width + _SPARE, height + _SPARE, strength)
    return whole[down : down + height, across * 4 : (across + width) * 4]


@lru_cache(maxsize=4)
def _grain(width: int, height: int, strength: int) -> Levels:
    generator = np.random.default_rng(derived_seed("grain"))
    coarse = generator.integers(0, 255, (height // 3 + 1, width // 3 + 1), dtype=np.uint8)
    cloud = Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR)
    around = np.round((np.arange(256) / 127.5 - 1) * strength) + _ROUNDED_OFF
    return np.repeat(around.astype(np.int16).astype(np.uint8)[np.asarray(cloud)], 4, axis=1)


def _styled(picture: Image.Image, style: str) -> Image.Image:
    if any(word in style for word in ("noir", "black and white", "monochrome", "pencil")):
        return _grey(picture.convert("L").point(lambda value: (value - 128) * 1.15 + 122))
    if any(word in style for word in ("sepia", "vintage", "old photo")):
        tones = [min(255, round(at * share)) for share in (1.05, 0.9, 0.7) for at in range(256)]
        return _grey(picture.convert("L")).point(tones)
    if any(word in style for word in ("watercolour", "watercolor", "pastel")):
        return picture.point(lambda value: value * 0.82 + 44)
    return picture


def _grey(picture: Image.Image) -> Image.Image:
    return Image.merge("RGB", [picture] * 3)
