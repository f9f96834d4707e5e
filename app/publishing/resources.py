"""The plain routes of publications; what leaves the house is done by services."""

from typing import Final

from app.core.access import SHARED
from app.core.resource import Resource
from documents.publishing import Publication

LINE: Final = "publishing"
RESOURCES: Final = (
    Resource(
        Publication,
        path="publications",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "status"),
    ),
)
