"""Points, curves, and how a plane of drawing units lies on the pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the origin of a plane lies in pixels, and what a step to the right and down is."""

    origin: Point
    right: Point
    down: Point

    def point(self, point: Point) -> Point:
        """A point of the plane in pixels."""
        x, y = point
        return (
            self.origin[0] + self.right[0] * x + self.down[0] * y,
            self.origin[1] + self.right[1] * x + self.down[1] * y,
        )

    def points(self, points: Iterable[Point]) -> list[Point]:
        """Points of the plane in pixels."""
        ox, oy = self.origin
        rx, ry = self.right
        dx, dy = self.down
        return [(ox + rx * x + dx * y, oy + ry * x + dy * y) for x, y in points]

    def axes(self, radii: Point, turn: float = 0.0) -> tuple[Point, Point]:
        """The half axes in pixels of an ellipse of the plane, turned by degrees."""
        (rx, ry), (dx, dy) = self.right, self.down
        across, along = radii
        if not turn:
            return (rx * across, ry * across), (dx * along, dy * along)
        cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        return (
            ((rx * cosine + dx * sine) * across, (ry * cosine + dy * sine) * across),
            ((dx * cosine - rx * sine) * along, (dy * cosine - ry * sine) * along),
        )


def smooth(points: Sequence[Point], steps: int = 6) -> list[Point]:
    """A closed Catmull-Rom curve through the points, of so many steps between two of them."""
    weights = _weights(steps)
    curve: list[Point] = []
    before, here, after = points[-2], points[-1], points[0]
    for beyond in (*points[1:], points[0]):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = before, here, after, beyond
        curve.append(here)
        curve += [
            (a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy)
            for a, b, c, d in weights
        ]
        before, here, after = here, after, beyond
    return curve


@lru_cache(maxsize=32)
def _weights(steps: int) -> tuple[tuple[float, float, float, float], ...]:
    """What each of four points counts for at each step between the second and the third."""
    return tuple(
        (
            0.5 * (-t + 2 * t**2 - t**3),
            0.5 * (2 - 5 * t**2 + 3 * t**3),
            0.5 * (t + 4 * t**2 - 3 * t**3),
            0.5 * (t**3 - t**2),
        )
        for t in (step / steps for step in range(1, steps))
    )


@lru_cache(maxsize=256)
def unit_circle(count: int) -> tuple[Point, ...]:
    """So many points around the origin, one unit away from it."""
    angles = (math.tau * step / count for step in range(count))
    return tuple((math.cos(angle), math.sin(angle)) for angle in angles)


def span(points: Sequence[Point]) -> float:
    """The longer side of the upright box around the points."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return max(max(xs) - min(xs), max(ys) - min(ys))
