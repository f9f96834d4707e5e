"""Things that stand in a set: a well, houses, a castle, a boat and their like."""

from __future__ import annotations

from random import Random

from workers.providers.local.painting.colour import Colour, Palette, darker, lighter, mix
from workers.providers.local.painting.geometry import Point
from workers.providers.local.painting.pen import Pen


def well_back(pen: Pen, palette: Palette) -> None:
    """The far half of a well, its posts and roof; somebody may be drawn before its front."""
    stone = darker(palette.stone, 0.1)
    for x in (-0.98, 0.98):
        pen.polygon([(x - 0.09, -0.9), (x - 0.08, -3.0), (x + 0.08, -3.0), (x + 0.09, -0.9)],
                    palette.wood)  # fmt: skip
    pen.stroke([(-0.98, -2.35), (0.98, -2.35)], 0.11, darker(palette.wood, 0.2))
    pen.oval(0, -1.1, 1.2, 0.32, stone)
    pen.oval(0, -1.08, 0.98, 0.24, (22, 20, 30))
    roof = mix(palette.accent, palette.wood, 0.35)
    pen.polygon([(-1.5, -2.85), (0, -3.95), (0.12, -3.9), (0.2, -2.85)], lighter(roof, 0.08))
    pen.polygon([(0.0, -3.95), (1.5, -2.85), (0.2, -2.85)], darker(roof, 0.15))
    for row in range(3):
        y = -2.95 - row * 0.28
        pen.stroke([(-1.32 + row * 0.38, y), (1.32 - row * 0.38, y)], 0.025, darker(roof, 0.35))


def well_front(pen: Pen, palette: Palette, die: Random) -> None:
    """The near wall of a well, stone by stone, with the rope and its bucket."""
    pen.shaded([(-1.2, -1.1), (-0.8, -0.92), (0, -0.8), (0.8, -0.92), (1.2, -1.1), (1.12, 0.02),
                (0.6, 0.22), (0, 0.28), (-0.6, 0.22), (-1.12, 0.02)],
               palette.stone, darker(palette.stone, 0.42))  # fmt: skip
    for row in range(4):
        shift = 0.17 if row % 2 else 0.0
        for part in range(-3, 4):
            x = part * 0.34 + shift
            if abs(x) > 1.02:
                continue
            y = -0.72 + row * 0.26 - 0.16 * x * x + 0.1
            shade = mix(palette.stone, die.choice(((255, 245, 225), (60, 55, 60))), 0.16)
            pen.oval(x, y, 0.155, 0.1, shade)
    rim: list[Point] = [(-1.26, -1.12), (-0.7, -0.84), (0, -0.74), (0.7, -0.84), (1.26, -1.12),
                        (1.2, -0.98), (0.65, -0.68), (0, -0.58), (-0.65, -0.68),
                        (-1.2, -0.98)]  # fmt: skip
    pen.polygon(rim, lighter(palette.stone, 0.25))


def bucket(pen: Pen, palette: Palette) -> None:
    """The bucket on its rope."""
    pen.stroke([(0.5, -2.35), (0.5, -1.75)], 0.03, lighter(palette.wood, 0.4))
    pen.polygon([(0.34, -1.75), (0.66, -1.75), (0.61, -1.4), (0.39, -1.4)], palette.wood)
    pen.stroke([(0.35, -1.62), (0.65, -1.62)], 0.03, darker(palette.stone, 0.3))


def cottage(pen: Pen, palette: Palette, die: Random, lit: bool) -> None:
    """A small house with a door, two windows and a chimney, three units wide."""
    wall = lighter(palette.wall, die.uniform(0.05, 0.3))
    roof = mix(palette.accent, palette.wood, die.uniform(0.25, 0.6))
    pen.polygon(
        [(0.75, -2.1), (0.75, -3.25), (1.1, -3.25), (1.1, -2.1)], darker(palette.stone, 0.1)
    )
    pen.shaded([(-1.4, 0.05), (-1.4, -1.6), (1.4, -1.6), (1.4, 0.05)], wall, darker(wall, 0.16))
    pen.polygon([(-1.75, -1.5), (-0.9, -2.9), (0.9, -2.9), (1.75, -1.5)], roof)
    pen.polygon([(-1.75, -1.5), (-1.72, -1.62), (1.72, -1.62), (1.75, -1.5)], darker(roof, 0.3))
    for row in range(1, 4):
        reach = 1.7 - row * 0.2
        pen.stroke([(-reach, -1.55 - row * 0.32), (reach, -1.55 - row * 0.32)], 0.025,
                   darker(roof, 0.2))  # fmt: skip
    pen.polygon([(-0.32, 0.05), (-0.32, -1.0), (0, -1.15), (0.32, -1.0), (0.32, 0.05)],
                darker(palette.wood, 0.1))  # fmt: skip
    pen.oval(0.18, -0.5, 0.045, 0.045, (236, 200, 110))
    glass = (255, 214, 120) if lit else mix(palette.sky_middle, (255, 255, 255), 0.3)
    for x in (-0.9, 0.9):
        window(pen, x, -0.8, 0.3, glass, lighter(palette.wood, 0.5))
        if lit:
            pen.glow(x, -0.8, 0.9 * pen.size, (255, 190, 90), 0.5)


def window(pen: Pen, x: float, y: float, half: float, glass: Colour, frame: Colour) -> None:
    """A window with a cross bar."""
    edge = half + 0.06
    pen.polygon([(x - edge, y - edge), (x + edge, y - edge), (x + edge, y + edge),
                 (x - edge, y + edge)], frame)  # fmt: skip
    pen.polygon([(x - half, y - half), (x + half, y - half), (x + half, y + half),
                 (x - half, y + half)], glass)  # fmt: skip
    pen.stroke([(x, y - half), (x, y + half)], 0.05, frame)
    pen.stroke([(x - half, y), (x + half, y)], 0.05, frame)


