"""The protocol of speakers."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pydantic import Field

from workers.providers.base import FileResult, Frozen, Provider, Request


class VoiceRequest(Request):
    """Asks for `text` to be spoken; `speed` 1.0 is the voice's own pace.

    `characteristics` say in words what the voice is like, such as `deep` or `slow`.
    """

    text: str
    voice_id: str
    emotion: str = "neutral"
    characteristics: tuple[str, ...] = ()
    language: str = "und"
    speed: float = Field(default=1.0, ge=0.5, le=2.0)


class Word(Frozen):
    """One spoken word with its place in the file, in seconds."""

    text: str
    start: float
    end: float


class SpeechResult(FileResult):
    """A sound file with the time of every word."""

    duration: float
    words: tuple[Word, ...]


class VoiceProvider(Provider, Protocol):
    """Speaks."""

    def voice_for(self, name: str, gender: str | None, seed: int) -> str:
        """The voice that suits somebody; the same person always gets the same voice."""

    async def knows(self, voice_id: str) -> bool:
        """Whether there is this voice; raises `ProviderError`."""

    async def speak(self, request: VoiceRequest, into: Path) -> SpeechResult:
        """Write the speech to `into`; raises `ProviderError`."""
