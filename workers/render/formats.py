"""Frame sizes and encoder settings, decided by aspect ratio and quality tier."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

AspectRatio = Literal["16:9", "4:3", "21:9", "9:16", "1:1", "4:5"]
Quality = Literal["draft", "standard", "premium"]

SAMPLE_RATE = 48_000
AUDIO_BITRATE = "160k"
KEYFRAME_SECONDS = 2

_SHORT_SIDE: dict[Quality, int] = {"draft": 360, "standard": 720, "premium": 1080}
_ENCODER: dict[Quality, tuple[str, int]] = {
    "draft": ("superfast", 26),
    "standard": ("veryfast", 21),
    "premium": ("faster", 18),
}


class FrameFormat(BaseModel):
    """Size and rate of the picture, and how hard the encoder works.

    Width and height are even, because 4:2:0 chroma has half of each. The frame rate divides the
    sample rate, so that every whole number of frames is a whole number of samples.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(ge=16, le=7680, multiple_of=2)
    height: int = Field(ge=16, le=7680, multiple_of=2)
    fps: int = Field(default=30, ge=1, le=120)
    preset: str = Field(default="veryfast", pattern=r"^[a-z]+$")
    crf: int = Field(default=21, ge=0, le=51)

    @model_validator(mode="after")
    def _frames_are_whole_samples(self) -> Self:
        if SAMPLE_RATE % self.fps:
            raise ValueError(f"the frame rate must divide {SAMPLE_RATE}; take 24, 25, 30, 50 or 60")
        return self

    @property
    def samples_per_frame(self) -> int:
        """Sound samples (per channel) that last as long as one picture."""
        return SAMPLE_RATE // self.fps

    @property
    def resolution(self) -> str:
        """Width and height as in "1280x720"."""
        return f"{self.width}x{self.height}"


def frame_format(aspect_ratio: AspectRatio, quality: Quality = "standard") -> FrameFormat:
    """The format of a project: the quality gives the shorter side, the ratio the longer one."""
    across, down = (int(part) for part in aspect_ratio.split(":"))
    short = _SHORT_SIDE[quality]
    long = round(short * max(across, down) / min(across, down))
    preset, crf = _ENCODER[quality]
    width, height = (long, short) if across >= down else (short, long)
    return FrameFormat(width=width, height=height, preset=preset, crf=crf)
