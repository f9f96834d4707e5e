"""What is known of a media file, as a value."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field

FRAMES_AT = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Where in a film frames are looked at, as shares of its length."""
PLAIN = "0" * 16
"""Stands for the hash of a frame that has no structure."""
MediaKind = Literal["image", "video", "audio", "document"]
Box = tuple[float, float, float, float]
"""A part of a picture: left, top, width and height as shares of its width and height."""


class TechnicalData(BaseModel):
    """Facts read from a file itself; a fact that its kind does not have is None.

    Times are seconds, rates per second, `bitrate` bits a second, `codec` that of the picture or,
    without one, of the sound. Width and height are those of the upright picture, as it is shown.
    """

    model_config = ConfigDict(frozen=True)

    kind: MediaKind
    mime_type: str
    size_bytes: int
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    fps: float | None = None
    frames: int | None = None
    bitrate: int | None = None
    audio_codec: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    language: str | None = None
    cues: int | None = None

    @property
    def lasts(self) -> bool:
        """Whether it is played rather than looked at."""
        return self.kind in ("video", "audio")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def resolution(self) -> str | None:
        """Width and height as in "1280x720"."""
        return f"{self.width}x{self.height}" if self.width and self.height else None


class MadeFile(BaseModel):
    """A small file that was made of another one; `name` says what it is for."""

    model_config = ConfigDict(frozen=True)

    name: str
    file: str
    """Its name in the folder that was given."""
    mime_type: str
    width: int | None = None
    height: int | None = None


class Look(BaseModel):
    """What one look at a file gave: its facts, its small pictures, and perceptual hashes.

    `prints` are 64 bits in hex each: of a picture one; of a film one for each of `FRAMES_AT`.
    A picture without structure, such as a plain colour, has none; nor has a film of such frames.
    """

    model_config = ConfigDict(frozen=True)

    facts: TechnicalData
    made: list[MadeFile] = []
    prints: list[str] = []
