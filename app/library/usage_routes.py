"""Showing what a workspace has used of what it may use."""

from datetime import datetime
from typing import Final

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app.core.access import EVERY_MEMBER, workspace_of
from app.core.actor import CurrentActor, demand
from app.core.answer import Answer
from app.core.errors import Invalid, NotFound, documented
from app.core.parts import CurrentParts
from app.core.resource import SIGNED_IN
from app.library import quotas
from app.library.usage import this_month
from documents.identity import Tier, Workspace
from documents.values import Id

router = APIRouter(tags=["library"])
READERS: Final = workspace_of(*EVERY_MEMBER)


class Used(BaseModel):
    """One thing that is counted."""

    own: int
    """By this workspace."""
    together: int
    """By all workspaces that count for the same owner: this is what the limit is about."""
    limit: int | None
    """Null is no limit."""


class UsageRead(BaseModel):
    """What a workspace has used, and what its owner's tier allows."""

    tier: Tier
    bytes: Used
    """Of stored files, the same content once, with the trash and uploads under way."""
    minutes: Used
    """Length of sound and video."""
    calls: Used
    """Calls of models in `month`."""
    month: str
    counted_at: datetime | None


@router.get(
    "/workspaces/{id}/usage",
    operation_id="read_workspace_usage",
    summary="See what a workspace has used",
    response_model=None,
    responses={200: {"model": UsageRead}, **documented(NotFound, Invalid, *SIGNED_IN)},
)
async def read_usage(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """At most a minute old; beyond a limit, what would use more is refused (`quota_reached`)."""
    demand(actor, "read", Workspace.collection_name())
    scope = READERS(actor)
    if scope is False or await Workspace.one_in(scope, id) is None:
        raise NotFound("There is no such workspace, or none that you are a member of.")
    state = await quotas.standing(id, parts.settings)
    month, own, together, quota = this_month(), state.own, state.together, state.quota
    return Answer(
        {
            "tier": state.tier,
            "bytes": {
                "own": own.stored_bytes + own.reserved_bytes,
                "together": together.bytes,
                "limit": quota.bytes,
            },
            "minutes": {
                "own": int(own.seconds // 60),
                "together": together.minutes,
                "limit": quota.minutes,
            },
            "calls": {
                "own": own.calls if own.month == month else 0,
                "together": together.calls,
                "limit": quota.calls,
            },
            "month": month,
            "counted_at": own.counted_at,
        }
    )
