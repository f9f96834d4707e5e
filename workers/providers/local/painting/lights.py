"""Soft lights, and the making of a whole picture lighter by them, some rows at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.providers.local.painting.colour import Colour

Levels = npt.NDArray[np.uint8]
"""Rows of pixels, four bytes each: red, green, blue and one that says nothing of the colour."""

Wide = npt.NDArray[np.uint16]
"""Levels with room to be multiplied."""

ROWS = 32
"""So many rows at a time stay in the processor's cache from one step to the next."""

_FALL = 3.2
_BRIGHTEST = 235


@dataclass(frozen=True, slots=True)
class Glow:
    """A soft light: its place and radius in pixels, and how strong it is (0 to 1)."""

    x: float
    y: float
    radius: float
    colour: Colour
    strength: float


@dataclass(frozen=True, slots=True)
class _Light:
    """What a glow gives: a share of 256 by row, and levels by column; it fades as a bell does,
    so that each pixel's light is the product of the two."""

    top: int
    left: int
    rows: Wide
    columns: Wide


def lit(levels: Levels, glows: Sequence[Glow]) -> Iterator[tuple[slice, Wide]]:
    """Some rows after others with the lights on them, and which rows these are.

    `levels` has the shape (height, 4 * width). What is given out is overwritten by the next.
    """
    height, length = levels.shape
    lights = [light for glow in glows if (light := _light_of(glow, length // 4, height))]
    total, part, result = (np.empty((ROWS, length), dtype=np.uint16) for _ in range(3))
    for top in range(0, height, ROWS):
        rows = slice(top, min(top + ROWS, height))
        count = rows.stop - top
        if _shine(lights, rows, total[:count], part[:count]):
            # "Screen" keeps highlights from burning out.
            np.subtract(256, total[:count], out=result[:count])
            np.multiply(result[:count], levels[rows], out=result[:count])
            np.right_shift(result[:count], 8, out=result[:count])
            np.add(result[:count], total[:count], out=result[:count])
        else:
            np.copyto(result[:count], levels[rows])
        yield rows, result[:count]


def _shine(lights: Sequence[_Light], rows: slice, total: Wide, part: Wide) -> bool:
    """Sum up in `total` the light on these rows; False where there is none."""
    found = 0
    for light in lights:
        first = max(rows.start, light.top)
        last = min(rows.stop, light.top + len(light.rows))
        if first >= last:
            continue
        if not found:
            total.fill(0)
        found += 1
        box = (
            slice(first - rows.start, last - rows.start),
            slice(light.left, light.left + len(light.columns)),
        )
        share = light.rows[first - light.top : last - light.top, None]
        np.multiply(share, light.columns, out=part[box])
        np.right_shift(part[box], 8, out=part[box])
        np.add(total[box], part[box], out=total[box])
    if found > 1:
        np.minimum(total, _BRIGHTEST, out=total)
    return found > 0


def _light_of(glow: Glow, width: int, height: int) -> _Light | None:
    """The light within the picture; None where nothing of it is to be seen."""
    radius = max(1.0, glow.radius)
    brightest = max(glow.colour) * glow.strength
    if brightest < 1:
        return None
    reach = radius * math.sqrt(math.log(brightest) / _FALL)
    left, right = _within(glow.x - reach, glow.x + reach, width)
    top, bottom = _within(glow.y - reach, glow.y + reach, height)
    if left >= right or top >= bottom:
        return None
    levels = np.asarray((*glow.colour, 0), dtype=np.float64) * glow.strength
    columns = np.minimum(_fall(left, right, glow.x, radius)[:, None] * levels, _BRIGHTEST)
    rows = _fall(top, bottom, glow.y, radius) * 256
    return _Light(top, 4 * left, _whole(rows), _whole(columns).ravel())


def _within(low: float, high: float, length: int) -> tuple[int, int]:
    return max(0, math.floor(low)), min(length, math.ceil(high))


def _fall(first: int, last: int, centre: float, radius: float) -> npt.NDArray[np.float64]:
    """How much is left of a light at these pixels, from 1 in its middle."""
    middles = np.arange(first, last, dtype=np.float64) + 0.5
    fall: npt.NDArray[np.float64] = np.exp(-_FALL * ((middles - centre) / radius) ** 2)
    return fall


def _whole(values: npt.NDArray[np.float64]) -> Wide:
    return np.round(values).astype(np.uint16)
