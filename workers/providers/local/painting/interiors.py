"""Sets without a sky: caves, rooms, halls, and two that are stranger."""

from __future__ import annotations

import math
from random import Random

from workers.providers.local.painting import nature
from workers.providers.local.painting.canvas import Canvas
from workers.providers.local.painting.colour import Colour, Palette, darker, lighter, mix
from workers.providers.local.painting.geometry import Point
from workers.providers.local.painting.pen import Pen

_WARM: Colour = (255, 186, 98)


def cave(canvas: Canvas, palette: Palette, die: Random) -> None:
    """A cave with its mouth open to the country and a small fire."""
    nature.paint_sky(canvas, palette, die)
    canvas.shine()
    nature.paint_hills(canvas, palette, die, rows=2)
    mouth_x = die.choice((-1, 1)) * 2.0
    stone = mix(darker(palette.stone, 0.2), palette.earth, 0.3)
    for layer in range(3):
        wide, tall = 3.3 + layer * 0.55, 3.6 + layer * 0.45
        shade = darker(stone, 0.1 + layer * 0.2)
        outline: list[Point] = [(-20, -6), (20, -6), (20, 14), (mouth_x + wide, 14)]
        for step in range(11):
            angle, rough = math.pi * step / 10, die.uniform(0.93, 1.07)
            outline.append((mouth_x + wide * math.cos(angle) * rough,
                            7.2 - tall * math.sin(angle) * rough))  # fmt: skip
        outline += [(mouth_x - wide, 14), (-20, 14)]
        canvas.shaded(outline, darker(shade, 0.35), shade, 0.5 + layer * 0.15)
    canvas.glow((mouth_x, 5.2), 4.4, palette.light, 0.3, 0.6)
    floor = mix(palette.earth, stone, 0.5)
    canvas.shaded(nature.ridge(die, 7.15, 0.3, 0.5), lighter(floor, 0.15), darker(floor, 0.5))
    for _ in range(9):
        x, long = die.uniform(-8, 8), die.uniform(0.5, 1.5)
        canvas.polygon([(x - 0.28, -2), (x + 0.28, -2), (x + 0.04, long), (x - 0.04, long)],
                       darker(stone, 0.5))  # fmt: skip
    for x in (-6.3, -5.2, 5.3, 6.5):
        nature.rock(Pen(canvas, x, 7.6, die.uniform(0.8, 1.3)), stone, die)
    for _ in range(16):
        canvas.oval((die.uniform(-8, 8), die.uniform(7.7, 9)), (0.16, 0.05), darker(floor, 0.3))
    _fire(Pen(canvas, -mouth_x * 1.75, 7.75, 0.8), palette)


def _fire(pen: Pen, palette: Palette) -> None:
    for lean in (-1, 1):
        pen.stroke([(-0.5 * lean, 0.05), (0.45 * lean, -0.14)], 0.16, darker(palette.wood, 0.35))
    for size, flame in ((1.0, (232, 96, 40)), (0.7, (250, 170, 60)), (0.4, (255, 232, 150))):
        pen.blob([(-0.45 * size, 0), (-0.3 * size, -0.6 * size), (0.05, -1.15 * size),
                  (0.3 * size, -0.55 * size), (0.45 * size, 0)], flame)  # fmt: skip
    pen.glow(0, -0.5, 4.4, _WARM, 0.55)


def room(canvas: Canvas, palette: Palette, die: Random) -> None:
    """A room with a window, a hearth, a picture and a rug."""
    wall = palette.wall
    canvas.shaded([(-20, -6), (20, -6), (20, 6.8), (-20, 6.8)], darker(wall, 0.25),
                  lighter(wall, 0.06), 0.8)  # fmt: skip
    for stripe in range(-14, 15):
        canvas.polygon([(stripe * 0.9, -6), (stripe * 0.9 + 0.4, -6), (stripe * 0.9 + 0.4, 6.7),
                        (stripe * 0.9, 6.7)], darker(wall, 0.2), 0.8, 50)  # fmt: skip
    _planks(canvas, palette)
    side = die.choice((-1, 1))
    _big_window(canvas, palette, side * -1.0, die)
    _hearth(Pen(canvas, side * 4.9, 6.85, 1.0, depth=0.85), palette)
    _framed_picture(Pen(canvas, side * 2.1, 3.4, 0.8, depth=0.82), palette, die)
    _shelf(Pen(canvas, -side * 5.3, 6.85, 1.0, depth=0.85), palette, die)
    rug = mix(palette.accent, palette.wood, 0.2)
    canvas.oval((0, 8.15), (4.6, 0.72), darker(rug, 0.15))
    canvas.oval((0, 8.13), (4.2, 0.6), lighter(rug, 0.3))
    canvas.oval((0, 8.12), (3.7, 0.48), rug)


