"""Sky, land and what grows on it."""

from __future__ import annotations

import math
from random import Random

from workers.providers.local.painting.canvas import Canvas
from workers.providers.local.painting.colour import Colour, Palette, darker, lighter, mix
from workers.providers.local.painting.geometry import Point, smooth
from workers.providers.local.painting.pen import Pen

HORIZON = 5.3
FAR_EDGE = 20.0
_STEP = 0.25
"""From one point of a ridge to the next."""


def paint_sky(canvas: Canvas, palette: Palette, die: Random) -> None:
    """The sky with sun or moon, stars and clouds."""
    canvas.sky((palette.sky_top, palette.sky_middle, palette.sky_low), HORIZON + 0.4)
    side = die.choice((-1, 1))
    reach = min(5.2, canvas.half_width * 0.62)
    if palette.stars:
        _paint_stars(canvas, die)
        _paint_moon(canvas, (side * reach, 1.75 + die.uniform(-0.3, 0.3)), palette)
    else:
        height = 1.9 if palette.glow <= 0.5 else 4.3
        centre = (side * reach, height + die.uniform(-0.3, 0.3))
        canvas.oval(centre, (0.62, 0.62), lighter(palette.light, 0.55), 0.0)
        canvas.glow(centre, 5.5, palette.light, palette.glow * 0.75, 0.0)
        canvas.glow(centre, 1.6, palette.light, 0.5, 0.0)
        canvas.shine()
        canvas.glow(centre, 6.5, palette.light, palette.glow * 0.4, 0.0)
    for _ in range(die.randint(3, 5)):
        _paint_cloud(canvas, palette, die)


def _paint_stars(canvas: Canvas, die: Random) -> None:
    for _ in range(150):
        centre = (die.uniform(-FAR_EDGE, FAR_EDGE) * 0.6, die.uniform(-1.5, 4.8))
        radius = die.choice((0.012, 0.018, 0.03))
        canvas.oval(centre, (radius, radius), (246, 240, 220), 0.0, die.randint(90, 240))


def _paint_moon(canvas: Canvas, centre: Point, palette: Palette) -> None:
    moon = lighter(palette.light, 0.4)
    canvas.oval(centre, (0.72, 0.72), moon, 0.0)
    for x, y, radius in ((-0.2, -0.15, 0.14), (0.22, 0.1, 0.18), (-0.1, 0.32, 0.09)):
        spot = (centre[0] + x, centre[1] + y)
        canvas.oval(spot, (radius, radius), darker(moon, 0.12), 0.0)
    canvas.glow(centre, 4.2, (150, 180, 250), 0.5, 0.0)
    canvas.shine()
    canvas.glow(centre, 6.0, (130, 160, 240), 0.25, 0.0)


def _paint_cloud(canvas: Canvas, palette: Palette, die: Random) -> None:
    x, y = die.uniform(-9, 9), die.uniform(0.4, 3.4)
    size = die.uniform(0.6, 1.25)
    behind = mix(palette.sky_top, palette.sky_middle, min(1.0, y / 2.6))
    white = mix(lighter(palette.sky_low, 0.5), behind, 0.72 if palette.stars else 0.28)
    for offset, shade in ((0.12, mix(white, behind, 0.45)), (0.0, white)):
        puffs = Random(round(x * 1000))
        for part in range(5):
            across = (part - 2) * 0.62 * size
            swell = (0.62 - abs(part - 2) * 0.14) * size * puffs.uniform(0.85, 1.2)
            canvas.oval((x + across, y + offset - swell * 0.35), (swell * 1.15, swell * 0.62),
                        shade, 0.05)  # fmt: skip


def ridge(die: Random, base: float, height: float, bumps: float, rough: float = 0.0) -> list[Point]:
    """The outline of a land from edge to edge, closed far below."""
    first, second, third = (die.uniform(0, math.tau) for _ in range(3))
    points: list[Point] = []
    for step in range(round(2 * FAR_EDGE / _STEP) + 1):
        x = step * _STEP - FAR_EDGE
        turn = x * bumps
        swell = math.sin(turn + first)
        swell += math.sin(turn * 2.3 + second) / 2.3 + math.sin(turn * 4.1 + third) / 4.1
        points.append((x, base - height * (0.5 + swell / 3) + die.uniform(-rough, rough)))
    return [*points, (FAR_EDGE, 16.0), (-FAR_EDGE, 16.0)]


