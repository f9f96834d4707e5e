"""Sets under the open sky."""

from __future__ import annotations

import math
from random import Random

from workers.providers.local.painting import nature, props
from workers.providers.local.painting.canvas import Canvas
from workers.providers.local.painting.colour import Palette, darker, lighter, mix
from workers.providers.local.painting.geometry import smooth
from workers.providers.local.painting.pen import Pen


def meadow(canvas: Canvas, palette: Palette, die: Random) -> None:
    """Open country: hills, grass, a lone tree."""
    nature.paint_hills(canvas, palette, die)
    nature.paint_ground(canvas, palette.grass, die)
    tree = Pen(canvas, die.choice((-5.6, 5.4)), 7.0, 1.7)
    nature.round_tree(tree, palette.foliage, palette.wood, die)
    nature.paint_tufts(canvas, palette.grass, die)


def garden(canvas: Canvas, palette: Palette, die: Random) -> None:
    """A garden in flower behind a fence."""
    nature.paint_hills(canvas, palette, die, rows=2)
    nature.paint_ground(canvas, palette.grass, die)
    for x in (-6.2, -3.1, 3.4, 6.4):
        nature.bush(Pen(canvas, x, 6.75, 1.5), palette.foliage, die)
    for x in (-8, 0, 8):
        props.fence(Pen(canvas, x, 6.85), lighter(palette.wood, 0.5))
    nature.round_tree(Pen(canvas, -5.4, 7.0, 1.5), palette.foliage, palette.wood, die)
    for colour in (palette.accent, (236, 150, 170), (242, 200, 90)):
        nature.paint_tufts(canvas, palette.grass, die, colour)


def field(canvas: Canvas, palette: Palette, die: Random) -> None:
    """Rows of corn running to the horizon."""
    nature.paint_hills(canvas, palette, die)
    corn = mix((222, 178, 84), palette.grass, 0.25)
    canvas.shaded([(-20, 6.0), (20, 6.0), (20, 14), (-20, 14)], lighter(corn, 0.2),
                  darker(corn, 0.4), 0.85)  # fmt: skip
    for row in range(-12, 13):
        canvas.stroke([(row * 0.35, 6.0), (row * 2.2, 12)], 0.1, darker(corn, 0.25), 0.85, 120)
    for _ in range(160):
        x, y = die.uniform(-10, 10), 6.3 + 2.8 * die.random()
        size = 0.25 + (y - 6) * 0.14
        stalk = mix(corn, (90, 70, 30), die.uniform(0.1, 0.4))
        canvas.stroke([(x, y), (x + 0.1 * size, y - size)], 0.03, stalk)
        canvas.oval((x + 0.1 * size, y - size), (0.05, 0.13), lighter(corn, 0.2))


def road(canvas: Canvas, palette: Palette, die: Random) -> None:
    """A winding road through the hills."""
    nature.paint_hills(canvas, palette, die)
    nature.paint_ground(canvas, palette.grass, die)
    sand = lighter(palette.earth, 0.3)
    way = [(0.9, 6.15), (1.15, 6.15), (0.4, 6.75), (1.9, 7.6), (4.5, 12), (-4.5, 12), (-1.4, 7.6),
           (-0.2, 6.75)]  # fmt: skip
    canvas.shaded(smooth(way), mix(sand, palette.haze, 0.3), darker(sand, 0.22))
    for x, y, size in ((-6.0, 6.9, 1.6), (5.2, 6.8, 1.4), (-3.6, 6.5, 0.9), (3.1, 6.5, 0.8)):
        nature.round_tree(Pen(canvas, x, y, size), palette.foliage, palette.wood, die)
    nature.paint_tufts(canvas, palette.grass, die)


def well(canvas: Canvas, palette: Palette, die: Random) -> None:
    """A meadow with the far half of a well; `well_front` comes after whoever is in it."""
    nature.paint_hills(canvas, palette, die)
    nature.paint_ground(canvas, palette.grass, die)
    nature.round_tree(Pen(canvas, 5.9, 7.0, 1.9), palette.foliage, palette.wood, die)
    nature.bush(Pen(canvas, -5.7, 6.9, 1.4), palette.foliage, die)
    nature.rock(Pen(canvas, 3.9, 7.2, 0.7), palette.stone, die)
    nature.paint_tufts(canvas, palette.grass, die)
    props.well_back(Pen(canvas, 0, 7.45, 1.25), palette)


