"""Bringing files in: straight to the store, through the API, or from an address on the web."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect

from app.core.actor import CurrentActor
from app.core.answer import Answer
from app.core.bodies import StrictRoute
from app.core.errors import Invalid, NotFound, documented
from app.core.parts import CurrentParts
from app.core.resource import SIGNED_IN, WITH_BODY
from app.core.storage import LARGEST_UPLOAD
from app.library.errors import (
    ContentDiffers,
    ContentRefused,
    QuotaReached,
    UploadIncomplete,
    UploadOver,
)
from app.library.resources import MEDIA, UPLOADS
from app.library.uploads import direct
from app.library.uploads.direct import SendLink
from app.library.uploads.imports import begin_import
from app.library.uploads.intents import begin, mine, way_of
from app.library.uploads.plans import Plan
from app.library.uploads.schemas import (
    ArrivedParts,
    ImportCreate,
    LinksGiven,
    MediaRead,
    SendLinks,
    UploadBegun,
    UploadCreate,
    UploadRead,
)
from app.library.uploads.settling import end
from app.library.uploads.streaming import take_stream
from documents.base import StoredDocument
from documents.library import Media
from documents.uploads import Upload, UploadFailure
from documents.values import Id

router = APIRouter(tags=["library"], route_class=StrictRoute)
BEGINNING: Final = (NotFound, QuotaReached, *WITH_BODY, *SIGNED_IN)
GOING_ON: Final = (NotFound, UploadOver, Invalid, *SIGNED_IN)
NOT_STORED: Final = {"Cache-Control": "no-store"}
RAW_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "/uploads",
    status_code=201,
    operation_id="create_uploads",
    summary="Begin to bring a file in",
    response_model=None,
    responses={201: {"model": UploadBegun}, **documented(*BEGINNING)},
)
async def create_upload(body: UploadCreate, actor: CurrentActor, parts: CurrentParts) -> Response:
    """States what will come; a file of up to 100 MiB is answered a link to put it to.

    A larger one goes in parts: `POST /uploads/{id}/links` gives their links, in any order, and
    `GET /uploads/{id}/parts` says what has arrived. Either way ends with `complete`.
    """
    given: Any = body
    values = given.model_dump(exclude_unset=True)
    by, size = values.pop("by", "direct"), given.filesize or 0
    upload = await begin(parts, actor, values, way_of(by, size), size=size)
    links = [direct.put_link(parts, upload)] if upload.way == "put" else []
    shown = {**_shown(upload), "links": [_link(each) for each in links]}
    return Answer(shown, 201, {**NOT_STORED, "Location": f"/api/v1/uploads/{upload.id}"})


@router.post(
    "/uploads/{id}/links",
    operation_id="create_upload_links",
    summary="Get links to send the parts of an upload to",
    response_model=None,
    responses={200: {"model": SendLinks}, **documented(UploadIncomplete, *WITH_BODY, *GOING_ON)},
)
async def create_links(
    id: Id, body: LinksGiven, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Up to 500 at once, each for one part with this SHA-256; they are good for six hours.

    Without `parts`, the link of an upload that goes in one request.
    """
    upload = await mine(actor, id)
    if upload.way == "multipart":
        checksums = {each.number: each.sha256 for each in body.parts}
        links = await direct.part_links(parts, upload, checksums)
    else:
        links = [direct.put_link(parts, upload)]
    return Answer({"data": [_link(each) for each in links]}, headers=NOT_STORED)


