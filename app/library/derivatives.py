"""What is shown in a file's place: its thumbnails, poster, preview and waveform."""

from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from app.core.actor import CurrentActor, demand
from app.core.errors import NotFound
from app.core.parts import CurrentParts
from app.library.resources import MEDIA
from app.library.routes import LINK_LIFETIME, REDIRECTS
from documents.library import DerivativeName, Media
from documents.values import Id

router = APIRouter(prefix="/media", tags=["library"])
FIELDS: Final = {"derivatives": 1}


@router.get(
    "/{id}/derivatives/{name}",
    status_code=307,
    operation_id="read_media_derivative",
    response_model=None,
    responses=REDIRECTS,
)
async def read_derivative(
    id: Id, name: DerivativeName, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Where one of the things is that were made of the file.

    Thumbnails, poster and waveform are WebP, the preview is an MP4 of six seconds without sound,
    and the peaks are JSON as BBC's audiowaveform writes it. Which of them there are says the
    record's `derivatives`.
    """
    demand(actor, "read", Media.collection_name())
    media = await MEDIA.reading.fetched(parts, MEDIA.access.read(actor), id, FIELDS)
    for each in media.get("derivatives") or ():
        if each["name"] == name and each.get("key"):
            link = parts.storage.presigned_get(
                each["key"], content_type=each["mime_type"], expires=LINK_LIFETIME
            )
            return RedirectResponse(link, 307, {"Cache-Control": "no-store"})
    raise NotFound(f"This file has no {name.replace('_', ' ')}.")
