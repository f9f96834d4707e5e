"""The one way to look at a file: for uploads and for what our own tasks make."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from app.core.storage import Storage
from app.library.duplicates_keys import likeness
from app.library.looking import LOOK_VERSION, PLAY_VERSION
from app.library.urls import thumbnail_url
from documents.library import Derivative, DerivativeName, TechnicalData
from documents.values import Id, now
from workers.render import probe
from workers.render.facts import Look, MadeFile
from workers.render.facts import TechnicalData as Facts

SHOWN: Final[DerivativeName] = "thumbnail_medium"
"""The thumbnail that `thumbnail_url` leads to."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file's derivatives are kept: they are its own, and go with it alone."""

    storage: Storage
    workspace_id: Id
    media_id: Id

    async def keep(self, name: DerivativeName, path: Path, made: MadeFile) -> Derivative:
        """Store one of them."""
        prefix = f"{self.workspace_id}/derivatives/{self.media_id}"
        stored = await self.storage.put_file(
            path, prefix=prefix, content_type=made.mime_type, is_new=True
        )
        return Derivative(
            name=name,
            key=stored.key,
            mime_type=made.mime_type,
            size=stored.size,
            width=made.width,
            height=made.height,
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look gave, and where it is stored."""

    facts: Facts
    prints: list[str] = field(default_factory=list)
    derivatives: list[Derivative] = field(default_factory=list)

    @property
    def technical_data(self) -> TechnicalData:
        return TechnicalData(
            duration=self.facts.duration,
            resolution=self.facts.resolution,
            fps=self.facts.fps,
            sample_rate=self.facts.sample_rate,
            bitrate=self.facts.bitrate,
            codec=self.facts.codec,
            language=self.facts.language,
            cues=self.facts.cues,
        )

    def values(self, media_id: Id) -> dict[str, Any]:
        """The fields of the media record."""
        shown = next((each for each in self.derivatives if each.name == SHOWN), None)
        facts = self.facts
        return {
            "kind": facts.kind,
            "mime_type": facts.mime_type,
            "width": facts.width,
            "height": facts.height,
            "thumbnail_key": shown.key if shown else None,
            "thumbnail_url": thumbnail_url(media_id) if shown else None,
            "derivatives": self.derivatives,
            "picture_prints": self.prints,
            "sound_print": None,
            "likeness": likeness(facts.kind, self.prints, None),
            "technical_data": self.technical_data,
            "look_version": LOOK_VERSION,
            "looked_at": now(),
            # What does not last has nothing left to be played.
            "play_version": 0 if facts.lasts else PLAY_VERSION,
            "played_at": None,
            "quarantine": None,
        }


async def see(path: Path, folder: Path, place: Place) -> Seen:
    """Look at a file and store what was made of it; `folder` is for that alone.

    Raises:
        Unreadable: it is damaged, hostile, or of no known kind.
    """
    return await kept(await probe.look(path, folder), folder, place)


async def kept(look: Look, folder: Path, place: Place) -> Seen:
    """Store what a look has made in this folder."""
    keeping = (place.keep(_name(made), folder / made.file, made) for made in look.made)
    return Seen(look.facts, look.prints, await asyncio.gather(*keeping))


def keys_of(derivatives: Iterable[Derivative]) -> set[str]:
    """The objects that these are kept in."""
    return {each.key for each in derivatives if each.key is not None}


def _name(made: MadeFile) -> DerivativeName:
    return Derivative.model_validate({"name": made.name, "mime_type": made.mime_type}).name