@router.get(
    "/uploads/{id}/parts",
    operation_id="list_upload_parts",
    summary="See which parts of an upload have arrived",
    response_model=None,
    responses={200: {"model": ArrivedParts}, **documented(*GOING_ON)},
)
async def list_parts(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Who was interrupted sends what is missing, and no more."""
    upload = await mine(actor, id)
    sent, plan = await direct.arrived(parts, upload), Plan.of(upload)
    return Answer(
        {
            "part_size": plan.part_size,
            "part_count": plan.part_count,
            "data": [{"number": each.number, "size": each.size} for each in sent],
            "missing": plan.missing(sent),
        }
    )


@router.post(
    "/uploads/{id}/complete",
    operation_id="complete_upload",
    summary="Take in what was sent",
    response_model=None,
    responses={
        200: {"model": MediaRead},
        202: {"model": UploadRead, "description": "A task checks it; see `state` and `media_id`."},
        **documented(UploadIncomplete, ContentDiffers, ContentRefused, *GOING_ON),
    },
)
async def complete(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Checks size, SHA-256 and type; said twice, it answers the same.

    What was sent in parts is put together and checked by a task (202).
    """
    upload = await mine(actor, id)
    if upload.state == "completed" and upload.media_id is not None:
        media = await Media.one_in(MEDIA.access.read(actor), upload.media_id)
        if media is not None:
            return Answer(_media(media))
    if upload.way == "multipart":
        checking = upload if upload.state == "checking" else None
        checking = checking or await direct.complete_parts(parts, upload)
        return Answer(_shown(checking), 202, background=BackgroundTask(parts.wakeups.wake))
    media = await direct.complete_put(parts, upload, actor)
    return Answer(_media(media), background=BackgroundTask(parts.wakeups.wake))


@router.put(
    "/uploads/{id}/content",
    operation_id="send_upload_content",
    summary="Send a file through the API",
    response_model=None,
    responses={
        200: {"model": MediaRead},
        **documented(UploadIncomplete, ContentDiffers, ContentRefused, *GOING_ON),
    },
    openapi_extra=RAW_BODY,
)
async def send_content(
    id: Id, request: Request, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """The bytes as they are, of an upload begun with `by: api`; up to 50 GiB.

    Where the transfer breaks off it can be sent again. A `sha256` given beforehand is checked,
    and spares the store a copy.
    """
    upload = await mine(actor, id)
    direct.check_open(upload, "stream")
    _check_length(request, upload)
    most = upload.filesize or LARGEST_UPLOAD
    try:
        media = await take_stream(parts, upload, request.stream(), most, actor)
    except ContentRefused as exc:
        await end(parts, upload, "failed", UploadFailure(code=exc.code, detail=str(exc)))
        raise
    except ClientDisconnect as exc:
        raise UploadIncomplete("The connection broke off; send the file again.") from exc
    return Answer(_media(media), background=BackgroundTask(parts.wakeups.wake))


@router.delete(
    "/uploads/{id}",
    status_code=204,
    operation_id="cancel_upload",
    summary="Give an upload up",
    response_model=None,
    responses=documented(*GOING_ON),
)
async def cancel(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """What was sent of it is removed."""
    upload = await mine(actor, id)
    if await end(parts, upload, "cancelled") is None:
        raise UploadOver(f"The upload has ended already; it is {upload.state}.")
    return Response(status_code=204, background=BackgroundTask(parts.wakeups.wake))


@router.post(
    "/media/imports",
    status_code=202,
    operation_id="import_media",
    summary="Fetch a file from an address",
    response_model=None,
    responses={202: {"model": UploadRead}, **documented(*BEGINNING)},
)
async def import_media(body: ImportCreate, actor: CurrentActor, parts: CurrentParts) -> Response:
    """A task fetches it; `GET /uploads/{id}` tells what became of it, and `media_id`."""
    given = body.model_dump(exclude_unset=True, exclude={"url"})
    upload = await begin_import(parts, actor, body.url, given)
    return Answer(_shown(upload), 202, {"Location": f"/api/v1/uploads/{upload.id}"})


def _check_length(request: Request, upload: Upload) -> None:
    """Refuse by the announced length, before a byte is read."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and upload.filesize not in (None, int(length)):
        raise ContentDiffers(f"{length} bytes come, and {upload.filesize} were announced.")


def _shown(upload: Upload) -> StoredDocument:
    return UPLOADS.reading.shown(UPLOADS.listing.fields.picked(upload.stored()))


def _media(media: Media) -> StoredDocument:
    return MEDIA.reading.shown(MEDIA.listing.fields.picked(media.stored()))


def _link(each: SendLink) -> StoredDocument:
    return {
        "method": "PUT",
        "url": each.link.url,
        "headers": dict(each.link.headers),
        "number": each.number,
        "size": each.size,
        "expires_at": each.expires_at,
    }
