"""Who is where in a panel, and how much they look as they were designed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from documents.films import Character
from documents.library import Media
from documents.scenes import PanelFigure
from documents.values import Id
from workers.jobs.films.references import COMPARED, box_of, fetched, placed_in
from workers.providers.image import ImageResult
from workers.render import own, probe
from workers.render.errors import Unreadable
from workers.render.facts import Box
from workers.runtime.calls import Made
from workers.runtime.context import Context


@dataclass(frozen=True, slots=True)
class Model:
    """Somebody's final design, to compare others with."""

    media_id: Id
    path: Path
    box: Box

    async def like(self, picture: Path, box: Box, *, ours: bool = False) -> float | None:
        """How much who is in this part of a picture looks like it; None where it can't be told,
        because there is too little to be seen. What is `ours` is opened by the crew, as it may."""
        likeness = own.likeness if ours else probe.likeness
        try:
            alike = await likeness(picture, box, self.path, self.box)
        except Unreadable:
            return None
        return round(alike, 4)


async def model_of(context: Context, character: Character, design: Media | None) -> Model | None:
    """The character's final design, if there is one that can be looked at. Raises ProviderError
    where nobody has looked at it yet."""
    if design is None or (path := await fetched(context, design, COMPARED)) is None:
        return None
    return Model(design.id, path, await placed_in(design, character.name))


async def designs_of(cast: Sequence[Character]) -> dict[Id, Media]:
    """The final designs of these characters, by character."""
    chosen = ((each.id, each.visual_design.final_design_id) for each in cast)
    keys = {who: key for who, key in chosen if key is not None}
    if not keys:
        return {}
    inside = {"workspace_id": cast[0].workspace_id}
    found = await Media.all_in(True, {"_id": {"$in": [*keys.values()]}, **inside})
    media = {each.id: each for each in found}
    return {who: media[key] for who, key in keys.items() if key in media}


async def figures_in(
    context: Context,
    made: Made,
    cast: Sequence[Character],
    designs: Mapping[Id, Media],
) -> list[PanelFigure]:
    """The characters that the provider has placed in the picture, which is taken in: it is compared
    as it will be later, by its thumbnail."""
    left = list(cast)
    figures = []
    result: ImageResult = made.result
    picture = own.thumbnail_of(result.path, COMPARED)
    for placed in result.figures:
        character = next((each for each in left if each.name == placed.name), None)
        if character is None:
            continue
        left.remove(character)
        model = await model_of(context, character, designs.get(character.id))
        box = box_of(placed)
        figures.append(
            PanelFigure(
                character_id=character.id,
                **placed.model_dump(exclude={"name"}),
                similarity=await model.like(picture, box, ours=made.ours) if model else None,
                design_id=model.media_id if model else None,
            )
        )
    return figures
