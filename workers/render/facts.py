"""What is known of a media file, as a value."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field

MediaKind = Literal["image", "video", "audio", "document"]


class TechnicalData(BaseModel):
    """Facts read from a file itself; a fact that its kind does not have is None.

    Times are seconds, rates per second, `bitrate` bits a second, `codec` that of the picture or,
    without one, of the sound.
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

    @computed_field  # type: ignore[prop-decorator]
    @property
    def resolution(self) -> str | None:
        """Width and height as in "1280x720"."""
        return f"{self.width}x{self.height}" if self.width and self.height else None
