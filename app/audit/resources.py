"""The plain routes of the audit."""

from typing import Final

from app.audit import access
from app.core.resource import Resource
from documents.identity import AuditEntry

RESOURCES: Final = (
    Resource(
        AuditEntry,
        path="audit",
        line="audit",
        access=access.AUDIT,
        filters=("workspace_id", "subject.id", "actor.id"),
        sorts=("created_at",),
    ),
)
