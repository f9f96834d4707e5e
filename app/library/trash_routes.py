"""Deleting files, bringing them back, and deleting them for good."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from starlette.background import BackgroundTask

from app.core.actor import CurrentActor
from app.core.answer import Answer, etag
from app.core.bodies import StrictRoute
from app.core.errors import InUse, Invalid, NotFound, Outdated, documented
from app.core.parts import CurrentParts
from app.core.resource import IF_MATCH, SIGNED_IN
from app.core.schemas import read_schema
from app.library import trash
from app.library.errors import NotInTrash, StillUsed
from app.library.resources import MEDIA
from documents.library import Media
from documents.values import Id

router = APIRouter(prefix="/media", tags=["library"], route_class=StrictRoute)
MOST: Final = 100
FOUND: Final = (NotFound, Invalid, *SIGNED_IN)


class TrashPage(BaseModel):
    """A page of the trash, newest first."""

    data: list[read_schema(Media)]  # type: ignore[valid-type]
    next: str | None


@router.get(
    "/trash",
    operation_id="list_media_trash",
    summary="List the trash of a workspace",
    response_model=None,
    responses={200: {"model": TrashPage}, **documented(*FOUND)},
)
async def list_trash(
    workspace_id: Id,
    actor: CurrentActor,
    parts: CurrentParts,
    after: Id | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> Response:
    """`deleted_at` says since when; 30 days later a file is purged. `after` takes `next`."""
    found = await trash.trashed(parts, actor, workspace_id, after, limit + 1)
    following = str(found[limit - 1]["_id"]) if len(found) > limit else None
    fields = MEDIA.listing.fields
    shown = [
        {**MEDIA.reading.shown(fields.picked(each)), "deleted_at": each["deleted_at"]}
        for each in found[:limit]
    ]
    return Answer({"data": shown, "next": following})


@router.delete(
    "/{id}",
    status_code=204,
    operation_id="delete_media",
    summary="Put a file into the trash",
    response_model=None,
    responses=documented(StillUsed, Outdated, *FOUND),
    openapi_extra={"parameters": [IF_MATCH]},
)
async def delete(id: Id, request: Request, actor: CurrentActor, parts: CurrentParts) -> Response:
    """It can be restored for 30 days; what is used somewhere stays, and `users` says where."""
    await trash.put_in_trash(parts, actor, id, request)
    return Response(status_code=204)


@router.post(
    "/{id}/restore",
    operation_id="restore_media",
    summary="Bring a file back from the trash",
    response_model=None,
    responses={200: {"model": read_schema(Media)}, **documented(NotInTrash, *FOUND)},
)
async def restore(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """As it was; not where its project is gone."""
    media = await trash.restore(parts, actor, id)
    shown = MEDIA.reading.shown(MEDIA.listing.fields.picked(media.stored()))
    return Answer(shown, headers={"ETag": etag(media.revision)})


@router.post(
    "/{id}/purge",
    status_code=204,
    operation_id="purge_media",
    summary="Delete a file of the trash for good",
    response_model=None,
    responses=documented(NotInTrash, InUse, *FOUND),
)
async def purge(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Nothing brings it back; its bytes do not count any more."""
    await trash.purge(parts, actor, id)
    return Response(status_code=204, background=BackgroundTask(parts.wakeups.wake))
