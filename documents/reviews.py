"""What people write about films: versions of scripts, links for guests, and their comments."""

from typing import Annotated, ClassVar

from pydantic import Field
from pymongo import IndexModel

from documents.approval import ContentHash
from documents.base import (
    Fixed,
    Inherited,
    Record,
    Reference,
    ServerOwned,
    index,
    unique_among_living,
)
from documents.values import Count, Id, Line, Moment, Seconds, Text, Title

InProject = Annotated[
    Id, Reference("projects", on_delete="cascade"), ServerOwned(), Inherited("episode_id")
]
InWorkspace = Annotated[Id, Reference("workspaces"), ServerOwned(), Inherited("episode_id")]
OfEpisode = Annotated[Id, Reference("episodes", on_delete="cascade"), Fixed()]
OfScene = Annotated[Id | None, Reference("scenes", on_delete="cascade"), Fixed()]


class ScriptVersion(Record):
    """The script of an episode as it was once: never changed, only followed by the next."""

    project_id: InProject
    workspace_id: InWorkspace
    episode_id: OfEpisode
    created_by: Annotated[Id | None, Reference("users", on_delete="clear"), ServerOwned()] = None
    """None: it was generated."""
    version: Annotated[int, Field(ge=1)]
    content: Text
    word_count: Count = 0
    estimated_duration: Seconds = 0
    """Seconds."""
    note: Line = ""
    restored_from: Annotated[int | None, Field(ge=1)] = None
    """The version that it brought back."""

    class Settings:
        name = "script_versions"
        indexes: ClassVar[list[IndexModel]] = [
            unique_among_living("episode_id", "version"),
            index("episode_id", "-version", "_id"),
            index("project_id", "_id"),
            index("workspace_id", "_id"),
        ]


class ReviewLink(Record):
    """Lets guests without an account see an episode or one scene of it, until it expires."""

    project_id: InProject
    workspace_id: InWorkspace
    episode_id: OfEpisode
    scene_id: OfScene = None
    """None: the whole episode."""
    created_by: Annotated[Id, Reference("users"), ServerOwned()]
    name: Title
    """For whom it is."""
    expires_at: Moment
    may_comment: bool = True

    class Settings:
        name = "review_links"
        indexes: ClassVar[list[IndexModel]] = [
            index("episode_id", "_id"),
            index("scene_id"),
            index("project_id", "_id"),
            index("workspace_id", "_id"),
        ]


class ReviewComment(Record):
    """A remark: on a moment of the film, on a panel of the storyboard, or on the whole."""

    project_id: InProject
    workspace_id: InWorkspace
    episode_id: OfEpisode
    scene_id: OfScene = None
    created_by: Annotated[Id | None, Reference("users", on_delete="clear"), ServerOwned()] = None
    """None: a guest."""
    link_id: Annotated[Id | None, Reference("review_links", on_delete="clear"), ServerOwned()] = (
        None
    )
    author_name: Annotated[Title, ServerOwned()]
    text: Annotated[str, Fixed(), Field(min_length=1, max_length=10_000)]
    time_code: Annotated[Seconds | None, Fixed()] = None
    """Seconds from the start of the scene, or of the episode where there is no scene."""
    panel_number: Annotated[int | None, Field(ge=1), Fixed()] = None
    content_hash: Annotated[ContentHash, ServerOwned()]
    """The version that it is about."""
    resolved: bool = False

    class Settings:
        name = "review_comments"
        indexes: ClassVar[list[IndexModel]] = [
            index("episode_id", "_id"),
            index("scene_id", "_id"),
            index("link_id"),
            index("project_id", "_id"),
            index("workspace_id", "_id"),
        ]
