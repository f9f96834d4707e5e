"""The plain routes of the library. Files come in and go by routes of their own."""

from typing import Final

from app.core.resource import Resource
from app.library import access
from documents.library import Media
from documents.uploads import MediaLink, Upload

MEDIA: Final = Resource(
    Media,
    path="media",
    line="library",
    access=access.MEDIA,
    filters=("workspace_id", "project_id", "media_type"),
    verbs=("list", "read", "change"),
)
UPLOADS: Final = Resource(
    Upload,
    path="uploads",
    line="library",
    access=access.UPLOADS,
    filters=("workspace_id", "project_id", "state"),
)
LINKS: Final = Resource(
    MediaLink,
    path="media-links",
    line="library",
    access=access.LINKS,
    filters=("workspace_id", "project_id", "media_id"),
    verbs=("list", "read", "delete"),
)
RESOURCES: Final = (MEDIA, UPLOADS, LINKS)
