"""Passing files on to people without an account."""

from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from app.core.access import reaches
from app.core.actor import CurrentActor, demand
from app.core.answer import Answer
from app.core.bodies import StrictRoute
from app.core.errors import Invalid, NotFound, Unavailable, documented
from app.core.parts import CurrentParts
from app.core.recording import Transaction, recorded
from app.core.references import Targets, follow, look_again
from app.core.resource import SIGNED_IN, WITH_BODY
from app.core.schemas import read_schema
from app.library.downloads import FIELDS, RANGE_HEADERS, SENT, send
from app.library.errors import LinkOver, RangeRefused
from app.library.links import Links
from app.library.resources import LINKS, MEDIA
from documents.base import within
from documents.library import Media
from documents.uploads import MediaLink
from documents.values import Id, now

router = APIRouter(tags=["library"], route_class=StrictRoute)
LEAST_SECONDS: Final = 60
MOST_SECONDS: Final = 366 * 24 * 3600
WEEK_SECONDS: Final = 7 * 24 * 3600
ELSEWHERE: Final = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""Pages of others may show what they have a link to."""
LinkRead: Final[Any] = read_schema(MediaLink)
Expires = Annotated[int, Query(ge=0, le=2**40)]
Signature = Annotated[str, Query(pattern=r"^[0-9a-f]{64}$")]


class LinkCreate(BaseModel):
    """How long a link is good, and whether browsers save the file instead of showing it."""

    model_config = ConfigDict(extra="forbid")

    seconds: Annotated[int, Field(ge=LEAST_SECONDS, le=MOST_SECONDS)] = WEEK_SECONDS
    download: StrictBool = False


class LinkMade(LinkRead):  # type: ignore[misc]  # derived at run time
    """A link, and its address, which is the whole of the permission."""

    url: str


@router.post(
    "/media/{id}/links",
    status_code=201,
    operation_id="create_media_links",
    summary="Make a public link to a file",
    response_model=None,
    responses={201: {"model": LinkMade}, **documented(NotFound, *WITH_BODY, *SIGNED_IN)},
)
async def create_link(
    id: Id, body: LinkCreate, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Whoever has its address reads the file, until it expires or is deleted.

    `DELETE /media-links/{id}` revokes it.
    """
    demand(actor, "write", MediaLink.collection_name())
    media = await MEDIA.reading.fetched(parts, MEDIA.access.read(actor), id, {"filename": 1})
    given = {"media_id": id, "download": body.download, "created_by": actor.id}

    async def together(transaction: Transaction) -> tuple[MediaLink, Targets]:
        document = dict(given)
        named = await follow(MediaLink, [document], actor, session=transaction.session)
        expires = now() + timedelta(seconds=body.seconds)
        link = MediaLink.model_validate({**document, "expires_at": expires.replace(microsecond=0)})
        if not reaches(LINKS.access.create(actor), link.stored()):
            raise NotFound("There is no such file, or you may not pass it on.")
        await link.insert(session=transaction.session)
        await transaction.tell(MediaLink, None, link.stored())
        return link, named

    link, named = await recorded(parts, actor, together)
    await look_again(parts.store, named)
    shown = LINKS.reading.shown(LINKS.listing.fields.picked(link.stored()))
    address = Links.of(parts.settings).address(link, media["filename"], parts.settings.public_url)
    return Answer({**shown, "url": address}, 201, {"Cache-Control": "no-store"})


async def follow_link(
    id: Id,
    filename: str,
    request: Request,
    parts: CurrentParts,
    expires: Expires,
    save: bool,
    signature: Signature,
) -> Response:
    """For everybody who has the link; ranges and HEAD as players want them."""
    Links.of(parts.settings).check(id, expires, save, signature)
    link = await MediaLink.one_in(True, id)
    if link is None or link.expires_at <= now():
        raise LinkOver("The link was revoked; ask for a new one.")
    query = within(True, {"_id": link.media_id, "quarantine": None})
    media = await Media.collection().find_one(query, dict.fromkeys(FIELDS, 1))
    if media is None:
        raise LinkOver("The file is not there any more.")
    return await send(request, parts.storage, media, download=save, headers=ELSEWHERE)


for _method, _operation in (("GET", "follow_media_link"), ("HEAD", "check_media_link")):
    router.add_api_route(
        "/links/{id}/{filename}",
        follow_link,
        methods=[_method],
        operation_id=_operation,
        summary="Read a file by its public link",
        response_model=None,
        responses={
            **SENT,
            **documented(NotFound, LinkOver, RangeRefused, Invalid, Unavailable),
        },
        openapi_extra={"parameters": RANGE_HEADERS},
    )
