"""`POST /media/search`."""

from typing import Final

from fastapi import APIRouter, Response

from app.core.actor import CurrentActor
from app.core.answer import Answer
from app.core.bodies import StrictRoute
from app.core.errors import BadQuery, NotFound, documented
from app.core.parts import CurrentParts
from app.core.resource import SIGNED_IN, WITH_BODY
from app.library.search.schemas import SearchAnswer, SearchMedia
from app.library.search.service import NotEmbedded, search

router = APIRouter(prefix="/media", tags=["library"], route_class=StrictRoute)
EXAMPLE: Final = {
    "text": "a fox at the edge of a forest, early morning",
    "filters": {"kind": ["image"], "tags": ["approved"]},
    "facets": ["kind", "tags"],
    "limit": 20,
}


@router.post(
    "/search",
    operation_id="search_media",
    summary="Search media by meaning and by words",
    response_model=None,
    responses={
        200: {"model": SearchAnswer},
        **documented(BadQuery, NotFound, NotEmbedded, *WITH_BODY, *SIGNED_IN),
    },
    openapi_extra={"requestBody": {"content": {"application/json": {"example": EXAMPLE}}}},
)
async def search_media(body: SearchMedia, actor: CurrentActor, parts: CurrentParts) -> Response:
    """The best first, by text, by a file ("more like this") or by a vector.

    Filters and what you may see narrow the search itself: nothing is found and then withheld.
    `next` leads on through the ranking of the first page: files added meanwhile neither repeat nor
    hide what was there. A new file is found within a second of being embedded.
    """
    return Answer(await search(body, actor, parts))
