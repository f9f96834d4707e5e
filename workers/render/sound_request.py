"""What is asked of the process that lays sounds end to end."""

from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel


class Piece(NamedTuple):
    """A segment: its picture, which tells how long it lasts, and its lossless sound."""

    video: Path
    audio: Path


class SoundRequest(BaseModel):
    """Pieces to lay end to end in `output`."""

    output: Path
    scratch: Path
    pieces: list[Piece]
