"""Checking the chain of a workspace."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.audit.access import check_readable
from app.audit.schemas import ChainReport
from app.audit.verification import verify
from app.core.actor import CurrentActor, ScopeMissing, demand
from app.core.errors import Invalid, NotFound, NotSignedIn, Unavailable, documented
from documents.identity import AuditEntry
from documents.values import Id

router = APIRouter(prefix="/audit", tags=["audit"])
Workspace = Annotated[
    Id | None, Query(description="Without it: the chain of what lies in no workspace.")
]


@router.get(
    "/verify",
    operation_id="verify_audit",
    summary="Check that the audit of a workspace is whole",
    responses=documented(NotFound, NotSignedIn, ScopeMissing, Invalid, Unavailable),
)
async def verify_audit(actor: CurrentActor, workspace_id: Workspace = None) -> ChainReport:
    """Walks the chain from its first entry and compares every hash, so long chains take a while."""
    demand(actor, "read", AuditEntry.collection_name())
    check_readable(actor, workspace_id)
    return ChainReport.of(workspace_id, await verify(workspace_id))
