"""`GET /media/{id}/lineage`, `GET /media/{id}/stale` and `POST /media/{id}/refresh`."""

from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Query

from app.core.actor import Actor, CurrentActor, demand
from app.core.bodies import StrictRoute
from app.core.errors import BadQuery, Invalid, NotFound, documented
from app.core.parts import CurrentParts, Parts
from app.core.resource import SIGNED_IN, WITH_BODY
from app.library.access import MEDIA
from app.library.lineage.making import Making, makings
from app.library.lineage.schemas import (
    Direction,
    HowMade,
    Lineage,
    LineageNode,
    LineageSide,
    RefreshGiven,
    Refreshing,
    StaleCost,
    StaleList,
    StaleMedia,
    TemplateUsed,
)
from app.library.lineage.stale import NotStale, Stale, refresh, stale_from
from app.library.lineage.walking import MOST_LEVELS, Walk, children, parents
from app.production.access import COSTS
from documents.library import Media
from documents.values import Id

router = APIRouter(prefix="/media", tags=["library"], route_class=StrictRoute)
MOST: Final = 100
READ: Final = documented(NotFound, BadQuery, Invalid, *SIGNED_IN)
WALKS: Final = {"parents": parents, "children": children}

Limit = Annotated[int, Query(ge=1, le=MOST)]
After = Annotated[str | None, Query(max_length=8_192, description="The `next` of a page.")]


@router.get("/{id}/lineage", operation_id="read_media_lineage", responses=READ)
async def read_lineage(
    id: Id,
    actor: CurrentActor,
    parts: CurrentParts,
    direction: Annotated[Direction | None, Query(description="Only one side.")] = None,
    depth: Annotated[int, Query(ge=1, le=MOST_LEVELS, description="How many steps.")] = MOST_LEVELS,
    limit: Limit = 50,
    after: After = None,
) -> Lineage:
    """What a file was made of and what was made with it, step by step, and how each was made.

    `after` goes on with one side, which `direction` names. You see the call that made a file, and
    its template, where you may see the costs of its project.
    """
    if after is not None and direction is None:
        raise BadQuery("`after` goes on with one side: name it by `direction`.")
    demand(actor, "read", Media.collection_name())
    found = await makings(MEDIA.read(actor), COSTS.read(actor), [id])
    if id not in found:
        raise NotFound("There is no such file, or none that you may see.")
    sides: dict[str, LineageSide] = {}
    for name, walk in WALKS.items():
        if direction in (None, name):
            met = await walk(MEDIA.read(actor), id, depth)
            listing = f"lineage {name} {id} {depth}"
            sides[name] = await _side(met, listing, actor, parts, limit, after)
    return Lineage(
        media=_node(found[id], 0), parents=sides.get("parents"), children=sides.get("children")
    )


@router.get("/{id}/stale", operation_id="list_stale_media", responses=READ)
async def list_stale(
    id: Id, actor: CurrentActor, parts: CurrentParts, limit: Limit = 50, after: After = None
) -> StaleList:
    """What of this file, and of all that is made of it, is out of date, and what refreshing costs.

    A file is out of date when what decided it was changed since (a prompt, an option, a picture
    that was exchanged), or when it is made of one that is. Earlier takes are left alone.
    """
    found = await stale_from(actor, id)
    listing = f"stale {id}"
    begin = 0 if after is None else parts.cursors.read(listing, after)[0]
    page, rest = found.stale[begin : begin + limit], found.stale[begin + limit :]
    following = parts.cursors.written(listing, [begin + limit]) if rest else None
    prices = [each.cost for each in found.stale]
    return StaleList(
        data=[_stale(each) for each in page],
        next=following,
        cost=StaleCost(
            known=sum((each for each in prices if each is not None), Decimal(0)),
            unknown=prices.count(None),
        ),
        hidden=found.hidden,
        truncated=found.truncated,
    )


@router.post(
    "/{id}/refresh",
    status_code=202,
    operation_id="refresh_stale_media",
    responses=documented(NotFound, NotStale, *WITH_BODY, *SIGNED_IN),
)
async def refresh_stale(
    id: Id, body: RefreshGiven, actor: CurrentActor, parts: CurrentParts
) -> Refreshing:
    """Has these files made again, of those that `stale` names for this one."""
    chosen = [*dict.fromkeys(body.media_ids)]
    pipelines = await refresh(parts, actor, id, chosen)
    return Refreshing(media_ids=chosen, pipeline_ids=[*pipelines])


async def _side(
    walk: Walk, listing: str, actor: Actor, parts: Parts, limit: int, after: str | None
) -> LineageSide:
    """A page of one side; its cursor stands behind a file and its depth."""
    order = walk.in_order()
    if after is not None:
        depth, key = parts.cursors.read(listing, after)
        order = [each for each in order if each > (depth, key)]
    page = order[:limit]
    found = await makings(MEDIA.read(actor), COSTS.read(actor), [key for _, key in page])
    following = parts.cursors.written(listing, [*page[-1]]) if len(order) > limit else None
    return LineageSide(
        data=[_node(found[key], depth) for depth, key in page if key in found],
        next=following,
        hidden=len(walk.hidden),
        truncated=walk.truncated,
    )


def _node(making: Making, depth: int) -> LineageNode:
    media = making.media
    return LineageNode.model_validate(
        {**media, "media_id": media["_id"], "depth": depth, "made": _made(making)}
    )


def _made(making: Making) -> HowMade | None:
    made, template = making.recorded, making.template
    if made is None:
        return None
    return HowMade(
        template=template
        and TemplateUsed(id=template["_id"], name=template["name"], version=template["version"]),
        prompt=made.prompt_used,
        provider=made.provider,
        model=made.model_version,
        seed=made.seed,
        take=making.take,
        inputs=making.inputs,
        hidden_inputs=making.hidden_inputs,
        cost=made.cost,
        execution_id=made.execution_id,
        task_id=made.task_id,
        made_at=made.generation_time,
    )


def _stale(each: Stale) -> StaleMedia:
    return StaleMedia(
        media_id=each.media.id,
        media_type=each.media.media_type,
        description=each.media.description,
        thumbnail_url=each.media.thumbnail_url,
        line=each.maker.name,
        reason=each.reason,
        because_of=each.because_of,
        cost=each.cost,
    )
