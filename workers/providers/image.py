"""The protocol of picture makers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import Field, StringConstraints

from workers.providers.base import FileResult, Frozen, Provider, Request

HexColour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


class Figure(Frozen):
    """Somebody in the picture; name, description, palette and seed fix the look everywhere."""

    name: str
    description: str = ""
    palette: tuple[HexColour, ...] = ()
    seed: int = Field(default=0, ge=0, lt=2**63)


class Reference(Frozen):
    """A picture that the new one takes after: in its style, or in how somebody looks.

    The file at `path` stands for the picture; `sha256` is what the picture is known by.
    """

    role: Literal["style", "character"]
    path: Path = Field(exclude=True)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    figure: str = ""
    """The name of whom it shows."""


class PlacedFigure(Frozen):
    """Somebody in the finished picture and where they are, in shares of its width and height."""

    name: str
    left: float = Field(ge=0, le=1)
    top: float = Field(ge=0, le=1)
    width: float = Field(ge=0, le=1)
    height: float = Field(ge=0, le=1)


class ImageResult(FileResult):
    """A picture, and who is where in it, as far as the provider knows."""

    figures: tuple[PlacedFigure, ...] = ()


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
    references: tuple[Reference, ...] = ()
    camera_angle: str = "wide"
    style: str = ""


class ImageProvider(Provider, Protocol):
    """Draws."""

    async def draw(self, request: ImageRequest, into: Path) -> ImageResult:
        """Write the picture to `into`; raises `ProviderError`."""
