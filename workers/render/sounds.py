"""What is heard: voices, music that makes way for them, effects, and how loud the whole is."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from workers.render.values import Value


class VoiceClip(Value):
    """A piece of dialogue and when it starts."""

    path: Path
    start: float = Field(ge=0)
    gain_db: float = Field(default=0.0, ge=-60, le=20)


class SoundEffect(VoiceClip):
    """A sound at a moment; music does not make way for it."""


class MusicClip(Value):
    """Music from `start` on, for `seconds` or to the end of the timeline.

    `offset` is where in the file it begins. Where the file is shorter than that, it is looped
    with a cross-fade, or followed by silence if `loop` is off. `duck_db` comes on top of
    `gain_db` while somebody speaks. Two clips that overlap by their fades are cross-faded with
    equal power. Starts are rounded to whole AAC packets (21 ms), to less than a frame in all, so
    that a clip encoded once fits wherever it is moved to.
    """

    path: Path
    start: float = Field(default=0.0, ge=0)
    seconds: float | None = Field(default=None, gt=0)
    gain_db: float = Field(default=0.0, ge=-60, le=20)
    duck_db: float = Field(default=-9.0, ge=-60, le=0)
    offset: float = Field(default=0.0, ge=0)
    fade_in: float = Field(default=0.5, ge=0, le=30)
    fade_out: float = Field(default=1.5, ge=0, le=30)
    loop: bool = True


class Loudness(Value):
    """How loud the result is, in integrated LUFS (EBU R 128), measured first, then levelled.

    `whole` levels the finished mix by one gain. `clip` levels each music clip by itself, as an
    album wants it: to change one track then leaves the others as they are.
    """

    target_lufs: float = Field(default=-14.0, ge=-36, le=-6)
    level: Literal["whole", "clip"] = "whole"