def _planks(canvas: Canvas, palette: Palette) -> None:
    wood = palette.wood
    canvas.shaded([(-20, 6.8), (20, 6.8), (20, 14), (-20, 14)], lighter(wood, 0.12),
                  darker(wood, 0.5))  # fmt: skip
    for board in range(-14, 15):
        canvas.stroke([(board * 0.9, 6.8), (board * 1.9, 12)], 0.03, darker(wood, 0.4))
    canvas.polygon([(-20, 6.55), (20, 6.55), (20, 6.85), (-20, 6.85)], lighter(palette.wall, 0.4))


def _big_window(canvas: Canvas, palette: Palette, x: float, die: Random) -> None:
    pen = Pen(canvas, x, 3.6, 1.0, depth=0.8)
    frame = lighter(palette.wood, 0.45)
    pen.shaded([(-1.25, -1.6), (1.25, -1.6), (1.25, 1.6), (-1.25, 1.6)], frame, darker(frame, 0.1))
    pen.shaded([(-1.05, -1.4), (1.05, -1.4), (1.05, 1.4), (-1.05, 1.4)], palette.sky_top,
               palette.sky_low)  # fmt: skip
    pen.polygon([(-1.05, 0.9), (-0.4, 0.5), (0.3, 0.8), (1.05, 0.4), (1.05, 1.4), (-1.05, 1.4)],
                mix(palette.foliage, palette.haze, 0.3))  # fmt: skip
    if palette.stars:
        pen.oval(0.5, -0.8, 0.24, 0.24, lighter(palette.light, 0.3))
        for _ in range(14):
            pen.oval(die.uniform(-1, 1), die.uniform(-1.3, 0.3), 0.02, 0.02, (255, 250, 230))
    for bar in ([(0, -1.4), (0, 1.4)], [(-1.05, 0), (1.05, 0)]):
        pen.stroke(bar, 0.1, frame)
    cloth = mix(palette.accent, palette.wall, 0.25)
    for way in (-1, 1):
        pen.blob([(way * 0.8, -1.85), (way * 1.7, -1.85), (way * 1.75, 1.75), (way * 1.25, 1.7),
                  (way * 1.3, 0.4)], cloth)  # fmt: skip
        pen.stroke([(way * 1.5, -1.6), (way * 1.55, 1.6)], 0.06, darker(cloth, 0.25))
    pen.stroke([(-1.95, -1.85), (1.95, -1.85)], 0.1, darker(palette.wood, 0.2))
    canvas.glow((x, 3.6), 4.2, palette.light, 0.32, 0.8)


def _hearth(pen: Pen, palette: Palette) -> None:
    stone = palette.stone
    pen.shaded([(-1.3, 0.1), (-1.3, -2.5), (1.3, -2.5), (1.3, 0.1)], stone, darker(stone, 0.25))
    pen.shaded([(-0.9, -2.5), (-0.9, -9), (0.9, -9), (0.9, -2.5)], darker(stone, 0.2), stone)
    pen.polygon([(-1.55, -2.45), (-1.55, -2.75), (1.55, -2.75), (1.55, -2.45)], palette.wood)
    pen.blob([(-0.85, 0.1), (-0.85, -1.3), (0, -1.8), (0.85, -1.3), (0.85, 0.1)], (34, 26, 26))
    _fire(pen, palette)


