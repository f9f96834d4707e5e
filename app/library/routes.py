"""The bytes of stored files: our stable addresses lead to links that are good for a while."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from app.core.actor import Actor, CurrentActor, ScopeMissing, demand
from app.core.bodies import StrictRoute
from app.core.errors import Invalid, NotFound, NotSignedIn, Unavailable, documented
from app.core.parts import CurrentParts, Parts
from app.core.resource import SIGNED_IN, WITH_BODY
from app.core.storage import content_disposition
from app.library.archive import zipped
from app.library.downloads import FIELDS, RANGE_HEADERS, SENT, send
from app.library.errors import RangeRefused
from app.library.resources import MEDIA
from app.library.types import may_be_shown
from app.library.uploads.intents import clean_name
from documents.base import StoredDocument, within
from documents.values import Id, Title

router = APIRouter(prefix="/media", tags=["library"], route_class=StrictRoute)
ZIP: Final = "application/zip"
ARCHIVED: Final = ("storage_key", "filename", "filesize", "created_at", "quarantine")
LINK_LIFETIME: Final = timedelta(hours=1)
REDIRECTS: Final = {
    307: {
        "description": "The file lies at `Location`, for an hour.",
        "headers": {"Location": {"schema": {"type": "string", "format": "uri"}}},
    },
    **documented(NotFound, NotSignedIn, ScopeMissing, Invalid, Unavailable),
}


class ArchiveGiven(BaseModel):
    """The files that are wanted together, and how their archive is called."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[Id], Field(min_length=1, max_length=500)]
    filename: Title = "media.zip"


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
    media = await _fetched(id, actor, parts, *FIELDS)
    shown = may_be_shown(media["mime_type"], quarantined=bool(media.get("quarantine")))
    link = parts.storage.presigned_get(
        media["storage_key"],
        filename=media["filename"] if download or not shown else None,
        content_type=media["mime_type"],
        expires=LINK_LIFETIME,
    )
    return _redirect(link)


async def read_file(
    id: Id, request: Request, actor: CurrentActor, parts: CurrentParts, download: Download = False
) -> Response:
    """The bytes themselves, through the API: for players, and where the store is out of reach.

    The `ETag` is the content's SHA-256, which never changes under one id.
    """
    media = await _fetched(id, actor, parts, *FIELDS)
    return await send(request, parts.storage, media, download=download)


for _method, _operation in (("GET", "read_media_file"), ("HEAD", "check_media_file")):
    router.add_api_route(
        "/{id}/file",
        read_file,
        methods=[_method],
        operation_id=_operation,
        summary="Read a file or a range of it",
        response_model=None,
        responses={**SENT, **documented(RangeRefused, NotFound, Invalid, *SIGNED_IN)},
        openapi_extra={"parameters": RANGE_HEADERS},
    )


@router.post(
    "/archive",
    operation_id="archive_media",
    summary="Download files as one ZIP",
    response_model=None,
    responses={
        200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}},
        **documented(NotFound, *WITH_BODY, *SIGNED_IN),
    },
)
async def archive(body: ArchiveGiven, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Up to 500 files, in this order, each under a name of its own."""
    demand(actor, "read", MEDIA.model.collection_name())
    keys = list(dict.fromkeys(body.ids))
    query = within(MEDIA.access.read(actor), {"_id": {"$in": keys}})
    rows = parts.reading[MEDIA.model.collection_name()].find(query, dict.fromkeys(ARCHIVED, 1))
    found = {row["_id"]: row async for row in rows}
    if missing := [key for key in keys if key not in found or found[key].get("quarantine")]:
        raise NotFound(f"There is no file {missing[0]}, or none that you may have.")
    headers = {"Content-Disposition": content_disposition(clean_name(body.filename))}
    chunks = zipped(parts.storage, [found[key] for key in keys])
    return StreamingResponse(chunks, media_type=ZIP, headers=headers)


@router.get(
    "/{id}/thumbnail",
    status_code=307,
    operation_id="read_media_thumbnail",
    response_model=None,
    responses=REDIRECTS,
)
async def read_thumbnail(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Where its thumbnail is."""
    key = (await _fetched(id, actor, parts, "thumbnail_key")).get("thumbnail_key")
    if key is None:
        raise NotFound("This file has no thumbnail.")
    return _redirect(parts.storage.presigned_get(key, expires=LINK_LIFETIME))


async def _fetched(id: Id, actor: Actor, parts: Parts, *names: str) -> StoredDocument:
    demand(actor, "read", MEDIA.model.collection_name())
    scope = MEDIA.access.read(actor)
    return await MEDIA.reading.fetched(parts, scope, id, dict.fromkeys(names, 1))


def _redirect(link: str) -> Response:
    return RedirectResponse(link, 307, {"Cache-Control": "no-store"})
