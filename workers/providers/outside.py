"""The services that make music and pictures elsewhere: their names, their settings, their errors.

What talks to them comes with the outside providers. Until then they are here by name, so that a
job may ask for them, and is told in one sentence why that does not go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.settings import Settings
from workers.providers.errors import ProviderError
from workers.providers.image import ImageProvider
from workers.providers.music import MusicProvider

NOT_SET_UP: Final = "provider_not_set_up"
NOT_SUPPORTED: Final = "provider_not_supported"


@dataclass(frozen=True, slots=True)
class Service:
    """A service by the settings that open it."""

    title: str
    settings: tuple[str, ...]
    """The names in `Settings` of what has to be given."""

    def missing(self, settings: Settings) -> list[str]:
        """The variables that are not set."""
        empty = [name for name in self.settings if not getattr(settings, name).get_secret_value()]
        return [f"BACKLOT_{name.upper()}" for name in empty]

    def refusal(self, settings: Settings) -> ProviderError:
        """Why the service cannot be called; asked before a call, so that none is on record."""
        if missing := self.missing(settings):
            return ProviderError(
                f"{self.title} is not set up: set {' and '.join(missing)}, "
                "or take the provider dummy.",
                code=NOT_SET_UP,
                retryable=False,
            )
        return ProviderError(
            f"This version cannot talk to {self.title} yet: take the provider dummy, "
            "or make the file there, upload it, and swap it in.",
            code=NOT_SUPPORTED,
            retryable=False,
        )


MUSIC: Final[Mapping[str, Service]] = {
    "mubert": Service("Mubert", ("mubert_company_id", "mubert_license_token")),
    "beatoven": Service("Beatoven.ai", ("beatoven_token",)),
    "elevenlabs": Service("ElevenLabs", ("elevenlabs_key",)),
}
PICTURES: Final[Mapping[str, Service]] = {
    "leonardo": Service("Leonardo.ai", ("leonardo_key",)),
    "gemini": Service("Google Gemini", ("gemini_key",)),
    "fal": Service("fal.ai", ("fal_key",)),
}


def composer(name: str, local: MusicProvider, settings: Settings) -> MusicProvider:
    """The composer of this name; `dummy` is the local one. Raises ProviderError."""
    if name == "dummy":
        return local
    raise MUSIC[name].refusal(settings)


def painter(name: str, local: ImageProvider, settings: Settings) -> ImageProvider:
    """The picture maker of this name; `dummy` is the local one. Raises ProviderError."""
    if name == "dummy":
        return local
    raise PICTURES[name].refusal(settings)
