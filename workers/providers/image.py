"""The protocol of picture makers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Protocol

from pydantic import Field, StringConstraints

from workers.providers.base import FileResult, Frozen, Provider, Request

HexColour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


class Figure(Frozen):
    """Somebody in the picture; name, description, palette and seed fix the look everywhere."""

    name: str
    description: str = ""
    palette: tuple[HexColour, ...] = ()
    seed: int = Field(default=0, ge=0, lt=2**63)


class ImageRequest(Request):
    """Asks for one picture of `width` by `height` pixels."""

    prompt: str
    width: int = Field(default=1280, ge=16, le=4096)
    height: int = Field(default=720, ge=16, le=4096)
    location: str = ""
    time_of_day: str = "day"
    mood: str = "calm"
    palette: tuple[HexColour, ...] = ()
    figures: tuple[Figure, ...] = ()
    camera_angle: str = "wide"
    style: str = ""


class ImageProvider(Provider, Protocol):
    """Draws."""

    async def draw(self, request: ImageRequest, into: Path) -> FileResult:
        """Write the picture to `into`; raises `ProviderError`."""
