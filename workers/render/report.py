"""What a render tells afterwards, kept with its file."""

from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

FindingCode = Literal[
    "black", "frozen", "silent", "clipped", "loudness", "length", "streams", "offset", "tags"
]


class RenderProgress(NamedTuple):
    """How far a render has come, from 0 to 1, and how long the rest will probably take."""

    fraction: float
    seconds_left: float | None
    step: str


class Finding(BaseModel):
    """Something about a render that a person should look at; times are seconds of the film."""

    model_config = ConfigDict(frozen=True)

    code: FindingCode
    start: float
    end: float
    message: str


class RenderReport(BaseModel):
    """What was made, how, and what the check of its quality found.

    `commands` are the ffmpeg commands that ran, as a shell would take them, inputs named as they
    were in the render's folder. `encoded` and `reused` count distinct segments of picture and
    sound. `loudness_lufs` and `peak_db` are None without sound.
    """

    model_config = ConfigDict(frozen=True)

    duration: float
    frames: int
    resolution: str
    fps: int
    size_bytes: int
    encoder: str
    encoder_reason: str | None = None
    encoded: int
    reused: int
    commands: tuple[str, ...]
    seconds: float
    loudness_lufs: float | None = None
    peak_db: float | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the check found nothing to look at."""
        return not self.findings

    def shown(self) -> dict[str, Any]:
        """As it is kept beside the file; the commands are long, and have a field of their own."""
        return {**self.model_dump(mode="json", exclude={"commands"}), "ok": self.ok}
