"""The plain routes of ad sessions and their material."""

from typing import Final

from app.core.access import SHARED
from app.core.resource import PLAIN, Resource
from documents.ads import AdAsset, AdSession

LINE: Final = "ads"
RESOURCES: Final = (
    Resource(
        AdSession,
        path="ad-sessions",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "status", "product_category"),
        sorts=("created_at", "updated_at"),
        verbs=PLAIN,
    ),
    Resource(
        AdAsset,
        path="assets",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "session_id", "type", "status", "source"),
        sorts=("created_at",),
    ),
)
