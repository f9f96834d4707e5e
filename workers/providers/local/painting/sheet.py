"""The sheet of pixels: shapes with soft edges, and colours that run down a shape or the whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from blend2d import CompOp, Context, Image, Path

from workers.providers.local.painting.colour import Colour, Grade, graded
from workers.providers.local.painting.geometry import Point, smooth, span, unit_circle
from workers.providers.local.painting.lights import Glow, Levels, lit

_THINNEST = 0.5
"""No line is thinner, in pixels."""
_GAP = 0.2
"""A gap of so many pixels on the outer side of a bend is left as it is."""
_OPAQUE = 255


class Sheet:
    """A picture's pixels. Places and lengths are in pixels, from the upper left corner.

    Colours are given as they are in white light, and painted in the light of the `grade`.
    """

    def __init__(self, width: int, height: int, grade: Grade) -> None:
        self.width = width
        self.height = height
        self._grade = grade
        self._image = Image(width, height)
        # The array says nothing to the image's memory: it lives as long as the image.
        pixels = self._image.asarray()
        self._levels: Levels = pixels.reshape(height, width * 4)
        self._words = pixels.view(np.uint32)[..., 0]
        self._context = Context(self._image)
        self._dip((0, 0, 0), _OPAQUE)
        self._context.fill_all()

    def fill(self, points: Sequence[Point], colour: Colour, alpha: int = _OPAQUE) -> None:
        """Fill a shape."""
        self._dip(colour, alpha)
        self._context.fill_path(_path(points))

    def blob(self, points: Sequence[Point], colour: Colour, alpha: int = _OPAQUE) -> None:
        """Fill a shape with a smooth outline through the points."""
        steps = min(12, 6 + int(span(points) / 60))
        self.fill(smooth(points, steps), colour, alpha)

    def ellipse(
        self,
        centre: Point,
        axes: tuple[Point, Point],
        colour: Colour,
        alpha: int = _OPAQUE,
    ) -> None:
        """Fill an ellipse, given by its half axes."""
        x, y = centre
        (ax, ay), (bx, by) = axes
        wide, tall = abs(ax) + abs(bx), abs(ay) + abs(by)
        if not (-wide < x < self.width + wide and -tall < y < self.height + tall):
            return
        self._dip(colour, alpha)
        if wide == tall and not ay and not bx:
            self._context.fill_circle(x, y, wide)
            return
        self._context.save()
        self._context.translate(x, y)
        self._context.fill_path(_ellipse_path(axes))
        self._context.restore()

    def line(
        self,
        points: Sequence[Point],
        width: float,
        colour: Colour,
        alpha: int = _OPAQUE,
        *,
        round_ends: bool = False,
    ) -> None:
        """Draw a line with round bends."""
        self._dip(colour, alpha)
        self._context.fill_path(_line_path(points, max(_THINNEST, width) / 2, round_ends))

    def shade(self, points: Sequence[Point], top: Colour, bottom: Colour) -> None:
        """Fill a shape with a colour that runs from its highest to its lowest point."""
        xs, ys = [x for x, _ in points], [y for _, y in points]
        low, high = min(ys), max(ys)
        left, right = max(0, math.floor(min(xs))), min(self.width, math.ceil(max(xs)))
        upper, lower = max(0, math.floor(low)), min(self.height, math.ceil(high))
        if right <= left or lower <= upper:
            return
        # A hole is cut with soft edges, and the run of colours is laid behind it.
        self._context.set_comp_op(CompOp.SRC_COPY)
        self._context.set_fill_style_rgba(0, 0, 0, 0)
        self._context.fill_path(_path(points))
        self._context.set_comp_op(CompOp.SRC_OVER)
        run = _run(graded(top, self._grade), graded(bottom, self._grade), low, high, upper, lower)
        _lay_behind(self._words[upper:lower, left:right], run)

    def fill_rows(self, colours: Levels) -> None:
        """Give each row a colour; `colours` has the shape (height, 3)."""
        share = np.asarray(self._grade)
        column = np.full((self.height, 4), _OPAQUE, dtype=np.uint8)
        column[:, :3] = np.minimum(np.round(colours * share), 255)
        self._words[:] = column.view(np.uint32)

    def shine(self, glows: Sequence[Glow]) -> None:
        """Let lights shine on what is painted so far."""
        seen = [replace(glow, colour=graded(glow.colour, self._grade)) for glow in glows]
        for rows, levels in lit(self._levels, seen):
            np.copyto(self._levels[rows], levels, casting="unsafe")
            self._words[rows] |= _OPAQUE << 24

    @property
    def levels(self) -> Levels:
        """The pixels in the shape (height, 4 * width), red, green, blue and 255 for each.

        They are there only as long as the sheet is.
        """
        return self._levels

    def _dip(self, colour: Colour, alpha: int) -> None:
        red, green, blue = graded(colour, self._grade)
        # Blend2D's memory has blue first: with these two exchanged it has red first, as JPEG has.
        self._context.set_fill_style_rgba(blue, green, red, alpha)


def _path(points: Sequence[Point]) -> Path:
    path = Path()
    path.move_to(*points[0])
    add = path.line_to
    for x, y in points[1:]:
        add(x, y)
    return path


@lru_cache(maxsize=256)
def _ellipse_path(axes: tuple[Point, Point]) -> Path:
    """Around the origin; the same leaf, petal or stone is often drawn many times."""
    (ax, ay), (bx, by) = axes
    longest = max(abs(ax) + abs(bx), abs(ay) + abs(by))
    circle = unit_circle(6 + int(6 * math.sqrt(longest)))
    return _path([(ax * c + bx * s, ay * c + by * s) for c, s in circle])


def _line_path(points: Sequence[Point], half: float, round_ends: bool) -> Path:
    """A quad for each stretch and a wedge for each bend, all turned the same way: filled at once
    they are one shape."""
    path = Path()
    before: Point | None = None
    along: Point = (0.0, 0.0)
    for (ax, ay), (bx, by) in pairwise(points):
        length = math.hypot(bx - ax, by - ay)
        if not length:
            continue
        along = ((bx - ax) / length, (by - ay) / length)
        nx, ny = -along[1] * half, along[0] * half
        path.move_to(ax - nx, ay - ny)
        path.line_to(bx - nx, by - ny)
        path.line_to(bx + nx, by + ny)
        path.line_to(ax + nx, ay + ny)
        if before:
            _add_bend(path, (ax, ay), before, along, half)
        elif round_ends:
            _add_wedge(path, (ax, ay), half, math.atan2(ny, nx), math.pi)
        before = along
    if before and round_ends:
        _add_wedge(path, points[-1], half, math.atan2(-along[0], along[1]), math.pi)
    return path


def _add_bend(path: Path, at: Point, before: Point, after: Point, half: float) -> None:
    cross = before[0] * after[1] - before[1] * after[0]
    dot = before[0] * after[0] + before[1] * after[1]
    if dot > 0 and half * abs(cross) < _GAP:
        return
    # The gap is on the side that the line turns away from.
    x, y = (before[1], -before[0]) if cross > 0 else (-after[1], after[0])
    _add_wedge(path, at, half, math.atan2(y, x), abs(math.atan2(cross, dot)))


def _add_wedge(path: Path, centre: Point, radius: float, start: float, sweep: float) -> None:
    x, y = centre
    path.move_to(x, y)
    steps = 1 + int(sweep * math.sqrt(radius))
    for step in range(steps + 1):
        angle = start + sweep * step / steps
        path.line_to(x + radius * math.cos(angle), y + radius * math.sin(angle))


def _run(
    top: Colour, bottom: Colour, low: float, high: float, first: int, last: int
) -> npt.NDArray[np.uint32]:
    """The pixels of a column of rows while the colour goes from `top` at `low` to `bottom`."""
    share = np.clip((np.arange(first, last) + 0.5 - low) / max(1.0, high - low), 0, 1)[:, None]
    start, end = np.asarray((*top, _OPAQUE)), np.asarray((*bottom, _OPAQUE))
    return _words(np.round(start + (end - start) * share).astype(np.uint8))


def _lay_behind(pixels: npt.NDArray[np.uint32], run: npt.NDArray[np.uint32]) -> None:
    """Put the run of colours, one for each row, behind pixels that are wholly or partly holes."""
    painted = np.flatnonzero(pixels.max(axis=1))
    first, last = (int(painted[0]), int(painted[-1]) + 1) if painted.size else (0, 0)
    pixels[:first], pixels[last:] = run[:first, None], run[last:, None]
    pixels, run = pixels[first:last], run[first:last]
    np.copyto(pixels, run[:, None], where=pixels == 0)
    # Flat, for NumPy finds the few set flags of one row far faster than those of many.
    rows, columns = divmod(np.flatnonzero(pixels < _OPAQUE << 24), pixels.shape[1])
    edge = pixels[rows, columns].view(np.uint8).reshape(-1, 4)
    behind = run[rows].view(np.uint8).reshape(-1, 4)
    gap = 255 - edge[:, 3:].astype(np.uint16)
    mixed = edge + (behind * gap + 127) // 255
    mixed[:, 3] = _OPAQUE
    pixels[rows, columns] = _words(np.minimum(mixed, 255).astype(np.uint8))


def _words(colours: Levels) -> npt.NDArray[np.uint32]:
    """Colours of four bytes as one number each."""
    words: npt.NDArray[np.uint32] = colours.view(np.uint32)
    return words[:, 0]