def castle(pen: Pen, palette: Palette, die: Random, lit: bool) -> None:
    """Towers, a gate and flags, about seven units wide."""
    stone = mix(palette.stone, palette.haze, 0.3)
    pen.shaded(_battlement(-2.6, 2.6, -2.2), stone, darker(stone, 0.25))
    for x, width, height in (
        (-2.6, 0.62, 3.6),
        (2.6, 0.62, 3.3),
        (-1.1, 0.5, 4.4),
        (1.2, 0.55, 3.9),
    ):
        pen.shaded(_battlement(x - width, x + width, -height), lighter(stone, 0.08),
                   darker(stone, 0.22))  # fmt: skip
        roof = mix(palette.accent, (70, 60, 110), 0.3)
        top = -height - 0.12
        pen.polygon([(x - width - 0.12, top), (x, top - 1.5), (x, top)], lighter(roof, 0.1))
        pen.polygon([(x, top), (x, top - 1.5), (x + width + 0.12, top)], darker(roof, 0.15))
        wave = die.uniform(0.35, 0.6)
        pen.stroke([(x, top - 1.45), (x, top - 2.0)], 0.035, darker(stone, 0.4))
        pen.polygon([(x, top - 2.0), (x + wave, top - 1.87), (x, top - 1.72)], palette.accent)
        glass = (255, 214, 120) if lit else darker(stone, 0.5)
        pen.oval(x, -height + 0.75, 0.1, 0.2, glass)
    pen.polygon([(-0.45, 0.05), (-0.45, -0.9), (0, -1.3), (0.45, -0.9), (0.45, 0.05)],
                darker(palette.wood, 0.35))  # fmt: skip


def _battlement(left: float, right: float, top: float) -> list[Point]:
    points: list[Point] = [(left, 0.05), (left, top)]
    teeth = max(2, round((right - left) / 0.36))
    step = (right - left) / (teeth * 2 - 1)
    for tooth in range(teeth):
        x = left + tooth * 2 * step
        points += [(x, top - 0.22), (x + step, top - 0.22), (x + step, top), (x + 2 * step, top)]
    return [*points[:-1], (right, 0.05)]


def fence(pen: Pen, wood: Colour) -> None:
    """A stretch of fence."""
    for y in (-0.32, -0.62):
        pen.stroke([(-4, y), (4, y)], 0.07, wood)
    for post in range(-8, 9):
        x = post * 0.5
        pen.polygon([(x - 0.08, 0), (x - 0.08, -0.8), (x, -0.95), (x + 0.08, -0.8), (x + 0.08, 0)],
                    lighter(wood, 0.12))  # fmt: skip


def boat(pen: Pen, palette: Palette) -> None:
    """A sailing boat."""
    pen.stroke([(0, -0.3), (0, -2.6)], 0.07, palette.wood)
    pen.blob([(0.08, -2.5), (0.95, -1.1), (1.05, -0.65), (0.08, -0.6)], (246, 240, 226))
    pen.blob([(-0.08, -2.2), (-0.7, -0.9), (-0.72, -0.65), (-0.08, -0.62)],
             mix(palette.accent, (255, 250, 240), 0.3))  # fmt: skip
    pen.blob([(-1.2, -0.45), (1.25, -0.5), (0.8, 0.05), (-0.75, 0.05)], darker(palette.wood, 0.1))


def arch_bridge(pen: Pen, stone: Colour) -> None:
    """A stone bridge with one arch, eight units wide."""
    deck: list[Point] = [(-4, 0), (-4, -0.75), (-2, -1.2), (0, -1.4), (2, -1.2), (4, -0.75), (4, 0)]
    arch: list[Point] = [(2.2, 0), (1.7, -0.5), (0.9, -0.85), (0, -0.95), (-0.9, -0.85),
                         (-1.7, -0.5), (-2.2, 0)]  # fmt: skip
    pen.shaded([*deck, *arch], lighter(stone, 0.1), darker(stone, 0.25))
    pen.stroke([(-4, -0.78), (-2, -1.23), (0, -1.43), (2, -1.23), (4, -0.78)], 0.14,
               lighter(stone, 0.22))  # fmt: skip


def stall(pen: Pen, palette: Palette, die: Random) -> None:
    """A market stall with a striped awning."""
    for x in (-1.1, 1.1):
        pen.stroke([(x, 0), (x, -1.9)], 0.08, palette.wood)
    pen.polygon([(-1.2, 0), (-1.2, -0.75), (1.2, -0.75), (1.2, 0)], darker(palette.wood, 0.05))
    stripe = die.choice((palette.accent, (62, 122, 118), (196, 140, 50)))
    for part in range(6):
        left, right = -1.35 + part * 0.45, -0.9 + part * 0.45
        colour = stripe if part % 2 else (248, 240, 224)
        pen.polygon(
            [(left * 0.8, -2.3), (right * 0.8, -2.3), (right, -1.75), (left, -1.75)], colour
        )
        pen.oval((left + right) / 2, -1.75, 0.225, 0.14, colour)
    for _ in range(9):
        fruit = die.choice(((214, 78, 56), (240, 176, 60), (120, 160, 70)))
        pen.oval(die.uniform(-1, 1), -0.84 - die.uniform(0, 0.12), 0.11, 0.11, fruit)
