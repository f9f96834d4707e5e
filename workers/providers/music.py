"""The protocol of composers."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pydantic import Field

from workers.providers.base import FileResult, Provider, Request


class MusicRequest(Request):
    """Asks for `seconds` of instrumental music; `tempo` is in beats a minute."""

    prompt: str = ""
    mood: str = "calm"
    seconds: float = Field(gt=0, le=3600)
    tempo: int | None = Field(default=None, ge=30, le=240)


class MusicProvider(Provider, Protocol):
    """Composes."""

    async def compose(self, request: MusicRequest, into: Path) -> FileResult:
        """Write the piece to `into` (a sound file of whatever kind); raises `ProviderError`."""