def _framed_picture(pen: Pen, palette: Palette, die: Random) -> None:
    pen.polygon([(-0.85, -0.7), (0.85, -0.7), (0.85, 0.7), (-0.85, 0.7)], darker(palette.wood, 0.1))
    pen.shaded([(-0.7, -0.55), (0.7, -0.55), (0.7, 0.55), (-0.7, 0.55)], palette.sky_middle,
               palette.sky_low)  # fmt: skip
    hill = die.uniform(-0.2, 0.2)
    pen.blob([(-0.7, 0.55), (-0.6, 0.1), (hill, -0.2), (0.6, 0.15), (0.7, 0.55)], palette.foliage)


def _shelf(pen: Pen, palette: Palette, die: Random) -> None:
    wood = darker(palette.wood, 0.12)
    pen.shaded([(-1.2, 0.1), (-1.2, -3.9), (1.2, -3.9), (1.2, 0.1)], wood, darker(wood, 0.3))
    for row in range(4):
        y = -0.25 - row * 0.92
        pen.polygon([(-1.05, y), (-1.05, y - 0.75), (1.05, y - 0.75), (1.05, y)], darker(wood, 0.5))
        x = -0.98
        while x < 0.85:
            wide, tall = die.uniform(0.1, 0.2), die.uniform(0.42, 0.68)
            book = mix(die.choice((palette.accent, palette.foliage, palette.water, palette.wall)),
                       palette.wood, die.uniform(0, 0.4))  # fmt: skip
            pen.polygon([(x, y), (x, y - tall), (x + wide, y - tall), (x + wide, y)], book)
            x += wide + 0.025


def hall(canvas: Canvas, palette: Palette, die: Random) -> None:
    """A pillared hall with banners, tall windows and a carpet."""
    stone = mix(palette.stone, palette.wall, 0.4)
    # Down behind the floor, which a raised camera sees from farther above.
    canvas.shaded([(-20, -6), (20, -6), (20, 7.4), (-20, 7.4)], darker(stone, 0.5),
                  darker(stone, 0.15), 0.7)  # fmt: skip
    for x in (-4.5, 0.0, 4.5):
        pen = Pen(canvas, x, 4.6, 1.0, depth=0.7)
        arch: list[Point] = [(-0.7, 1.2), (-0.7, -2.2), (0, -3.4), (0.7, -2.2), (0.7, 1.2)]
        pen.shaded(arch, lighter(palette.sky_middle, 0.1), lighter(palette.sky_low, 0.2))
        for bar in ([(0, -3.3), (0, 1.2)], [(-0.7, -1.2), (0.7, -1.2)], [(-0.7, 0), (0.7, 0)]):
            pen.stroke(bar, 0.07, darker(stone, 0.5))
        canvas.glow((x, 3.6), 2.7, palette.light, 0.4, 0.7)
        canvas.polygon([(x - 0.6, 2), (x + 0.6, 2), (x + 2.6, 9), (x + 0.3, 9)], palette.light, 0.8,
                       24)  # fmt: skip
    canvas.shaded([(-20, 6.8), (20, 6.8), (20, 14), (-20, 14)], lighter(stone, 0.1),
                  darker(stone, 0.5))  # fmt: skip
    carpet = mix(palette.accent, (120, 20, 40), 0.35)
    canvas.shaded([(-1.2, 6.8), (1.2, 6.8), (4.4, 12), (-4.4, 12)], carpet, darker(carpet, 0.3))
    for x in (-6.7, -2.35, 2.35, 6.7):
        column = lighter(stone, 0.12)
        canvas.shaded([(x - 0.38, 7.2), (x - 0.38, -6), (x + 0.38, -6), (x + 0.38, 7.2)],
                      darker(column, 0.25), column, 0.9)  # fmt: skip
        canvas.polygon([(x - 0.56, 7.3), (x - 0.56, 6.9), (x + 0.56, 6.9), (x + 0.56, 7.3)],
                       lighter(stone, 0.25), 0.9)  # fmt: skip
        wave = die.uniform(-0.05, 0.05)
        canvas.polygon([(x - 0.5, 0.2), (x + 0.5, 0.2), (x + 0.5 + wave, 3.3), (x, 2.8),
                        (x - 0.5 + wave, 3.3)], mix(palette.accent, palette.wood, 0.15),
                       0.95)  # fmt: skip
        canvas.oval((x, 1.5), (0.24, 0.24), (242, 206, 110), 0.95)


