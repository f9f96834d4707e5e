"""What the rendering processes are asked to do; each answers with facts in a JSON file."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from workers.render.formats import FrameFormat
from workers.render.pcm import Pcm
from workers.render.picture_plan import PicturePlan
from workers.render.sound_plan import MixPlan, SoundPiece, Step
from workers.render.texts import Chapter


class _Job(BaseModel):
    model_config = ConfigDict(frozen=True)

    facts: Path
    """Where to write what was found out."""


class PictureJob(_Job):
    """Draw and encode a segment."""

    kind: Literal["picture"] = "picture"
    plan: PicturePlan
    files: dict[str, Path]
    sources: dict[str, Pcm] = {}
    """The decoded sounds that bars move with."""
    output: Path
    fonts: Path | None
    settings: list[str]


class DecodeJob(_Job):
    """Decode a sound."""

    kind: Literal["decode"] = "decode"
    source: Path
    output: Path


class MeasureJob(_Job):
    """Measure how loud a stretch of a mix is, before it is levelled."""

    kind: Literal["measure"] = "measure"
    mix: MixPlan
    sources: dict[str, Pcm]
    samples: int


class SoundJob(_Job):
    """Mix and encode a piece of sound."""

    kind: Literal["sound"] = "sound"
    piece: SoundPiece
    sources: dict[str, Pcm]
    gain_db: float
    output: Path


class LosslessJob(_Job):
    """Mix a whole sound to a FLAC file."""

    kind: Literal["lossless"] = "lossless"
    mix: MixPlan
    sources: dict[str, Pcm]
    samples: int
    gain_db: float
    output: Path


class ShownSegment(BaseModel):
    """An encoded segment and how many pictures are shown of it, over and over."""

    path: Path
    frames: int


class ShapeJob(_Job):
    """Look at finished films that shall be joined."""

    kind: Literal["shape"] = "shape"
    films: list[Path]


class JoinJob(_Job):
    """Join segments and pieces to a film."""

    kind: Literal["join"] = "join"
    format: FrameFormat
    pictures: list[ShownSegment]
    sounds: list[Path]
    samples: int
    title: str
    chapters: list[Chapter]
    output: Path


Job = Annotated[
    PictureJob | DecodeJob | MeasureJob | SoundJob | LosslessJob | ShapeJob | JoinJob,
    Field(discriminator="kind"),
]


class Span(BaseModel):
    """From a frame or sample to another one."""

    start: int
    stop: int


class PictureFacts(BaseModel):
    """What was found in a segment; spans are in its frames."""

    frames: int
    black: list[Span] = []
    frozen: list[Span] = []
    command: str = ""


class DecodeFacts(BaseModel):
    """How long a sound is, and its first two and last two samples."""

    length: int
    channels: int
    start: tuple[Step, Step]
    end: tuple[Step, Step]


class SoundFacts(BaseModel):
    """How a sound is: its loudness over 400 ms every 100 ms (LUFS), its peak (as a factor), how
    many of its samples are at full scale, and where it is silent."""

    momentary: list[float] = []
    peak: float = 0.0
    clipped: int = 0
    silent: list[Span] = []
    command: str = ""


class ShapeFacts(BaseModel):
    """What films have in common, and how many frames each of them has."""

    width: int
    height: int
    fps: int
    frames: list[int]


class JoinFacts(BaseModel):
    """What the streams of a joined film say."""

    size_bytes: int
    duration: float
    frames: int
    sound_seconds: float | None
    offset_seconds: float
    tags: dict[str, str]
