"""Pictures that new ones take after, as files for the provider, and how characters are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from app.library.looking import LOOK_VERSION
from documents.films import Character
from documents.library import DerivativeName, Media
from documents.production import PromptExecution
from documents.values import Id
from workers.jobs.films.subjects import seed_for
from workers.providers.errors import ProviderError
from workers.providers.image import Figure, PlacedFigure, Reference
from workers.render.facts import Box
from workers.runtime.context import Context

USED: Final[DerivativeName] = "thumbnail_large"
"""What is given to a provider: a picture that we have made ourselves, not somebody's file."""
COMPARED: Final[DerivativeName] = "thumbnail_medium"
"""What somebody's likeness is told by: what larger ones say differs by 0.005 (mean of 80)."""
WHOLE: Final[Box] = (0.0, 0.0, 1.0, 1.0)


@dataclass(slots=True)
class References:
    """The references of one picture."""

    context: Context
    found: list[Reference] = field(default_factory=list)
    used: list[Id] = field(default_factory=list)
    """The media behind them."""

    async def add(
        self, keys: Sequence[Id], role: Literal["style", "character"], figure: str = ""
    ) -> None:
        """Take these pictures, too. What is gone or cannot be shown is left out.

        Raises ProviderError for what nobody has looked at yet: another try finds it looked at.
        """
        if not keys:
            return
        query = {"_id": {"$in": [*keys]}, "workspace_id": self.context.workspace_id}
        media = {each.id: each for each in await Media.all_in(True, query)}
        for key in dict.fromkeys(keys):
            if key in media:
                await self.take(media[key], role, figure)

    async def take(
        self, media: Media, role: Literal["style", "character"], figure: str = ""
    ) -> None:
        """Take this one, too, as `add` does."""
        if path := await fetched(self.context, media):
            self.found.append(Reference(role=role, path=path, sha256=media.sha256, figure=figure))
            self.used.append(media.id)


async def fetched(context: Context, media: Media, name: DerivativeName = USED) -> Path | None:
    """A small copy of the picture in the task's folder; None where there is none.

    Raises ProviderError where nobody has looked at the file yet.
    """
    if media.quarantine is not None or media.kind != "image":
        return None
    used = next((each for each in media.derivatives if each.name == name), None)
    if used is None or used.key is None:
        if media.look_version < LOOK_VERSION:
            raise ProviderError(
                f"The reference {media.filename} has not been looked at yet.",
                code="not_looked_at",
                retryable=True,
            )
        return None
    path = context.folder / f"{name}-{media.id}.webp"
    if not path.exists():
        await context.resources.pictures.fetch(used.key, path, used.size or None)
    return path


def figure_of(character: Character, design: Media | None = None) -> Figure:
    """The character as an image provider has to draw them, the same in every picture.

    The seed is that of their final design, so that everybody looks as they were chosen to.
    """
    profile = character.profile
    made = design.generation_metadata if design else None
    seed = made.seed if made and design and design.media_type == "character_design" else None
    words = [character.description, profile.age, profile.gender]
    return Figure(
        name=character.name,
        description=", ".join(each for each in words if each),
        palette=tuple(character.visual_design.color_palette),
        seed=seed_for(0, character.name) if seed is None else seed,
    )


async def placed_in(media: Media, name: str) -> Box:
    """Where somebody is in a picture, as its provider said; the whole of it where nobody did."""
    made = media.generation_metadata
    key = made.execution_id if made else None
    execution = None if key is None else await PromptExecution.one_in(True, key)
    kept = (execution.output_raw or {}).get("figures", []) if execution else []
    figures = [PlacedFigure.model_validate(each) for each in kept]
    return next((box_of(each) for each in figures if each.name == name), WHOLE)


def box_of(figure: PlacedFigure) -> Box:
    """Its part of the picture."""
    return figure.left, figure.top, figure.width, figure.height
