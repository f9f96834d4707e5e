"""The timeline: everything a render needs to know, as one value that travels as JSON.

Times are seconds. A timeline lasts a whole number of frames, and its sound exactly as many
samples as those frames: nothing drifts when segments are joined.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workers.render.formats import FrameFormat

MotionName = Literal["still", "zoom_in", "zoom_out", "pan_left", "pan_right", "pan_up", "pan_down"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Box(_Value):
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


class Motion(_Value):
    """A slow move over a still, from one box to another.

    The renderer takes the largest part of each box that has the frame's aspect ratio, centred.
    """

    start: Box = Box()
    end: Box = Box()
    easing: Literal["linear", "smooth"] = "smooth"

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


class Shot(_Value):
    """A still shown for some seconds, counted from its start to the start of the next shot.

    With a `crossfade`, the shot before goes on moving beneath while this one appears.
    """

    image: Path
    seconds: float = Field(gt=0, le=4 * 3600)
    motion: Motion = Motion()
    crossfade: float = Field(default=0.0, ge=0, le=10)


class VoiceClip(_Value):
    """A piece of dialogue and when it starts."""

    path: Path
    start: float = Field(ge=0)
    gain_db: float = Field(default=0.0, ge=-60, le=20)


class MusicBed(_Value):
    """Music under the whole timeline; looped with a cross-fade where it is too short.

    `offset` is where in the music the timeline begins, so that the segments of a film can share
    one piece without a seam. `duck_db` comes on top of `gain_db` while somebody speaks.
    """

    path: Path
    gain_db: float = Field(default=-14.0, ge=-60, le=20)
    duck_db: float = Field(default=-9.0, ge=-60, le=0)
    offset: float = Field(default=0.0, ge=0)
    fade_in: float = Field(default=0.5, ge=0, le=30)
    fade_out: float = Field(default=1.5, ge=0, le=30)


class Word(_Value):
    """A spoken word and when it is heard."""

    text: str = Field(max_length=500)
    start: float = Field(ge=0)
    end: float = Field(ge=0)


class Caption(_Value):
    """Text shown for a while; line breaks are newlines. `words` time it word by word."""

    start: float = Field(ge=0)
    end: float
    text: str = Field(min_length=1, max_length=1000)
    words: tuple[Word, ...] = ()

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.end <= self.start:
            raise ValueError("a caption ends after it starts")
        return self


class Timeline(_Value):
    """One segment of a film, usually a scene: shots in order, sound and captions over them."""

    format: FrameFormat
    shots: tuple[Shot, ...] = Field(min_length=1, max_length=2000)
    voices: tuple[VoiceClip, ...] = ()
    music: MusicBed | None = None
    captions: tuple[Caption, ...] = ()
    fade_in: float = Field(default=0.0, ge=0, le=30)
    fade_out: float = Field(default=0.0, ge=0, le=30)

    @property
    def cuts(self) -> tuple[int, ...]:
        """The frame at which each shot starts, and the number of frames as the last entry.

        Rounded from the running total, so that rounding never adds up; every shot has a frame.
        """
        cuts, elapsed = [0], 0.0
        for shot in self.shots:
            elapsed += shot.seconds
            cuts.append(max(round(elapsed * self.format.fps), cuts[-1] + 1))
        return tuple(cuts)

    @property
    def frames(self) -> int:
        """How many pictures the timeline lasts."""
        return self.cuts[-1]

    @property
    def samples(self) -> int:
        """How many sound samples (per channel) the timeline lasts."""
        return self.frames * self.format.samples_per_frame

    @property
    def duration(self) -> float:
        """Seconds, exactly as long as the frames last."""
        return self.frames / self.format.fps
