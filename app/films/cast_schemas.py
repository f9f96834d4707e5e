"""What the verbs of characters are asked with, and what they answer."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from app.core.writing import MOST_AT_ONCE
from documents.base import Reference
from documents.scenes import Share
from documents.values import Id, Label, Text

Seed = Annotated[
    int, Field(strict=True, ge=0, lt=2**53, description="Another seed makes another one.")
]
Word = Annotated[str, Field(min_length=1, max_length=255)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DesignWanted(_Body):
    """How to draw the character."""

    take: StrictBool = Field(
        False,
        description="Draw another one even if nothing has changed that decides the design. Without "
        "it the picture of before is kept then, and nothing is paid.",
    )
    seed: Seed = 0


class DesignChosen(_Body):
    """Which picture is the final design."""

    media_id: Annotated[Id, Reference("media")] = Field(
        description="One of the takes, or any picture of the project."
    )


class VoiceWanted(_Body):
    """How the character should sound. Without any wish the voice that they have is sampled."""

    voice_id: Word | None = Field(None, description="A voice of the provider.")
    characteristics: list[Label] | None = Field(
        None, max_length=50, description="What the voice is like; a voice is cast anew by it."
    )
    seed: Seed | None = None


class WorkBegun(BaseModel):
    """Work that was asked for, and how to follow it."""

    pipeline_id: Id
    task_id: Id


class RelationshipWanted(_Body):
    """What the character is to the other."""

    relationship_type: Word = Field(description="Such as `parent`: of the other one.")
    reverse_type: Word | None = Field(
        None,
        description="What the other is to the character. Without it the inverse of a known word, "
        "such as `child`, and else the same word.",
    )
    description: Text = ""


class CharactersToDelete(_Body):
    """Which characters to delete."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_AT_ONCE)]


class SceneChanged(BaseModel):
    """A scene that goes on without the character."""

    id: Id
    episode_id: Id
    scene_number: int
    title: str


class CharacterDeleted(BaseModel):
    """What is gone, and what the deletion has changed beside."""

    deleted: list[Id]

    scenes: list[SceneChanged] = Field(
        description="Those that named the character: what was said is the narrator's now, and "
        "approvals are void."
    )


class PanelCompared(BaseModel):
    """A panel that shows the character."""

    episode_id: Id
    scene_id: Id
    scene_number: int
    panel_number: int
    media_id: Id
    left: Share
    top: Share
    width: Share
    height: Share
    similarity: Share | None = Field(
        description="To the final design of today; null where that was not measured."
    )
    outlier: bool


class ConsistencyRead(BaseModel):
    """How much the character looks as designed, all over the project."""

    data: list[PanelCompared]
    next: str | None
    mean: float | None
    median: float | None
    bound: float = Field(
        description="Panels below it are outliers: 0.4, or what lies more than two robust standard "
        "deviations (1.4826 times the median absolute deviation), and 0.05 at least, below the "
        "median of four panels or more."
    )
    measured: int
    outliers: int
    panels: int
    truncated: bool = Field(description="There are more panels than were looked at.")
