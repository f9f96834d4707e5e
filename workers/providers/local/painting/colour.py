"""Colours of the painter: mixing, and the palettes of hours and moods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

Colour = tuple[int, int, int]

Grade = tuple[float, float, float]
"""How strong red, green and blue are in the light, from 0; 1 is as in white light."""

BLACK: Colour = (16, 14, 22)
WHITE: Colour = (255, 252, 244)

_PULL = 0.4
"""How far the light goes towards the colour of the references: 0 not at all, 1 wholly."""
_STRONGEST = 1.9
"""No channel is made stronger or weaker than this, for one pure colour would drown all others."""


def from_hex(text: str) -> Colour:
    """`#rrggbb` as three numbers."""
    value = int(text.lstrip("#"), 16)
    return value >> 16 & 255, value >> 8 & 255, value & 255


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`first` with a share of 0 to 1 of `second` in it."""
    red, green, blue = first
    return (
        round(red + (second[0] - red) * share),
        round(green + (second[1] - green) * share),
        round(blue + (second[2] - blue) * share),
    )


def lighter(colour: Colour, share: float) -> Colour:
    """Towards warm white."""
    return mix(colour, WHITE, share)


def darker(colour: Colour, share: float) -> Colour:
    """Towards warm black."""
    return mix(colour, BLACK, share)


@lru_cache(maxsize=1024)
def graded(colour: Colour, grade: Grade) -> Colour:
    """The colour in that light."""
    red, green, blue = (
        min(255, round(value * share)) for value, share in zip(colour, grade, strict=True)
    )
    return red, green, blue


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


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one picture: the hour gives the light, the mood the tint."""

    sky_top: Colour
    sky_middle: Colour
    sky_low: Colour
    haze: Colour
    grass: Colour
    foliage: Colour
    stone: Colour
    wood: Colour
    earth: Colour
    water: Colour
    wall: Colour
    accent: Colour
    light: Colour
    grade: Grade
    indoor_grade: Grade
    glow: float
    stars: bool


@dataclass(frozen=True, slots=True)
class _Hour:
    sky: tuple[str, str, str]
    haze: str
    light: str
    grade: Grade
    glow: float


_HOURS = {
    "dawn": _Hour(
        ("#5f79b0", "#f0a890", "#ffdfae"), "#f6d3bd", "#ffd9a0", (1.03, 0.97, 0.94), 0.75
    ),
    "day": _Hour(("#4f9bd0", "#a9d6e6", "#f3ecd2"), "#dcebe6", "#fff3c9", (1.0, 1.0, 0.98), 0.5),
    "dusk": _Hour(("#34305f", "#c0566b", "#ffb35c"), "#d98d78", "#ffb066", (1.0, 0.86, 0.82), 0.95),
    "night": _Hour(
        ("#0b1233", "#1f3363", "#4a6a97"), "#3f5c8c", "#e9eefc", (0.52, 0.62, 0.86), 0.85
    ),
}

_INDOORS = (1.0, 0.97, 0.92)
_INDOOR_NIGHT = (0.86, 0.74, 0.68)

_GROUND: dict[str, str] = {
    "grass": "#7fa650", "foliage": "#4c7d47", "stone": "#9a948c", "wood": "#8a5f3d",
    "earth": "#b08a5b", "water": "#4d93ab", "wall": "#d9c3a0",
}  # fmt: skip

# mood: (tint, how much of it, how grey the colours become)
_MOODS: dict[str, tuple[str, float, float]] = {
    "calm": ("#9fc3b0", 0.06, 0.0),
    "joyful": ("#ffcf5a", 0.14, -0.08),
    "playful": ("#ff9e6b", 0.12, -0.08),
    "tender": ("#f2a7b5", 0.16, 0.0),
    "triumphant": ("#ffb52e", 0.18, -0.06),
    "sad": ("#5c7694", 0.24, 0.28),
    "tense": ("#7a4a3a", 0.20, 0.12),
    "angry": ("#a8321f", 0.24, 0.0),
    "mysterious": ("#6a4fa3", 0.24, 0.06),
    "dark": ("#2a2a4a", 0.34, 0.22),
}


def _tinted(colour: Colour, tint: Colour, share: float, grey: float) -> Colour:
    level = round(0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2])
    red, green, blue = mix(mix(colour, tint, share), (level, level, level), grey)
    return max(0, min(255, red)), max(0, min(255, green)), max(0, min(255, blue))


def palette_for(time_of_day: str, mood: str, wishes: Sequence[str] = ()) -> Palette:
    """The picture's palette; wished colours (hex) seep into sky, land and accents."""
    hour = _HOURS.get(time_of_day, _HOURS["day"])
    tint, share, grey = _MOODS.get(mood, _MOODS["calm"])
    wished = [from_hex(wish) for wish in wishes]

    def tone(text: str, wish: int, pull: float) -> Colour:
        colour = _tinted(from_hex(text), from_hex(tint), share, grey)
        return mix(colour, wished[wish % len(wished)], pull) if wished else colour

    top, middle, low = hour.sky
    return Palette(
        sky_top=tone(top, 0, 0.22),
        sky_middle=tone(middle, 1, 0.16),
        sky_low=tone(low, 2, 0.10),
        haze=tone(hour.haze, 1, 0.10),
        grass=tone(_GROUND["grass"], 1, 0.12),
        foliage=tone(_GROUND["foliage"], 0, 0.14),
        stone=tone(_GROUND["stone"], 2, 0.08),
        wood=tone(_GROUND["wood"], 2, 0.08),
        earth=tone(_GROUND["earth"], 2, 0.10),
        water=tone(_GROUND["water"], 0, 0.14),
        wall=tone(_GROUND["wall"], 1, 0.16),
        accent=wished[0] if wished else tone("#d1603d", 0, 0.0),
        light=from_hex(hour.light),
        grade=hour.grade,
        indoor_grade=_INDOOR_NIGHT if time_of_day == "night" else _INDOORS,
        glow=hour.glow,
        stars=time_of_day == "night",
    )