def space(canvas: Canvas, palette: Palette, die: Random) -> None:
    """A dusty moon under planets and stars."""
    canvas.sky(((8, 8, 26), (26, 20, 60), mix(palette.accent, (40, 24, 70), 0.7)), 7.0)
    for _ in range(320):
        radius = die.choice((0.012, 0.02, 0.035))
        canvas.oval((die.uniform(-10, 10), die.uniform(-2, 7)), (radius, radius), (250, 244, 230),
                    0.0, die.randint(80, 250))  # fmt: skip
    x = die.choice((-1, 1)) * 4.0
    planet = mix(palette.water, palette.accent, 0.3)
    canvas.oval((x, 2.5), (1.7, 1.7), planet, 0.1)
    for band in range(5):
        half = math.sqrt(max(0.0, 1.7**2 - (band * 0.6 - 1.2) ** 2))
        canvas.oval((x, 1.3 + band * 0.6), (half * 0.97, 0.16), lighter(planet, 0.25), 0.1, 130)
    ring = [(x + 2.9 * math.cos(t / 20), 2.5 + 0.55 * math.sin(t / 20)) for t in range(-20, 84)]
    canvas.stroke(ring, 0.14, lighter(palette.wall, 0.3), 0.1, 200)
    canvas.glow((x, 2.5), 3.4, planet, 0.6, 0.1)
    canvas.oval((-x * 0.9, 1.4), (0.4, 0.4), lighter(palette.stone, 0.2), 0.05)
    dust = mix(palette.stone, palette.sky_top, 0.25)
    canvas.shaded(nature.ridge(die, 6.4, 0.8, 0.5), lighter(dust, 0.2), darker(dust, 0.5), 0.6)
    nature.paint_ground(canvas, dust, die, 6.8)
    for _ in range(14):
        cx, cy, size = die.uniform(-9, 9), die.uniform(7.3, 9), die.uniform(0.25, 0.7)
        canvas.oval((cx, cy), (size, size * 0.28), darker(dust, 0.35))
        canvas.oval((cx, cy + 0.04), (size * 0.9, size * 0.22), darker(dust, 0.15))


def underwater(canvas: Canvas, palette: Palette, die: Random) -> None:
    """The bottom of the sea with weeds, corals and bubbles."""
    canvas.sky((lighter(palette.water, 0.4), palette.water, darker(palette.water, 0.6)), 9.0)
    for _ in range(5):
        x = die.uniform(-8, 7)
        canvas.polygon([(x, -3), (x + 0.8, -3), (x + 3, 9), (x + 0.6, 9)], (230, 255, 250), 0.3, 26)
    sand = mix(palette.earth, palette.water, 0.35)
    canvas.shaded(nature.ridge(die, 6.4, 0.8, 0.5), mix(sand, palette.water, 0.4), sand, 0.5)
    nature.paint_ground(canvas, sand, die, 6.9)
    for _ in range(26):
        x, tall = die.choice((-1, 1)) * die.uniform(3, 8.5), die.uniform(1.2, 3.4)
        weed = [(x + 0.22 * math.sin(step * 1.1 + x), 7.8 - tall * step / 7) for step in range(8)]
        canvas.stroke(weed, 0.16, mix(palette.foliage, palette.water, die.uniform(0, 0.5)))
    for _ in range(10):
        x = die.choice((-1, 1)) * die.uniform(2.8, 8)
        coral = mix(palette.accent, (250, 150, 140), die.random())
        for lean in (-0.5, -0.15, 0.25, 0.6):
            canvas.stroke([(x, 8.0), (x + lean * 0.6, 7.5), (x + lean, 7.0)], 0.13, coral)
    for _ in range(60):
        radius = die.uniform(0.03, 0.12)
        canvas.oval((die.uniform(-8, 8), die.uniform(0, 8)), (radius, radius), (235, 255, 255), 1.0,
                    90)  # fmt: skip