def paint_hills(canvas: Canvas, palette: Palette, die: Random, rows: int = 3) -> None:
    """Rolling hills, paler the farther they are."""
    for row in range(rows):
        near = (row + 1) / (rows + 1)
        colour = mix(palette.haze, mix(palette.foliage, palette.grass, near), 0.25 + 0.6 * near)
        outline = ridge(die, HORIZON + row * 0.35, 1.7 - row * 0.35, 0.36 + 0.12 * row)
        canvas.shaded(outline, colour, mix(colour, palette.haze, 0.55), 0.1 + near * 0.35)
        if row:
            for _ in range(9):
                x = die.uniform(-10, 10)
                y = _height_at(outline, x) + 0.12
                tree = round_tree if die.random() < 0.6 else pine
                tree(Pen(canvas, x, y, die.uniform(0.35, 0.6), depth=0.1 + near * 0.35),
                     mix(palette.haze, palette.foliage, 0.3 + 0.55 * near),
                     mix(palette.haze, palette.wood, 0.6), die)  # fmt: skip


def _height_at(outline: list[Point], x: float) -> float:
    return outline[round((x + FAR_EDGE) / _STEP)][1]


def paint_ground(canvas: Canvas, colour: Colour, die: Random, top: float = 6.3) -> None:
    """The ground that the figures stand on, with a soft swell."""
    outline = ridge(die, top + 0.2, 0.35, 0.3)
    canvas.shaded(outline, lighter(colour, 0.1), darker(colour, 0.42), 0.85)


def paint_tufts(canvas: Canvas, colour: Colour, die: Random, flowers: Colour | None = None) -> None:
    """Grass blades here and there, with flowers when a colour for them is given."""
    for _ in range(70):
        x, y = die.uniform(-10, 10), 6.6 + 2.9 * die.random() ** 0.8
        size = 0.1 + (y - 6.4) * 0.09
        shade = mix(colour, (30, 40, 20), die.uniform(0.05, 0.35))
        for lean in (-0.5, 0.0, 0.55):
            canvas.polygon(
                [(x - 0.16 * size, y), (x + 0.16 * size, y), (x + lean * size, y - size)], shade
            )
        if flowers and die.random() < 0.5:
            centre = (x + 0.5 * size, y - size)
            petals = lighter(flowers, die.uniform(0.0, 0.5))
            canvas.oval(centre, (size * 0.42, size * 0.42), petals)
            canvas.oval(centre, (size * 0.16, size * 0.16), (250, 225, 130))


def round_tree(pen: Pen, leaves: Colour, wood: Colour, die: Random) -> None:
    """A leafy tree about three local units high."""
    pen.polygon([(-0.16, 0.05), (-0.1, -1.5), (0.1, -1.5), (0.18, 0.05)], wood)
    pen.stroke([(0, -0.9), (0.42, -1.55)], 0.09, wood)
    crown = [(die.uniform(-0.75, 0.75), die.uniform(-2.7, -1.45)) for _ in range(7)]
    for x, y in crown:
        pen.oval(x, y + 0.14, 0.62, 0.54, darker(leaves, 0.2))
    for x, y in crown:
        pen.oval(x - 0.03, y, 0.56, 0.48, leaves)
    for x, y in crown[:4]:
        pen.oval(x - 0.16, y - 0.14, 0.28, 0.2, lighter(leaves, 0.16))


def pine(pen: Pen, leaves: Colour, wood: Colour, die: Random) -> None:
    """A fir about three local units high."""
    pen.polygon([(-0.1, 0.05), (-0.08, -0.7), (0.08, -0.7), (0.1, 0.05)], wood)
    for level in range(4):
        y, half = -0.35 - level * 0.62, 0.86 - level * 0.19
        lean = die.uniform(-0.04, 0.04)
        tier = [(-half, y), (-half * 0.5, y - 0.1), (0, y + 0.07), (half * 0.5, y - 0.08),
                (half, y), (lean, y - 0.98)]  # fmt: skip
        pen.polygon(tier, darker(leaves, 0.16 - level * 0.03))
        pen.polygon([(-half, y), (-half * 0.45, y - 0.1), (lean, y - 0.98)], lighter(leaves, 0.08))


def bush(pen: Pen, leaves: Colour, die: Random) -> None:
    """A low bush."""
    for shade, lift in ((darker(leaves, 0.25), 0.0), (leaves, 0.09)):
        for part in range(4):
            pen.oval((part - 1.5) * 0.36, -0.22 - lift - die.uniform(0, 0.08), 0.34, 0.3, shade)


def rock(pen: Pen, stone: Colour, die: Random) -> None:
    """A boulder with a lit side."""
    top = die.uniform(-0.75, -0.55)
    outline = [(-0.7, 0.05), (-0.6, -0.35), (-0.15, top), (0.4, -0.5), (0.72, 0.05)]
    pen.polygon(smooth(outline, 3), darker(stone, 0.22))
    pen.polygon(smooth([(-0.62, -0.02), (-0.52, -0.33), (-0.14, top + 0.06), (0.12, -0.3)], 3),
                lighter(stone, 0.12))  # fmt: skip
