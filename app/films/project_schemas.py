"""What the verbs of projects are asked with."""

from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.schemas import read_schema
from documents.films import Episode, EpisodeStatus, ProjectProgress, ProjectStatus
from documents.identity import Email
from documents.scenes import SceneStatus
from documents.values import Id, Title

EpisodeRead: Final[Any] = read_schema(Episode)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Collaborator(_Body):
    """Who shall work on the project: one of both is given."""

    email: Email | None = None
    user_id: Id | None = None

    @model_validator(mode="after")
    def _one_is_given(self) -> Self:
        if (self.email is None) == (self.user_id is None):
            raise ValueError("give either email or user_id")
        return self


class EpisodeOrder(_Body):
    """All episodes of the project, in the order that they shall have."""

    episode_ids: Annotated[list[Id], Field(min_length=1, max_length=50)]


class Duplicating(_Body):
    """How the copy is called; without it as the original, and that it is a copy."""

    title: Title | None = None


class EpisodesInOrder(BaseModel):
    """The episodes of a project in their order."""

    data: list[EpisodeRead]


class SceneInTree(BaseModel):
    """A scene at a glance."""

    id: Id
    scene_number: int
    title: str
    status: SceneStatus
    approved: bool
    duration: float
    panels: int
    drawn_panels: int
    lines: int
    voiced_lines: int
    thumbnail_url: str | None


class EpisodeInTree(BaseModel):
    """An episode at a glance, with its scenes in their order."""

    id: Id
    episode_number: int
    title: str
    logline: str
    status: EpisodeStatus
    approved: bool
    scene_count: int
    completed_scenes: int
    duration: float | None
    film_url: str | None
    thumbnail_url: str | None
    scenes: list[SceneInTree]


class CharacterInTree(BaseModel):
    """A character at a glance."""

    id: Id
    name: str
    has_voice: bool
    thumbnail_url: str | None


class TreeCounts(BaseModel):
    """How much of everything there is."""

    episodes: int
    scenes: int
    approved_scenes: int
    panels: int
    lines: int
    characters: int
    films: int


class ProjectTree(BaseModel):
    """A project and all that is in it, at a glance."""

    id: Id
    title: str
    status: ProjectStatus
    progress: ProjectProgress
    episode_count: int
    archived_at: datetime | None
    revision: int
    counts: TreeCounts
    episodes: list[EpisodeInTree]
    characters: list[CharacterInTree]
