"""What live views are told about: the watched collections, and what of their records is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from app.core.access import ACCESS, EVERY_MEMBER, Rule, in_workspace_of
from documents.ads import AdSession
from documents.base import Record
from documents.campaigns import StoryCampaign, VideoCampaign
from documents.channels import VideoJob
from documents.films import Episode, Project
from documents.identity import ApiKey, LoginSession, User, Workspace
from documents.ledger import GenerationCost
from documents.library import Media
from documents.production import Pipeline, Task
from documents.publishing import Publication
from documents.reviews import ReviewComment
from documents.scenes import Scene
from documents.values import Id

Topic: TypeAlias = tuple[str, Id]
"""A record that can be followed: its collection and its id."""

PARENTS: Final[Mapping[str, str]] = {
    "workspace_id": "workspaces",
    "project_id": "projects",
    "pipeline_id": "pipelines",
    "session_id": "ad_sessions",
    "video_campaign_id": "video_campaigns",
    "story_campaign_id": "story_campaigns",
    "task_id": "tasks",
    "episode_id": "episodes",
    "scene_id": "scenes",
}
"""The fields by which a record names what it belongs to. They hold for the record's life."""

FOLLOWED: Final = frozenset(
    {
        "tasks",
        "pipelines",
        "projects",
        "video_campaigns",
        "story_campaigns",
        "ad_sessions",
        "workspaces",
    }
)
"""The collections whose records can be subscribed to."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What of one collection is told."""

    model: type[Record]
    noun: str
    """Begins the type of its events: `task.updated`."""
    fields: tuple[str, ...] = ()
    """The top-level fields that are shown; none: the collection only decides who sees what."""
    progress: frozenset[str] = frozenset()
    """Those that only say how far something is: of several such changes the last one tells all,
    since an event that changes nothing else carries all of these fields."""
    lists: frozenset[str] = frozenset()
    """Those that are lists: always told whole."""
    access: frozenset[str] = frozenset()
    """Fields, shown or not, that decide who sees the record and what belongs to it."""
    deletions: bool = True
    """Whether a record that is gone was deleted: tasks go into the archive, and rows of the ledger
    only with their workspace. The store keeps pre-images of the others, see `documents.schema`."""

    @property
    def kept(self) -> frozenset[str]:
        """Fields whose whole value has to be known to tell a change of a part of it."""
        return self.progress | self.lists


ALL: Final = (
    Watched(
        Task,
        "task",
        (
            "kind",
            "task_type",
            "queue",
            "status",
            "priority",
            "optional",
            "hold",
            "progress",
            "error",
            "cancel_requested_at",
            "completed_at",
        ),
        progress=frozenset({"progress"}),
        deletions=False,
    ),
    Watched(Pipeline, "pipeline", ("kind", "subject", "task_count", "hold")),
    Watched(
        Project,
        "project",
        ("title", "status", "episode_count", "progress", "archived_at"),
        progress=frozenset({"progress"}),
        access=frozenset({"collaborator_ids", "created_by", "workspace_id", "deleted_at"}),
    ),
    Watched(
        Episode,
        "episode",
        ("title", "episode_number", "status", "production", "metadata", "approval"),
        progress=frozenset({"production"}),
    ),
    Watched(Scene, "scene", ("title", "scene_number", "production", "approval")),
    Watched(
        ReviewComment,
        "review_comment",
        (
            "episode_id",
            "scene_id",
            "author_name",
            "text",
            "time_code",
            "panel_number",
            "resolved",
        ),
        deletions=False,
    ),
    Watched(
        Media,
        "media",
        (
            "filename",
            "mime_type",
            "filesize",
            "kind",
            "media_type",
            "status",
            "width",
            "height",
            "url",
            "thumbnail_url",
        ),
    ),
    Watched(
        GenerationCost,
        "cost",
        ("category", "state", "amount", "estimated_amount", "reserved_amount", "currency", "basis"),
        deletions=False,
    ),
    Watched(VideoCampaign, "video_campaign", ("name", "status", "hold", "item_statuses")),
    Watched(StoryCampaign, "story_campaign", ("name", "status", "hold", "item_statuses")),
    Watched(
        AdSession,
        "ad_session",
        (
            "status",
            "current_stage",
            "progress_percentage",
            "hold",
            "generated_image_ids",
            "approved_image_ids",
            "generated_clip_ids",
            "approved_clip_ids",
            "final_video_id",
            "total_cost",
            "estimated_cost",
            "error_message",
            "completed_at",
        ),
        progress=frozenset({"progress_percentage", "total_cost", "estimated_cost"}),
        lists=frozenset(
            {
                "generated_image_ids",
                "approved_image_ids",
                "generated_clip_ids",
                "approved_clip_ids",
            }
        ),
    ),
    Watched(
        Publication,
        "publication",
        (
            "platform",
            "publisher",
            "status",
            "attempts",
            "scheduled_at",
            "published_at",
            "platform_url",
            "error",
        ),
    ),
    Watched(
        VideoJob,
        "video_job",
        ("niche_label", "status", "hold", "media_id", "scheduled_time", "error_message"),
    ),
    Watched(Workspace, "workspace", ("name",), access=frozenset({"members", "deleted_at"})),
    Watched(User, "user", access=frozenset({"role", "deleted_at"})),
    Watched(LoginSession, "login_session", access=frozenset({"revoked_at", "deleted_at"})),
    Watched(ApiKey, "api_key", access=frozenset({"revoked_at", "scopes", "deleted_at"})),
)
WATCHED: Final[Mapping[str, Watched]] = {each.model.collection_name(): each for each in ALL}

_MEMBERS: Final = in_workspace_of(*EVERY_MEMBER)


def read_rule(collection: str) -> Rule:
    """Who sees records of the collection: its own rule, else every member of the workspace."""
    access = ACCESS.get(collection)
    return access.read if access else _MEMBERS
