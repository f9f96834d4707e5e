"""Frame sizes and encoder settings, decided by aspect ratio and quality tier."""

from typing import Annotated, Any, Literal, Required, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from typing_extensions import TypedDict

AspectRatio = Literal["16:9", "4:3", "21:9", "9:16", "1:1", "4:5"]
Quality = Literal["draft", "standard", "premium"]

SAMPLE_RATE = 48_000
KEYFRAME_SECONDS = 2
_LARGE_PIXELS = 1920 * 1200

_SHORT_SIDE: dict[Quality, int] = {"draft": 360, "standard": 720, "premium": 1080}
_ENCODER: dict[Quality, tuple[str, int, int]] = {
    "draft": ("superfast", 26, 22),
    "standard": ("superfast", 21, 17),
    "premium": ("faster", 18, 10),
}


class FrameFormat(BaseModel):
    """Size and rate of the picture, and how hard the encoder works.

    `still_qp` is the quantizer of pictures that stand still: their one key picture is looked at
    for long, and costs its bytes only once in ten seconds.
    May also be given as the arguments of `frame_format`: `{"aspect_ratio": "9:16"}`.

    Width and height are even, because 4:2:0 chroma has half of each. The frame rate divides the
    sample rate, so that every whole number of frames is a whole number of samples.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(ge=16, le=7680, multiple_of=2)
    height: int = Field(ge=16, le=7680, multiple_of=2)
    fps: int = Field(default=30, ge=1, le=120)
    preset: str = Field(default="veryfast", pattern=r"^[a-z]+$")
    crf: int = Field(default=21, ge=0, le=51)
    still_qp: int = Field(default=17, ge=0, le=51)

    @model_validator(mode="before")
    @classmethod
    def _from_a_choice(cls, given: Any) -> Any:
        if isinstance(given, dict) and "aspect_ratio" in given:
            return _chosen(_CHOICE.validate_python(given)).model_dump()
        return given

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
    def is_large(self) -> bool:
        """Whether frames are so large (beyond 1080p) that few of them may be in memory."""
        return self.width * self.height > _LARGE_PIXELS

    @property
    def resolution(self) -> str:
        """Width and height as in "1280x720"."""
        return f"{self.width}x{self.height}"


class FrameChoice(TypedDict, total=False):
    """The arguments of `frame_format`."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    aspect_ratio: Required[AspectRatio]
    quality: Quality
    fps: int
    short_side: Annotated[int, Field(ge=16, le=4320)]


_CHOICE = TypeAdapter(FrameChoice)


def frame_format(
    aspect_ratio: AspectRatio,
    quality: Quality = "standard",
    fps: int = 30,
    short_side: int | None = None,
) -> FrameFormat:
    """The format of a project: the ratio gives the shape, the quality the shorter side and how
    hard the encoder works; `short_side` asks for another size (1080, or 2160 for 4K).
    """
    across, down = (int(part) for part in aspect_ratio.split(":"))
    short = short_side or _SHORT_SIDE[quality]
    short -= short % 2
    long = round(short * max(across, down) / min(across, down) / 2) * 2
    preset, crf, still_qp = _ENCODER[quality]
    width, height = (long, short) if across >= down else (short, long)
    return FrameFormat(
        width=width, height=height, fps=fps, preset=preset, crf=crf, still_qp=still_qp
    )


def _chosen(choice: FrameChoice) -> FrameFormat:
    return frame_format(
        choice["aspect_ratio"],
        choice.get("quality", "standard"),
        choice.get("fps", 30),
        choice.get("short_side"),
    )
