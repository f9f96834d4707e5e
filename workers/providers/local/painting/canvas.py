"""The canvas: shapes in a world of its own units, seen through a camera.

The world is 9 units high, x = 0 in its middle, y downwards; feet stand at about y = 8.
Depth 1 is where the figures stand; things at a smaller depth follow the camera less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from workers.providers.local.painting.colour import Colour, Grade
from workers.providers.local.painting.geometry import Placement, Point
from workers.providers.local.painting.lights import Glow
from workers.providers.local.painting.sheet import Sheet

WORLD_HEIGHT = 9.0


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the picture looks: the centre of the frame, how near, how far the horizon drops."""

    x: float = 0.0
    y: float = WORLD_HEIGHT / 2
    zoom: float = 1.0
    drop: float = 0.0


@dataclass(slots=True)
class Canvas:
    """A picture in the making, painted in the light of the grade."""

    width: int
    height: int
    camera: Camera
    grade: Grade
    sheet: Sheet = field(init=False)
    glows: list[Glow] = field(default_factory=list)
    """The lights that the finish adds."""
    _placements: dict[float, Placement] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sheet = Sheet(self.width, self.height, self.grade)

    @property
    def half_width(self) -> float:
        """Half the width of the world that an unmoved camera sees."""
        return WORLD_HEIGHT * self.width / self.height / 2

    def placement(self, depth: float) -> Placement:
        """How the world at this depth lies on the picture."""
        known = self._placements.get(depth)
        if known is None:
            known = self._placements[depth] = self._placed(depth)
        return known

    def _placed(self, depth: float) -> Placement:
        follow = 0.3 + 0.7 * depth
        scale = self.height / WORLD_HEIGHT * (1 + (self.camera.zoom - 1) * follow)
        eye_x = self.camera.x * follow
        eye_y = WORLD_HEIGHT / 2 + (self.camera.y - WORLD_HEIGHT / 2) * follow
        drop = self.camera.drop * (1 - depth)
        origin = (self.width / 2 - eye_x * scale, self.height / 2 + (drop - eye_y) * scale)
        return Placement(origin, (scale, 0.0), (0.0, scale))

    def polygon(
        self, points: Sequence[Point], colour: Colour, depth: float = 1.0, alpha: int = 255
    ) -> None:
        """A filled shape."""
        self.sheet.fill(self.placement(depth).points(points), colour, alpha)

    def blob(self, points: Sequence[Point], colour: Colour, depth: float = 1.0) -> None:
        """A filled shape with a smooth outline."""
        self.sheet.blob(self.placement(depth).points(points), colour)

    def oval(
        self,
        centre: Point,
        radii: Point,
        colour: Colour,
        depth: float = 1.0,
        alpha: int = 255,
    ) -> None:
        """A filled upright ellipse."""
        placement = self.placement(depth)
        self.sheet.ellipse(placement.point(centre), placement.axes(radii), colour, alpha)

    def stroke(
        self,
        points: Sequence[Point],
        width: float,
        colour: Colour,
        depth: float = 1.0,
        alpha: int = 255,
    ) -> None:
        """A line of a width in world units."""
        placement = self.placement(depth)
        pixels = width * placement.right[0]
        self.sheet.line(placement.points(points), pixels, colour, alpha)

    def shaded(
        self, points: Sequence[Point], top: Colour, bottom: Colour, depth: float = 1.0
    ) -> None:
        """A filled shape whose colour runs from its highest to its lowest point."""
        self.sheet.shade(self.placement(depth).points(points), top, bottom)

    def sky(self, colours: Sequence[Colour], horizon: float, depth: float = 0.0) -> None:
        """Fill the canvas with a run of colours down to the horizon."""
        _, end = self.placement(depth).point((0, horizon))
        steps = np.asarray([colours], dtype=np.uint8).swapaxes(0, 1)
        tall = max(2, min(self.height, round(end)))
        rows = np.empty((self.height, 3), dtype=np.uint8)
        rows[:tall] = np.asarray(
            Image.fromarray(steps).resize((1, tall), Image.Resampling.BICUBIC)
        )[:, 0]
        rows[tall:] = colours[-1]
        self.sheet.fill_rows(rows)

    def glow(
        self, centre: Point, radius: float, colour: Colour, strength: float, depth: float = 1.0
    ) -> None:
        """Leave a light for the finish."""
        placement = self.placement(depth)
        x, y = placement.point(centre)
        self.glows.append(Glow(x, y, radius * placement.right[0], colour, strength))

    def shine(self) -> None:
        """Let the lights left so far shine on what is painted so far, not on what follows."""
        self.sheet.shine(self.glows)
        self.glows.clear()

    def share_of(self, first: Point, second: Point) -> tuple[float, float, float, float] | None:
        """What is seen of a box of the world where the figures stand: its left, top, width and
        height as shares of the picture. None where nothing of it is."""
        corners = self.placement(1.0).points((first, second))
        spans = []
        for axis, length in enumerate((self.width, self.height)):
            low, high = sorted(min(max(each[axis] / length, 0.0), 1.0) for each in corners)
            if high <= low:
                return None
            spans.append((low, high - low))
        (left, width), (top, height) = spans
        return left, top, width, height