def forest(canvas: Canvas, palette: Palette, die: Random) -> None:
    """Trees behind trees, with light falling in."""
    for row in range(3):
        near = row / 2
        leaves = mix(palette.haze, palette.foliage, 0.3 + 0.55 * near)
        wood = mix(palette.haze, darker(palette.wood, 0.25), 0.35 + 0.5 * near)
        depth = 0.3 + 0.22 * row
        floor = mix(palette.haze, darker(palette.grass, 0.2), 0.35 + 0.5 * near)
        ridge = nature.ridge(die, 5.9 + row * 0.35, 0.5, 0.5)
        canvas.shaded(ridge, floor, darker(floor, 0.15), depth)
        x = -10.0 + die.uniform(0, 0.6)
        while x < 10:
            tree = Pen(canvas, x, 6.0 + row * 0.35, die.uniform(1.5, 2.1) + row * 0.25, depth=depth)
            (nature.pine if die.random() < 0.55 else nature.round_tree)(tree, leaves, wood, die)
            x += die.uniform(0.9, 1.5) + row * 0.3
    for _ in range(4):
        x = die.uniform(-7, 6)
        shaft = [(x, -1), (x + 0.7, -1), (x + 3.4, 9), (x + 1.6, 9)]
        canvas.polygon(shaft, palette.light, 0.6, 26)
    nature.paint_ground(canvas, mix(palette.grass, palette.earth, 0.3), die, 6.7)
    for x in (-6.6, 6.9):
        trunk = darker(palette.wood, 0.35)
        canvas.polygon(smooth([(x - 0.9, 8.6), (x - 0.5, 7), (x - 0.45, -2), (x + 0.45, -2),
                               (x + 0.5, 7), (x + 1.0, 8.6)], 4), trunk)  # fmt: skip
        canvas.polygon([(x - 0.4, 7), (x - 0.35, -2), (x - 0.1, -2), (x - 0.15, 7)],
                       lighter(trunk, 0.12))  # fmt: skip
    nature.paint_tufts(canvas, palette.foliage, die)
    for x in (-4.6, 4.4):
        _toadstools(Pen(canvas, x, 7.9, 0.8), palette)


def _toadstools(pen: Pen, palette: Palette) -> None:
    for x, size in ((0.0, 1.0), (0.5, 0.6)):
        pen.oval(x, -0.25 * size, 0.1 * size, 0.28 * size, (240, 230, 212))
        cap = [(x - 0.36 * size, -0.45 * size), (x, -0.85 * size), (x + 0.36 * size, -0.45 * size)]
        pen.blob([*cap, (x, -0.4 * size)], palette.accent)
        pen.oval(x - 0.08 * size, -0.62 * size, 0.05 * size, 0.04 * size, (255, 246, 230))


def sea(canvas: Canvas, palette: Palette, die: Random) -> None:
    """Waves to the horizon, a boat, a beach."""
    deep, shallow = darker(palette.water, 0.25), lighter(palette.water, 0.3)
    nature_isle = mix(palette.haze, palette.foliage, 0.35)
    canvas.blob([(-6.5, 5.4), (-5.2, 4.6), (-3.9, 4.4), (-2.4, 5.1), (-1.6, 5.4)], nature_isle, 0.1)
    canvas.shaded([(-20, 5.3), (20, 5.3), (20, 14), (-20, 14)], mix(deep, palette.haze, 0.45), deep,
                  0.3)  # fmt: skip
    props.boat(Pen(canvas, die.choice((-2.6, 3.2)), 5.9, 0.75, depth=0.35), palette)
    for row in range(7):
        y, depth = 5.6 + row * 0.28, 0.3 + row * 0.07
        phase = die.uniform(0, math.tau)
        crest = [(x / 2, y + 0.07 * math.sin(x * 0.9 + phase)) for x in range(-40, 41)]
        colour = mix(deep, shallow, row / 7)
        canvas.polygon([*crest, (20, 14), (-20, 14)], colour, depth, 190)
        canvas.stroke(crest, 0.03 + row * 0.006, lighter(shallow, 0.5), depth, 120)
    sand = lighter(mix(palette.earth, (240, 210, 150), 0.5), 0.12)
    edge = [(x / 2, 7.05 + 0.18 * math.sin(x * 0.31)) for x in range(-40, 41)]
    canvas.polygon([(x, y - 0.12) for x, y in edge] + [(20, 14), (-20, 14)], (250, 250, 244), 0.95)
    canvas.shaded([*edge, (20, 14), (-20, 14)], sand, darker(sand, 0.35))
    for _ in range(26):
        x, y = die.uniform(-9, 9), die.uniform(7.4, 9)
        canvas.oval((x, y), (0.07, 0.045), die.choice((lighter(sand, 0.5), palette.accent)))


