"""The timeline: everything a render needs to know, as one value that travels as JSON.

Times are seconds. A timeline lasts a whole number of frames, and its sound exactly as many
samples as those frames: nothing drifts when segments are joined.
"""

from pathlib import Path
from typing import Any, Self

from pydantic import Field

from workers.render.formats import FrameFormat
from workers.render.shots import (
    Bars,
    Box,
    Clip,
    Logo,
    Motion,
    MotionName,
    Shot,
    Still,
    Transition,
)
from workers.render.sounds import Loudness, MusicClip, SoundEffect, VoiceClip
from workers.render.texts import Caption, CaptionStyle, Chapter, TextOverlay, Word
from workers.render.values import Value

__all__ = [
    "Bars",
    "Box",
    "Caption",
    "CaptionStyle",
    "Chapter",
    "Clip",
    "Logo",
    "Loudness",
    "Motion",
    "MotionName",
    "MusicClip",
    "Shot",
    "SoundEffect",
    "Still",
    "TextOverlay",
    "Timeline",
    "Transition",
    "VoiceClip",
    "Word",
]


class Timeline(Value):
    """A film: shots in order, sound, captions and texts over them.

    `format` is a `FrameFormat`, or in JSON also the choice of one:
    `{"aspect_ratio": "9:16", "quality": "standard", "fps": 30}`.
    `loudness` is null where the sound's level shall stay as it is.
    """

    format: FrameFormat
    shots: tuple[Shot, ...] = Field(min_length=1, max_length=2000)
    voices: tuple[VoiceClip, ...] = Field(default=(), max_length=2000)
    music: tuple[MusicClip, ...] = Field(default=(), max_length=500)
    effects: tuple[SoundEffect, ...] = Field(default=(), max_length=2000)
    loudness: Loudness | None = Loudness()
    captions: tuple[Caption, ...] = Field(default=(), max_length=20_000)
    caption_style: CaptionStyle = CaptionStyle()
    texts: tuple[TextOverlay, ...] = Field(default=(), max_length=2000)
    logo: Logo | None = None
    bars: Bars | None = None
    chapters: tuple[Chapter, ...] = Field(default=(), max_length=500)
    title: str = Field(default="", max_length=500)
    fade_in: float = Field(default=0.0, ge=0, le=30)
    fade_out: float = Field(default=0.0, ge=0, le=30)

    def below(self, folder: Path) -> Self:
        """The same timeline with its relative paths counted from a folder."""

        def moved(value: Any) -> Any:
            if isinstance(value, Path):
                return folder / value
            if isinstance(value, Value):
                fields = {name: moved(getattr(value, name)) for name in type(value).model_fields}
                return value.model_copy(update=fields)
            return tuple(map(moved, value)) if isinstance(value, tuple) else value

        result: Self = moved(self)
        return result

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

    @property
    def audible(self) -> bool:
        """Whether there is anything to hear."""
        clips = any(isinstance(shot, Clip) and shot.audible for shot in self.shots)
        return bool(self.voices or self.music or self.effects or clips)
