"""The plain routes of the library. Files come in by uploads and tasks, not by these."""

from typing import Final

from app.core.resource import Resource
from app.library import access
from documents.library import Media

MEDIA: Final = Resource(
    Media,
    path="media",
    line="library",
    access=access.MEDIA,
    filters=("workspace_id", "project_id", "media_type"),
    verbs=("list", "read", "change", "delete"),
)
RESOURCES: Final = (MEDIA,)