def river(canvas: Canvas, palette: Palette, die: Random) -> None:
    """A river under a stone bridge."""
    nature.paint_hills(canvas, palette, die)
    nature.paint_ground(canvas, palette.grass, die, 6.0)
    water = palette.water
    stream = [(-20, 6.35), (-4, 6.2), (4, 6.35), (20, 6.15), (20, 7.25), (5, 7.4), (-3, 7.15),
              (-20, 7.4)]  # fmt: skip
    canvas.shaded(stream, lighter(water, 0.35), darker(water, 0.1), 0.9)
    for _ in range(34):
        x, y = die.uniform(-9, 9), die.uniform(6.4, 7.1)
        canvas.stroke([(x, y), (x + die.uniform(0.3, 0.9), y)], 0.03, (255, 255, 255), 0.9, 110)
    props.arch_bridge(Pen(canvas, die.choice((-2.4, 2.6)), 6.95, 0.85, depth=0.9), palette.stone)
    bank = mix(palette.grass, palette.earth, 0.15)
    canvas.shaded([(-20, 7.4), (-3, 7.2), (5, 7.42), (20, 7.25), (20, 14), (-20, 14)], bank,
                  darker(bank, 0.45))  # fmt: skip
    nature.round_tree(Pen(canvas, -6.1, 7.5, 1.9), palette.foliage, palette.wood, die)
    for _ in range(24):
        x = die.choice((-1, 1)) * die.uniform(3.2, 8)
        top = 7.3 - die.uniform(0.5, 1.1)
        canvas.stroke([(x, 7.6), (x + 0.1, top)], 0.045, darker(palette.foliage, 0.1))
        canvas.oval((x + 0.1, top), (0.07, 0.2), darker(palette.wood, 0.2))
    nature.paint_tufts(canvas, palette.grass, die)


def mountain(canvas: Canvas, palette: Palette, die: Random) -> None:
    """Peaks with snow, pines below."""
    for row in range(3):
        near = row / 2
        colour = mix(palette.haze, mix(palette.stone, palette.sky_top, 0.3), 0.35 + 0.45 * near)
        for x in range(-3, 4):
            peak_x = x * 3.6 + row * 1.5 + die.uniform(-0.8, 0.8)
            top = 1.1 + row * 1.05 + die.uniform(0, 1.0)
            half = 2.6 + die.uniform(0, 0.8)
            depth = 0.05 + 0.14 * row
            _peak(canvas, (peak_x, top, half), colour, palette, depth)
    nature.paint_hills(canvas, palette, die, rows=1)
    nature.paint_ground(canvas, mix(palette.grass, palette.stone, 0.3), die)
    for fir_x in (-6.7, -5.5, -4.7, 4.9, 5.8, 6.9):
        pine = Pen(canvas, fir_x, 6.9 + die.uniform(0, 0.3), die.uniform(1.0, 1.5))
        nature.pine(pen=pine, leaves=palette.foliage, wood=palette.wood, die=die)
    for rock_x in (-3.2, 3.3):
        nature.rock(Pen(canvas, rock_x, 7.4, die.uniform(0.6, 0.9)), palette.stone, die)
    nature.paint_tufts(canvas, palette.grass, die)


def _peak(
    canvas: Canvas,
    shape: tuple[float, float, float],
    colour: tuple[int, int, int],
    palette: Palette,
    depth: float,
) -> None:
    x, top, half = shape
    foot = 6.6
    canvas.shaded([(x - half, foot), (x, top), (x + half, foot)], colour,
                  mix(colour, palette.haze, 0.6), depth)  # fmt: skip
    canvas.polygon([(x, top), (x + half, foot), (x + 0.35, foot), (x - 0.15, top + 1.6)],
                   darker(colour, 0.35), depth, 90)  # fmt: skip
    snow = mix((250, 250, 255), palette.haze, 0.2)
    slope = half / (foot - top)
    canvas.polygon([(x, top), (x + slope * 1.1, top + 1.1), (x + slope * 0.5, top + 0.85),
                    (x + 0.05, top + 1.35), (x - slope * 0.5, top + 0.8),
                    (x - slope * 1.2, top + 1.2)], snow, depth)  # fmt: skip


