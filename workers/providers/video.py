"""The protocol of animators, who set a still picture in motion."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pydantic import Field

from workers.providers.base import FileResult, Provider, Request


class VideoRequest(Request):
    """Asks for `seconds` of film that begins with the still at `image`.

    `image_digest` (SHA-256, hex) stands for the still in the request's content.
    """

    image: Path = Field(exclude=True)
    image_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    prompt: str = ""
    seconds: float = Field(gt=0, le=600)
    motion: str = "pan"
    width: int = Field(default=1280, ge=16, le=4096)
    height: int = Field(default=720, ge=16, le=4096)
    fps: int = Field(default=25, ge=1, le=120)


class VideoProvider(Provider, Protocol):
    """Animates."""

    async def animate(self, request: VideoRequest, into: Path) -> FileResult:
        """Write the clip to `into` (MP4); raises `ProviderError`."""
