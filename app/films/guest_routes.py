"""Reviewing without an account: whoever has a link's address sees and says what it allows.

The signature in the address is the access; it is checked before anything is looked up.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from app.core.answer import Answer
from app.core.bodies import StrictRoute
from app.core.errors import Invalid, NotFound, Unavailable, WrongState, documented
from app.core.parts import CurrentParts, Parts
from app.core.resource import WITH_BODY
from app.films import comments, guests
from app.films.errors import NoComments, TooManyComments
from app.films.review_links import ReviewLinks
from app.films.review_schemas import GuestComment, GuestCommentGiven, GuestComments, Reviewed
from app.library.downloads import RANGE_HEADERS, SENT, send
from app.library.errors import LinkOver, RangeRefused
from documents.reviews import ReviewLink
from documents.values import Id

router = APIRouter(prefix="/review", tags=["reviews by guests"], route_class=StrictRoute)
FOLLOWING: Final = documented(NotFound, LinkOver, Invalid, Unavailable)
SAYING: Final = documented(
    *(NotFound, LinkOver, NoComments, WrongState, TooManyComments, Unavailable), *WITH_BODY
)
PRIVATE: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
"""The addresses in the answer are the permission: nobody passes them on unseen."""
ELSEWHERE: Final = {"Cross-Origin-Resource-Policy": "cross-origin"}
Expires = Annotated[int, Query(ge=0, le=2**40)]
Signature = Annotated[str, Query(pattern=r"^[0-9a-f]{64}$")]


@router.get(
    "/{id}",
    operation_id="read_review",
    response_model=None,
    responses={200: {"model": Reviewed}, **FOLLOWING},
)
async def read_review(
    id: Id, parts: CurrentParts, expires: Expires, signature: Signature
) -> Response:
    """What is to be reviewed: scenes with panels and dialogue, and addresses of film and pictures
    that are good as long as the link."""
    link = await _followed(parts, id, expires, signature)
    shown = await guests.reviewed(parts, link)
    return Answer(shown.model_dump(), headers=PRIVATE)


async def read_media(
    id: Id,
    media_id: Id,
    request: Request,
    parts: CurrentParts,
    expires: Expires,
    signature: Signature,
) -> Response:
    """A file of what is reviewed, as it is in use; ranges and HEAD as players want them."""
    link = await _followed(parts, id, expires, signature)
    media = await guests.media_for(link, media_id)
    if media is None:
        raise NotFound("The link shows no such file.")
    return await send(request, parts.storage, media, headers=ELSEWHERE)


for _method, _operation in (("GET", "read_review_media"), ("HEAD", "check_review_media")):
    router.add_api_route(
        "/{id}/media/{media_id}",
        read_media,
        methods=[_method],
        operation_id=_operation,
        summary="Read a file of what is reviewed",
        response_model=None,
        responses={**SENT, **FOLLOWING, **documented(RangeRefused)},
        openapi_extra={"parameters": RANGE_HEADERS},
    )


@router.get(
    "/{id}/comments",
    operation_id="list_review_comments_of_link",
    response_model=None,
    responses={200: {"model": GuestComments}, **FOLLOWING},
)
async def list_comments(
    id: Id, parts: CurrentParts, expires: Expires, signature: Signature
) -> Response:
    """What was said by this link, oldest first."""
    link = await _followed(parts, id, expires, signature)
    found = await guests.comments_of(link)
    return Answer(found.model_dump(), headers=PRIVATE)


@router.post(
    "/{id}/comments",
    status_code=201,
    operation_id="create_review_comment_of_link",
    response_model=None,
    responses={201: {"model": GuestComment}, **SAYING},
)
async def comment(
    id: Id, body: GuestCommentGiven, parts: CurrentParts, expires: Expires, signature: Signature
) -> Response:
    """Says something about a moment of the film, about a panel of a scene, or about the whole."""
    link = await _followed(parts, id, expires, signature)
    remark = comments.Remark(body.text, body.time_code, body.panel_number, body.scene_id)
    made = await comments.of_guest(parts, link, body.author_name, remark)
    return Answer(guests.guest_comment(made).model_dump(), 201, PRIVATE)


async def _followed(parts: Parts, key: Id, expires: int, signature: str) -> ReviewLink:
    return await ReviewLinks.of(parts.settings).followed(key, expires, signature)
