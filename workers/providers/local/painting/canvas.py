"""The canvas: shapes in a world of its own units, seen through a camera, drawn at twice the size.

The world is 9 units high, x = 0 in its middle, y downwards; feet stand at about y = 8.
Depth 1 is where the figures stand; things at a smaller depth follow the camera less.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from workers.providers.local.painting.colour import Colour

Point = tuple[float, float]

WORLD_HEIGHT = 9.0
SUPERSAMPLING = 2
_LIGHT_REDUCTION = 8


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the picture looks: the centre of the frame, how near, how far the horizon drops."""

    x: float = 0.0
    y: float = WORLD_HEIGHT / 2
    zoom: float = 1.0
    drop: float = 0.0


@dataclass(frozen=True, slots=True)
class Glow:
    """A soft light added at the end: place and radius in pixels of the finished picture."""

    x: float
    y: float
    radius: float
    colour: Colour
    strength: float


def smooth(points: Sequence[Point], steps: int = 6) -> list[Point]:
    """A closed Catmull-Rom curve through the points."""
    count = len(points)
    curve: list[Point] = []
    for index in range(count):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = (
            points[(index + offset) % count] for offset in (-1, 0, 1, 2)
        )
        for step in range(steps):
            t = step / steps
            curve.append((_spline(ax, bx, cx, dx, t), _spline(ay, by, cy, dy, t)))
    return curve


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )


def oval(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> list[Point]:
    """An ellipse as points; `turn` is in degrees."""
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    points = []
    for step in range(40):
        angle = math.tau * step / 40
        px, py = rx * math.cos(angle), ry * math.sin(angle)
        points.append((x + px * cosine - py * sine, y + px * sine + py * cosine))
    return points


@dataclass(slots=True)
class Canvas:
    """A picture in the making."""

    width: int
    height: int
    camera: Camera
    image: Image.Image = field(init=False)
    glows: list[Glow] = field(default_factory=list)
    _draw: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        size = (self.width * SUPERSAMPLING, self.height * SUPERSAMPLING)
        self.image = Image.new("RGB", size)
        self._draw = ImageDraw.Draw(self.image, "RGBA")

    @property
    def half_width(self) -> float:
        """Half the width of the world that an unmoved camera sees."""
        return WORLD_HEIGHT * self.width / self.height / 2

    def scale(self, depth: float) -> float:
        """Canvas pixels a world unit at this depth."""
        zoom = 1 + (self.camera.zoom - 1) * (0.3 + 0.7 * depth)
        return self.height * SUPERSAMPLING / WORLD_HEIGHT * zoom

    def place(self, point: Point, depth: float) -> Point:
        """World to canvas."""
        scale = self.scale(depth)
        follow = 0.3 + 0.7 * depth
        eye_x = self.camera.x * follow
        eye_y = WORLD_HEIGHT / 2 + (self.camera.y - WORLD_HEIGHT / 2) * follow
        drop = self.camera.drop * (1 - depth)
        return (
            self.width * SUPERSAMPLING / 2 + (point[0] - eye_x) * scale,
            self.height * SUPERSAMPLING / 2 + (point[1] + drop - eye_y) * scale,
        )

    def polygon(
        self, points: Sequence[Point], colour: Colour, depth: float = 1.0, alpha: int = 255
    ) -> None:
        """A filled shape."""
        placed = [self.place(point, depth) for point in points]
        self._draw.polygon(placed, fill=(*colour, alpha))

    def blob(
        self, points: Sequence[Point], colour: Colour, depth: float = 1.0, alpha: int = 255
    ) -> None:
        """A filled shape with a smooth outline."""
        self.polygon(smooth(points), colour, depth, alpha)

    def oval(
        self,
        centre: Point,
        radii: Point,
        colour: Colour,
        depth: float = 1.0,
        alpha: int = 255,
    ) -> None:
        """A filled upright ellipse."""
        left, top = self.place((centre[0] - radii[0], centre[1] - radii[1]), depth)
        right, bottom = self.place((centre[0] + radii[0], centre[1] + radii[1]), depth)
        self._draw.ellipse((left, top, right, bottom), fill=(*colour, alpha))

    def stroke(
        self,
        points: Sequence[Point],
        width: float,
        colour: Colour,
        depth: float = 1.0,
        alpha: int = 255,
    ) -> None:
        """A line of a width in world units."""
        placed = [self.place(point, depth) for point in points]
        pixels = max(1, round(width * self.scale(depth)))
        self._draw.line(placed, fill=(*colour, alpha), width=pixels, joint="curve")

    def shaded(
        self, points: Sequence[Point], top: Colour, bottom: Colour, depth: float = 1.0
    ) -> None:
        """A filled shape whose colour runs from its highest to its lowest point."""
        placed = [self.place(point, depth) for point in points]
        low = min(y for _, y in placed)
        high = max(y for _, y in placed)
        left = max(0, math.floor(min(x for x, _ in placed)))
        right = min(self.image.width, math.ceil(max(x for x, _ in placed)))
        upper, lower = max(0, math.floor(low)), min(self.image.height, math.ceil(high))
        if right <= left or lower <= upper:
            return
        mask = Image.new("L", (right - left, lower - upper))
        ImageDraw.Draw(mask).polygon([(x - left, y - upper) for x, y in placed], fill=255)
        column = Image.linear_gradient("L").resize((1, max(1, round(high - low))))
        column = column.crop((0, round(upper - low), 1, round(upper - low) + mask.height))
        ramp = Image.composite(
            Image.new("RGB", column.size, bottom), Image.new("RGB", column.size, top), column
        )
        wide = ramp.resize(mask.size, Image.Resampling.NEAREST)
        self.image.paste(wide, (left, upper), mask)

    def sky(self, colours: Sequence[Colour], horizon: float, depth: float = 0.0) -> None:
        """Fill the canvas with a run of colours down to the horizon."""
        _, end = self.place((0, horizon), depth)
        steps = max(2, len(colours))
        column = Image.new("RGB", (1, steps))
        for index, colour in enumerate(colours):
            column.putpixel((0, index), colour)
        tall = max(2, min(self.image.height, round(end)))
        stretched = column.resize((1, tall), Image.Resampling.BICUBIC)
        whole = Image.new("RGB", (1, self.image.height), colours[-1])
        whole.paste(stretched, (0, 0))
        self.image.paste(whole.resize(self.image.size, Image.Resampling.NEAREST))

    def glow(
        self, centre: Point, radius: float, colour: Colour, strength: float, depth: float = 1.0
    ) -> None:
        """Leave a light for the finish."""
        x, y = self.place(centre, depth)
        pixels = radius * self.scale(depth) / SUPERSAMPLING
        self.glows.append(Glow(x / SUPERSAMPLING, y / SUPERSAMPLING, pixels, colour, strength))

    def share_of(self, first: Point, second: Point) -> tuple[float, float, float, float] | None:
        """What is seen of a box of the world where the figures stand: its left, top, width and
        height as shares of the picture. None where nothing of it is."""
        size = (self.image.width, self.image.height)
        corners = [self.place(first, 1.0), self.place(second, 1.0)]
        spans = []
        for axis, length in enumerate(size):
            low, high = sorted(min(max(each[axis] / length, 0.0), 1.0) for each in corners)
            if high <= low:
                return None
            spans.append((low, high - low))
        (left, width), (top, height) = spans
        return left, top, width, height

    def shine(self) -> None:
        """Let the lights left so far shine on what is painted so far, not on what follows."""
        if self.glows:
            light = light_map(self.glows, self.width, self.height)
            self.glows.clear()
            lit = light.getbbox()
            if lit is None:
                return
            across = self.image.width / light.width
            down = self.image.height / light.height
            left, top, right, bottom = lit
            box = (
                *(math.floor(left * across), math.floor(top * down)),
                *(math.ceil(right * across), math.ceil(bottom * down)),
            )
            size = (box[2] - box[0], box[3] - box[1])
            shares = (box[0] / across, box[1] / down, box[2] / across, box[3] / down)
            broad = light.resize(size, Image.Resampling.BILINEAR, box=shares)
            self.image.paste(ImageChops.screen(self.image.crop(box), broad), box)


def light_map(glows: Sequence[Glow], width: int, height: int) -> Image.Image:
    """The sum of the lights, at an eighth of the picture's size."""
    columns, rows = max(2, width // _LIGHT_REDUCTION), max(2, height // _LIGHT_REDUCTION)
    xs = (np.arange(columns, dtype=np.float32) + 0.5) * (width / columns)
    ys = ((np.arange(rows, dtype=np.float32) + 0.5) * (height / rows))[:, None]
    total = np.zeros((rows, columns, 3), dtype=np.float32)
    for glow in glows:
        distance = ((xs - glow.x) ** 2 + (ys - glow.y) ** 2) / max(1.0, glow.radius) ** 2
        fall = np.exp(-3.2 * distance)[..., None] * glow.strength
        total += fall * np.asarray(glow.colour, dtype=np.float32)
    return Image.fromarray(np.clip(total, 0, 235).astype(np.uint8))


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws in local units around a spot of the world: x to the right (or left, mirrored)."""

    canvas: Canvas
    x: float
    y: float
    size: float = 1.0
    mirrored: bool = False
    depth: float = 1.0

    def world(self, points: Sequence[Point]) -> list[Point]:
        """Local points as world points."""
        across = -self.size if self.mirrored else self.size
        return [(self.x + px * across, self.y + py * self.size) for px, py in points]

    def blob(self, points: Sequence[Point], colour: Colour, alpha: int = 255) -> None:
        """A smooth shape through local points."""
        self.canvas.blob(self.world(points), colour, self.depth, alpha)

    def polygon(self, points: Sequence[Point], colour: Colour, alpha: int = 255) -> None:
        """A shape with corners."""
        self.canvas.polygon(self.world(points), colour, self.depth, alpha)

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
        self.canvas.polygon(self.world(oval(x, y, rx, ry, turn)), colour, self.depth, alpha)

    def stroke(
        self, points: Sequence[Point], width: float, colour: Colour, alpha: int = 255
    ) -> None:
        """A line with round ends."""
        placed = self.world(points)
        self.canvas.stroke(placed, width * self.size, colour, self.depth, alpha)
        if alpha == 255:
            radius = width * self.size / 2
            for end in (placed[0], placed[-1]):
                self.canvas.oval(end, (radius, radius), colour, self.depth)

    def shaded(self, points: Sequence[Point], top: Colour, bottom: Colour) -> None:
        """A shape whose colour runs downwards."""
        self.canvas.shaded(self.world(points), top, bottom, self.depth)