def desert(canvas: Canvas, palette: Palette, die: Random) -> None:
    """Dunes and cactuses."""
    sand = mix(palette.earth, (236, 190, 120), 0.6)
    for row in range(4):
        colour = mix(palette.haze, sand, 0.4 + 0.2 * row)
        outline = nature.ridge(die, HORIZON_OF_DUNES + row * 0.5, 1.3 - row * 0.2, 0.3)
        canvas.shaded(outline, lighter(colour, 0.12), darker(colour, 0.3), 0.15 + row * 0.25)
    green = mix(palette.foliage, sand, 0.15)
    for x, size in ((-5.6, 1.2), (5.1, 0.9), (-3.4, 0.55)):
        pen = Pen(canvas, x, 7.3, size)
        pen.stroke([(0, 0), (0, -2.1)], 0.42, green)
        pen.stroke([(0, -0.9), (0.75, -0.9), (0.75, -1.6)], 0.28, green)
        pen.stroke([(0, -1.2), (-0.65, -1.2), (-0.65, -1.75)], 0.26, darker(green, 0.1))
    nature.rock(Pen(canvas, 3.2, 7.4, 0.8), sand, die)


HORIZON_OF_DUNES = nature.HORIZON + 0.4


def castle(canvas: Canvas, palette: Palette, die: Random) -> None:
    """A castle on its hill."""
    nature.paint_hills(canvas, palette, die, rows=2)
    hill = mix(palette.grass, palette.haze, 0.25)
    canvas.shaded(smooth([(-9, 8), (-4.5, 6.1), (0, 5.4), (4.5, 6.1), (9, 8), (0, 12)]), hill,
                  darker(hill, 0.3), 0.5)  # fmt: skip
    props.castle(Pen(canvas, 0.2, 5.75, 0.95, depth=0.5), palette, die, palette.glow > 0.6)
    nature.paint_ground(canvas, palette.grass, die, 6.6)
    sand = lighter(palette.earth, 0.25)
    canvas.shaded(smooth([(-0.3, 6.5), (0.5, 6.5), (1.6, 7.6), (3.4, 12), (-3.4, 12), (-1.3, 7.6)]),
                  sand, darker(sand, 0.25))  # fmt: skip
    for x in (-6.4, 6.3):
        nature.round_tree(Pen(canvas, x, 7.1, 1.7), palette.foliage, palette.wood, die)
    nature.paint_tufts(canvas, palette.grass, die)


def village(canvas: Canvas, palette: Palette, die: Random) -> None:
    """Cottages in the green."""
    nature.paint_hills(canvas, palette, die)
    nature.paint_ground(canvas, palette.grass, die)
    for x, y, size in ((-1.2, 6.45, 0.62), (2.2, 6.5, 0.7), (-5.2, 6.9, 1.15), (5.6, 6.9, 1.1)):
        props.cottage(Pen(canvas, x, y, size), palette, die, palette.glow > 0.6)
    sand = lighter(palette.earth, 0.25)
    canvas.shaded(smooth([(-0.5, 6.6), (1.0, 6.6), (1.6, 7.4), (4, 12), (-4, 12), (-1.2, 7.4)]),
                  sand, darker(sand, 0.25))  # fmt: skip
    nature.round_tree(Pen(canvas, 7.6, 7.1, 1.6), palette.foliage, palette.wood, die)
    nature.paint_tufts(canvas, palette.grass, die)


def market(canvas: Canvas, palette: Palette, die: Random) -> None:
    """A square with stalls before a row of houses."""
    nature.paint_hills(canvas, palette, die, rows=1)
    for part in range(-3, 4):
        props.cottage(Pen(canvas, part * 2.9, 6.5, 1.05, depth=0.7), palette, die,
                      palette.glow > 0.6)  # fmt: skip
    paving = mix(palette.stone, palette.earth, 0.35)
    canvas.shaded([(-20, 6.5), (20, 6.5), (20, 14), (-20, 14)], lighter(paving, 0.15),
                  darker(paving, 0.4))  # fmt: skip
    for _ in range(120):
        x, y = die.uniform(-10, 10), die.uniform(6.6, 9.2)
        canvas.oval((x, y), (0.2, 0.06), darker(paving, 0.15), 1.0, 110)
    for x in (-5.5, 5.4):
        props.stall(Pen(canvas, x, 7.35, 1.25), palette, die)


