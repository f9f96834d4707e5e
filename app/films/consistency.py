"""Whether a character looks in every panel as designed: what was measured, and what stands out.

Every figure of a panel was compared with the final design when the panel was drawn. One that was
compared with an earlier design counts as not measured. An outlier is below the floor of 0.4, where
more than nine of ten other figures lie, or lies more than two robust standard deviations below the
median of the character's panels: 2 x 1.4826 x the median absolute deviation, and 0.05 at least.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

from documents.base import StoredDocument
from documents.films import Character
from documents.scenes import Scene

FLOOR: Final = 0.4
DEVIATIONS: Final = 2.0
TO_STANDARD: Final = 1.4826
"""From the median absolute deviation to the standard deviation, where values are normal."""
LEAST_GAP: Final = 0.05
FEW: Final = 4
"""With fewer panels than this nothing stands out from the others."""
MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Consistency:
    """All panels with the character, in the order of the film."""

    panels: Sequence[StoredDocument]
    mean: float | None
    median: float | None
    bound: float
    """Below it a panel is an outlier."""
    truncated: bool
    """Whether there are more panels than were looked at."""

    def outlier(self, panel: StoredDocument) -> bool:
        """Whether the panel stands out."""
        return panel["similarity"] is not None and panel["similarity"] < self.bound


async def consistency_of(character: Character) -> Consistency:
    """What was measured of the character's panels, in one query."""
    shown = {"storyboard.panels.figures.character_id": character.id}
    figure = "$storyboard.panels.figures"
    cursor = await Scene.collection().aggregate(
        [
            {"$match": {**shown, "project_id": character.project_id, "deleted_at": None}},
            {"$sort": {"episode_id": 1, "scene_number": 1, "_id": 1}},
            {"$unwind": "$storyboard.panels"},
            {"$unwind": figure},
            {
                "$match": {
                    "storyboard.panels.figures.character_id": character.id,
                    "storyboard.panels.image_id": {"$ne": None},
                }
            },
            {"$limit": MOST + 1},
            {
                "$project": {
                    "_id": 0,
                    "scene_id": "$_id",
                    "episode_id": 1,
                    "scene_number": 1,
                    "panel_number": "$storyboard.panels.panel_number",
                    "media_id": "$storyboard.panels.image_id",
                    **{name: f"{figure}.{name}" for name in ("left", "top", "width", "height")},
                    "similarity": f"{figure}.similarity",
                    "design_id": f"{figure}.design_id",
                }
            },
        ]
    )
    panels = await cursor.to_list()
    final = character.visual_design.final_design_id
    for each in panels:
        if each.pop("design_id", None) != final:
            each["similarity"] = None
    return summed_up(panels[:MOST], truncated=len(panels) > MOST)


def summed_up(panels: Sequence[StoredDocument], *, truncated: bool) -> Consistency:
    """The panels with what can be said of them together."""
    values = [each["similarity"] for each in panels if each["similarity"] is not None]
    if not values:
        return Consistency(panels, None, None, FLOOR, truncated)
    middle = median(values)
    bound = FLOOR
    if len(values) >= FEW:
        deviation = TO_STANDARD * median(abs(each - middle) for each in values)
        bound = max(FLOOR, middle - max(DEVIATIONS * deviation, LEAST_GAP))
    return Consistency(
        panels, round(fmean(values), 4), round(middle, 4), round(bound, 4), truncated
    )
