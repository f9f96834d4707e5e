"""Characters beyond the plain routes: design, voice, relationships, consistency, and deletion."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Response

from app.core.actor import CurrentActor, ScopeMissing, demand
from app.core.bodies import StrictRoute
from app.core.errors import (
    BadQuery,
    ChangedMeanwhile,
    InUse,
    Invalid,
    MalformedBody,
    NotFound,
    NotSignedIn,
    Outdated,
    TooLarge,
    UnsupportedMediaType,
    WrongState,
    documented,
)
from app.core.parts import CurrentParts
from app.core.schemas import read_schema
from app.core.showing import shown
from app.films import access, cast, farewell, relationships
from app.films.cast import Begun
from app.films.cast_schemas import (
    CharacterDeleted,
    CharactersToDelete,
    ConsistencyRead,
    DesignChosen,
    DesignWanted,
    PanelCompared,
    RelationshipWanted,
    SceneChanged,
    VoiceWanted,
    WorkBegun,
)
from app.films.consistency import consistency_of
from app.films.errors import CircularRelationship, TooManyScenes, UnderWay
from documents.base import StoredDocument
from documents.films import Character
from documents.values import Id

router = APIRouter(prefix="/characters", tags=["films"], route_class=StrictRoute)
SIGNED_IN: Final = (NotFound, NotSignedIn, ScopeMissing, Invalid)
BODY: Final = (MalformedBody, TooLarge, UnsupportedMediaType)
BEGINNING: Final = documented(*SIGNED_IN, *BODY, UnderWay, WrongState)
CHANGED: Final[dict[int | str, dict[str, Any]]] = {200: {"model": read_schema(Character)}}
LEAVING: Final = (*SIGNED_IN, ChangedMeanwhile, InUse, WrongState, TooManyScenes)
MOST: Final = 500


@router.post(
    "/{id}/design",
    status_code=202,
    operation_id="design_character",
    responses=BEGINNING,
)
async def design(id: Id, body: DesignWanted, actor: CurrentActor, parts: CurrentParts) -> WorkBegun:
    """Has the character drawn as they are described, after their reference images and the style
    references of the project. The picture becomes one more take, and the final design unless a
    picture was chosen that is not the newest take."""
    return _begun(await cast.design(parts, actor, id, seed=body.seed, new=body.take))


@router.put(
    "/{id}/design",
    operation_id="choose_character_design",
    response_model=None,
    responses={**CHANGED, **documented(*SIGNED_IN, *BODY)},
)
async def choose_design(
    id: Id, body: DesignChosen, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Makes a take, or any picture of the project, the final design. The panels are compared with
    it anew."""
    return shown(await cast.choose_design(parts, actor, id, body.media_id))


@router.post(
    "/{id}/voice",
    status_code=202,
    operation_id="voice_character",
    responses=BEGINNING,
)
async def voice(id: Id, body: VoiceWanted, actor: CurrentActor, parts: CurrentParts) -> WorkBegun:
    """Casts a voice and has it introduce itself. A voice that the provider does not have fails
    the task (`unknown_voice`), and the character keeps the one before."""
    begun = await cast.voice(
        parts,
        actor,
        id,
        voice_id=body.voice_id,
        characteristics=body.characteristics,
        seed=body.seed,
    )
    return _begun(begun)


@router.get(
    "/{id}/consistency",
    operation_id="read_character_consistency",
    responses=documented(*SIGNED_IN, BadQuery),
)
async def read_consistency(
    id: Id,
    actor: CurrentActor,
    parts: CurrentParts,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    after: str | None = None,
    outliers: bool = False,
) -> ConsistencyRead:
    """How much every panel's picture of the character looks like the final design, in the order
    of the film; with `outliers` only those that stand out."""
    demand(actor, "read", Character.collection_name())
    character = await Character.one_in(access.PARTS.read(actor), id)
    if character is None:
        raise NotFound("There is no such record, or none that you may see.")
    found = await consistency_of(character)
    listing = f"consistency {id} {outliers}"
    start = parts.cursors.read(listing, after)[0] if after is not None else 0
    standing_out = [each for each in found.panels if found.outlier(each)]
    rows = standing_out if outliers else found.panels
    page = rows[start : start + limit]
    more = len(rows) > start + limit
    return ConsistencyRead(
        data=[PanelCompared(**each, outlier=found.outlier(each)) for each in page],
        next=parts.cursors.written(listing, [start + limit]) if more else None,
        mean=found.mean,
        median=found.median,
        bound=found.bound,
        measured=sum(each["similarity"] is not None for each in found.panels),
        outliers=len(standing_out),
        panels=len(found.panels),
        truncated=found.truncated,
    )


@router.put(
    "/{id}/relationships/{other_id}",
    operation_id="relate_characters",
    response_model=None,
    responses={**CHANGED, **documented(*SIGNED_IN, *BODY, CircularRelationship)},
)
async def relate(
    id: Id, other_id: Id, body: RelationshipWanted, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Says what the character is to another of the project, at both of them, in place of what was
    said before."""
    wish = relationships.Wish(body.relationship_type, body.reverse_type, body.description)
    return shown(await relationships.relate(parts, actor, id, other_id, wish))


@router.delete(
    "/{id}/relationships/{other_id}",
    operation_id="part_characters",
    response_model=None,
    responses={**CHANGED, **documented(*SIGNED_IN)},
)
async def part(id: Id, other_id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Forgets what the two are to each other, at both of them."""
    return shown(await relationships.part(parts, actor, id, other_id))


@router.post(
    "/bulk-delete",
    operation_id="bulk_delete_characters",
    responses=documented(*LEAVING, *BODY),
)
async def delete_many(
    body: CharactersToDelete, actor: CurrentActor, parts: CurrentParts
) -> CharacterDeleted:
    """All of them or none; the scenes that name them go on without them."""
    keys = {*body.ids}
    return _deleted(keys, await farewell.delete_characters(parts, actor, keys))


@router.delete(
    "/{id}",
    operation_id="delete_characters",
    responses=documented(*LEAVING, Outdated),
)
async def delete_one(
    id: Id,
    actor: CurrentActor,
    parts: CurrentParts,
    if_match: Annotated[
        str | None,
        Header(description="The `ETag` on which the request is based; another one answers 412."),
    ] = None,
) -> CharacterDeleted:
    """Deletes the character; the scenes that name them go on without them. Up to 1,000 scenes,
    and none that is being generated."""
    return _deleted({id}, await farewell.delete_character(parts, actor, id, if_match))


def _begun(begun: Begun) -> WorkBegun:
    return WorkBegun(pipeline_id=begun.pipeline_id, task_id=begun.task_id)


def _deleted(keys: set[Id], scenes: Sequence[StoredDocument]) -> CharacterDeleted:
    changed = [SceneChanged.model_validate({**each, "id": each["_id"]}) for each in scenes]
    return CharacterDeleted(deleted=sorted(keys), scenes=changed)
