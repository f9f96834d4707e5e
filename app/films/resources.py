"""The plain routes of films."""

from typing import Final

from app.core.resource import PLAIN, Resource
from app.films import access, limits
from documents.films import Character, Episode, Project
from documents.reviews import ReviewComment, ReviewLink
from documents.scenes import Scene

RESOURCES: Final = (
    Resource(
        Project,
        path="projects",
        line="films",
        access=access.PROJECTS,
        limit=limits.PROJECTS,
        filters=("workspace_id", "status", "created_by"),
        verbs=PLAIN,
    ),
    Resource(
        Episode,
        path="episodes",
        line="films",
        access=access.PARTS,
        filters=("workspace_id", "project_id"),
        sorts=("episode_number",),
        limit=limits.EPISODES,
        verbs=PLAIN,
    ),
    Resource(
        Character,
        path="characters",
        line="films",
        access=access.PARTS,
        filters=("workspace_id",),
        verbs=PLAIN,
    ),
    Resource(
        Scene,
        path="scenes",
        line="films",
        access=access.PARTS,
        filters=("workspace_id", "project_id", "episode_id"),
        sorts=("scene_number",),
        verbs=PLAIN,
    ),
    Resource(
        ReviewLink,
        path="review-links",
        line="films",
        access=access.LINKS,
        filters=("workspace_id", "project_id", "episode_id"),
        verbs=("list", "read", "delete"),
    ),
    Resource(
        ReviewComment,
        path="review-comments",
        line="films",
        access=access.PARTS,
        filters=("workspace_id", "project_id", "episode_id", "scene_id"),
        verbs=("list", "read", "change", "delete"),
    ),
)
