"""What is asked of the process that mixes sound."""

from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel

from workers.render.timeline import Timeline


class Piece(NamedTuple):
    """A segment: its picture, which tells how long it lasts, and its lossless sound."""

    video: Path
    audio: Path


class SoundRequest(BaseModel):
    """What to write to `output`: the mix of a timeline, or pieces end to end."""

    output: Path
    scratch: Path
    timeline: Timeline | None = None
    pieces: list[Piece] = []
