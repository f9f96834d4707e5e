"""The pen: shapes in units of their own, around a spot of the canvas's world."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from workers.providers.local.painting.canvas import Canvas
from workers.providers.local.painting.colour import Colour
from workers.providers.local.painting.geometry import Placement, Point


@dataclass(slots=True)
class Pen:
    """Draws in local units around a spot of the world: x to the right (or left, mirrored).

    A tilted pen's paper is turned by degrees about a point of its own.
    """

    canvas: Canvas
    x: float
    y: float
    size: float = 1.0
    mirrored: bool = False
    depth: float = 1.0
    tilt: float = 0.0
    about: Point = (0.0, 0.0)
    _placement: Placement = field(init=False)
    _scale: float = field(init=False)

    def __post_init__(self) -> None:
        world = self.canvas.placement(self.depth)
        self._scale = down = world.right[0] * self.size
        across = -down if self.mirrored else down
        (x, y), spot = self.about, world.point((self.x, self.y))
        if not self.tilt:
            self._placement = Placement(spot, (across, 0.0), (0.0, down))
            return
        cosine, sine = math.cos(math.radians(self.tilt)), math.sin(math.radians(self.tilt))
        moved = (x - x * cosine + y * sine, y - x * sine - y * cosine)
        self._placement = Placement(
            (spot[0] + moved[0] * across, spot[1] + moved[1] * down),
            (cosine * across, sine * down),
            (-sine * across, cosine * down),
        )

    def tilted(self, degrees: float, about: Point) -> Pen:
        """The same pen with its paper turned about a local point."""
        return replace(self, tilt=degrees, about=about)

    def blob(self, points: Sequence[Point], colour: Colour, alpha: int = 255) -> None:
        """A smooth shape through local points."""
        self.canvas.sheet.blob(self._placement.points(points), colour, alpha)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """A shape with corners."""
        self.canvas.sheet.fill(self._placement.points(points), colour)

    def oval(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        colour: Colour,
        turn: float = 0.0,
        alpha: int = 255,
    ) -> None:
        """An ellipse, turned by degrees."""
        place = self._placement
        self.canvas.sheet.ellipse(place.point((x, y)), place.axes((rx, ry), turn), colour, alpha)

    def stroke(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """A line with round ends."""
        placed = self._placement.points(points)
        self.canvas.sheet.line(placed, width * self._scale, colour, round_ends=True)

    def shaded(self, points: Sequence[Point], top: Colour, bottom: Colour) -> None:
        """A shape whose colour runs downwards."""
        self.canvas.sheet.shade(self._placement.points(points), top, bottom)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """A light at a local point; the radius is in units of the world."""
        across = -self.size if self.mirrored else self.size
        centre = (self.x + x * across, self.y + y * self.size)
        self.canvas.glow(centre, radius, colour, strength, self.depth)
