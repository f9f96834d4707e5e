"""The bytes of stored files: our stable addresses lead to links that are good for a while."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from app.core.actor import Actor, CurrentActor, ScopeMissing, demand
from app.core.errors import Invalid, NotFound, NotSignedIn, Unavailable, documented
from app.core.parts import CurrentParts, Parts
from app.library.resources import MEDIA
from documents.values import Id

router = APIRouter(prefix="/media", tags=["library"])
LINK_LIFETIME: Final = timedelta(hours=1)
REDIRECTS: Final = {
    307: {
        "description": "The file lies at `Location`, for an hour.",
        "headers": {"Location": {"schema": {"type": "string", "format": "uri"}}},
    },
    **documented(NotFound, NotSignedIn, ScopeMissing, Invalid, Unavailable),
}
Download = Annotated[bool, Query(description="Let browsers save the file instead of showing it.")]


@router.get(
    "/{id}/content",
    status_code=307,
    operation_id="read_media_content",
    response_model=None,
    responses=REDIRECTS,
)
async def read_content(
    id: Id, actor: CurrentActor, parts: CurrentParts, download: Download = False
) -> Response:
    """Where the file is."""
    names = ("storage_key", "filename", "mime_type")
    key, filename, mime_type = await _named(id, actor, parts, *names)
    assert key is not None
    link = parts.storage.presigned_get(
        key,
        filename=filename if download else None,
        content_type=mime_type,
        expires=LINK_LIFETIME,
    )
    return _redirect(link)


@router.get(
    "/{id}/thumbnail",
    status_code=307,
    operation_id="read_media_thumbnail",
    response_model=None,
    responses=REDIRECTS,
)
async def read_thumbnail(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Where its thumbnail is."""
    [key] = await _named(id, actor, parts, "thumbnail_key")
    if key is None:
        raise NotFound("This file has no thumbnail.")
    return _redirect(parts.storage.presigned_get(key, expires=LINK_LIFETIME))


async def _named(id: Id, actor: Actor, parts: Parts, *names: str) -> list[str | None]:
    demand(actor, "read", MEDIA.model.collection_name())
    scope = MEDIA.access.read(actor)
    media = await MEDIA.reading.fetched(parts, scope, id, dict.fromkeys(names, 1))
    return [media.get(name) for name in names]


def _redirect(link: str) -> Response:
    return RedirectResponse(link, 307, {"Cache-Control": "no-store"})
