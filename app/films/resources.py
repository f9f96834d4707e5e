"""The plain routes of films."""

from typing import Final

from app.core.fields import Fields
from app.core.resource import PLAIN, READ_ONLY, Resource
from app.films import access, limits
from app.films.scene_writing import SceneWriting
from documents.films import Character, Episode, Project
from documents.reviews import ReviewComment, ReviewLink, ScriptVersion
from documents.scenes import Scene

SCENES: Final = Resource(
    Scene,
    path="scenes",
    line="films",
    access=access.PARTS,
    filters=("workspace_id", "project_id", "episode_id"),
    sorts=("scene_number",),
    verbs=PLAIN,
)
SCENES.writing = SceneWriting(Scene, access.PARTS, Fields(Scene), None)
RESOURCES: Final = (
    Resource(
        Project,
        path="projects",
        line="films",
        access=access.PROJECTS,
        limit=limits.PROJECTS,
        filters=("workspace_id", "status", "created_by"),
        verbs=PLAIN,
        cached=True,
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
        verbs=(*READ_ONLY, "create", "change", "bulk"),  # deletion is written by hand
        cached=True,
    ),
    SCENES,
    Resource(
        ScriptVersion,
        path="script-versions",
        line="films",
        access=access.PARTS,
        filters=("episode_id",),
        sorts=("version",),
        verbs=READ_ONLY,
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