def city(canvas: Canvas, palette: Palette, die: Random) -> None:
    """House fronts behind house fronts along a street."""
    lit = palette.glow > 0.6
    for row in range(3):
        near = row / 2
        colour = mix(palette.haze, mix(palette.wall, palette.sky_top, 0.45), 0.35 + 0.4 * near)
        x, depth = -11.0, 0.1 + row * 0.28
        while x < 11:
            wide, top = die.uniform(1.1, 2.1), die.uniform(1.2, 3.6) + row * 0.5
            shade = mix(colour, die.choice((palette.accent, palette.stone, palette.wall)), 0.22)
            canvas.shaded([(x, 7), (x, top), (x + wide, top), (x + wide, 7)], shade,
                          mix(shade, palette.haze, 0.45), depth)  # fmt: skip
            _windows(canvas, (x, top, wide), shade, lit, die, depth)
            x += wide + die.uniform(0.02, 0.4)
    paving = mix(palette.stone, (70, 74, 84), 0.4)
    canvas.shaded([(-20, 6.7), (20, 6.7), (20, 14), (-20, 14)], lighter(paving, 0.22),
                  darker(paving, 0.4))  # fmt: skip
    canvas.polygon([(-20, 6.7), (20, 6.7), (20, 6.86), (-20, 6.86)], lighter(paving, 0.4))
    for x in (-5.9, 5.9):
        canvas.stroke([(x, 7.2), (x, 3.9)], 0.1, (40, 44, 54))
        canvas.oval((x, 3.85), (0.24, 0.3), (255, 226, 150) if lit else (236, 232, 220))
        if lit:
            canvas.glow((x, 3.85), 2.0, (255, 196, 104), 0.7)


def _windows(
    canvas: Canvas,
    house: tuple[float, float, float],
    shade: tuple[int, int, int],
    lit: bool,
    die: Random,
    depth: float,
) -> None:
    x, top, wide = house
    columns = max(2, int(wide / 0.42))
    step = wide / columns
    for row in range(int((6.6 - top) / 0.55)):
        for column in range(columns):
            glass = darker(shade, 0.35)
            if lit and die.random() < 0.5:
                glass = (255, 208, 122)
            left, upper = x + step * (column + 0.25), top + 0.25 + row * 0.55
            canvas.polygon([(left, upper), (left + step * 0.5, upper),
                            (left + step * 0.5, upper + 0.3), (left, upper + 0.3)],
                           glass, depth)  # fmt: skip


def snow(canvas: Canvas, palette: Palette, die: Random) -> None:
    """A white land with firs and falling flakes."""
    white = mix((244, 248, 255), palette.sky_low, 0.12)
    for row in range(3):
        colour = mix(palette.haze, white, 0.4 + 0.25 * row)
        outline = nature.ridge(die, nature.HORIZON + row * 0.4, 1.5 - row * 0.3, 0.4)
        canvas.shaded(outline, colour, mix(colour, palette.sky_middle, 0.3), 0.15 + row * 0.25)
        for _ in range(8):
            x = die.uniform(-10, 10)
            fir = Pen(canvas, x, 5.6 + row * 0.4, 0.4 + row * 0.2, depth=0.15 + row * 0.25)
            nature.pine(
                fir, mix(palette.haze, palette.foliage, 0.35 + 0.2 * row), palette.wood, die
            )
    nature.paint_ground(canvas, white, die)
    for x in (-6.4, -5.2, 5.8):
        nature.pine(Pen(canvas, x, 7.1, 1.6), mix(palette.foliage, white, 0.25), palette.wood, die)
    for _ in range(150):
        size = die.uniform(0.02, 0.07)
        canvas.oval((die.uniform(-9, 9), die.uniform(-0.5, 9.2)), (size, size), (255, 255, 255),
                    1.0, die.randint(120, 230))  # fmt: skip
