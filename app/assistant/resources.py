"""The plain routes of conversations with the assistant."""

from typing import Final

from app.assistant import access
from app.core.resource import PLAIN, Resource
from documents.assistant import Session

RESOURCES: Final = (
    Resource(
        Session,
        path="sessions",
        line="assistant",
        name="assistant_sessions",
        access=access.SESSIONS,
        filters=("session_state",),
        verbs=PLAIN,
    ),
)
