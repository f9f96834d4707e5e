"""What is seen: stills that may move slowly, clips with their trim, and how one follows another."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from workers.render.values import Value

MotionName = Literal["still", "zoom_in", "zoom_out", "pan_left", "pan_right", "pan_up", "pan_down"]
TransitionKind = Literal["cut", "fade", "crossfade", "slide", "zoom", "whip_pan"]
Direction = Literal["left", "right", "up", "down"]
Corner = Literal["top_left", "top_right", "bottom_left", "bottom_right"]

LONGEST_SHOT = 4 * 3600


class Box(Value):
    """A part of a picture, its edges as fractions of the picture's width and height."""

    left: float = Field(default=0.0, ge=0, le=1)
    top: float = Field(default=0.0, ge=0, le=1)
    right: float = Field(default=1.0, ge=0, le=1)
    bottom: float = Field(default=1.0, ge=0, le=1)

    @model_validator(mode="after")
    def _has_an_area(self) -> Self:
        if self.right - self.left < 0.02 or self.bottom - self.top < 0.02:
            raise ValueError("a box is at least 2 % of the picture wide and high")
        return self

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom."""
        return self.left, self.top, self.right, self.bottom


class Motion(Value):
    """A slow move over a still, from one box to another.

    The renderer takes the largest part of each box that has the frame's aspect ratio, centred.
    """

    start: Box = Box()
    end: Box = Box()
    easing: Literal["linear", "smooth"] = "smooth"

    @property
    def moves(self) -> bool:
        """Whether anything changes from one frame to the next."""
        return self.start != self.end

    @classmethod
    def named(cls, name: MotionName) -> Self:
        """One of the usual moves, about a tenth of the picture long."""
        full, near = Box(), Box(left=0.06, top=0.06, right=0.94, bottom=0.94)
        sides: dict[MotionName, tuple[Box, Box]] = {
            "still": (full, full),
            "zoom_in": (full, near),
            "zoom_out": (near, full),
            "pan_left": (
                Box(left=0.12, top=0.06, bottom=0.94),
                Box(right=0.88, top=0.06, bottom=0.94),
            ),
            "pan_right": (
                Box(right=0.88, top=0.06, bottom=0.94),
                Box(left=0.12, top=0.06, bottom=0.94),
            ),
            "pan_up": (
                Box(left=0.06, right=0.94, top=0.12),
                Box(left=0.06, right=0.94, bottom=0.88),
            ),
            "pan_down": (
                Box(left=0.06, right=0.94, bottom=0.88),
                Box(left=0.06, right=0.94, top=0.12),
            ),
        }
        start, end = sides[name]
        return cls(start=start, end=end)


class Transition(Value):
    """How a shot comes in; the shot before goes on beneath it meanwhile.

    `fade` goes through black, `slide` pushes the old picture out towards `direction`, `zoom`
    flies into the new one, `whip_pan` is a slide in a blur. A `cut` takes no time.
    """

    kind: TransitionKind = "cut"
    seconds: float = Field(default=0.0, ge=0, le=10)
    direction: Direction = "left"

    @model_validator(mode="after")
    def _takes_its_time(self) -> Self:
        if self.kind == "cut" and self.seconds:
            raise ValueError("a cut takes no time; give 0 seconds or another kind")
        if self.kind != "cut" and not self.seconds:
            raise ValueError(f"a {self.kind} takes time; give its seconds")
        return self


class _Shot(Value):
    seconds: float = Field(gt=0, le=LONGEST_SHOT)
    """From the start of this shot to the start of the next."""
    transition: Transition = Transition()
    """How it follows the shot before; the first shot has none to follow."""


class Still(_Shot):
    """A picture shown for some seconds; it fills the frame, cut to its aspect ratio."""

    kind: Literal["still"] = "still"
    image: Path
    motion: Motion = Motion()


class Clip(_Shot):
    """A part of a film; where the film ends earlier, its last frame stays.

    `begin` is where in the film the shot begins. Its own sound is heard where `audible`.
    """

    kind: Literal["clip"] = "clip"
    video: Path
    begin: float = Field(default=0.0, ge=0)
    audible: bool = True
    gain_db: float = Field(default=0.0, ge=-60, le=20)


Shot = Annotated[Still | Clip, Field(discriminator="kind")]


class Bars(Value):
    """Bars at the foot of the picture that rise and fall with the sound, from low notes to high.

    They change `a_second` times in a second, rather than with every picture: while nothing else
    moves, only those pictures are drawn.
    """

    count: int = Field(default=48, ge=4, le=200)
    height: float = Field(default=0.12, gt=0, le=0.5)
    """Of the highest, as a share of the frame's height."""
    opacity: float = Field(default=0.6, gt=0, le=1)
    a_second: float = Field(default=5.0, ge=1, le=60)


class Logo(Value):
    """A picture in a corner over everything, within the safe area; transparency is kept."""

    image: Path
    corner: Corner = "top_right"
    width: float = Field(default=0.12, gt=0, le=1)
    """As a share of the frame's width."""
    opacity: float = Field(default=1.0, gt=0, le=1)
