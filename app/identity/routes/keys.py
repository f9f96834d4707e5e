"""API keys; listing and reading them is plain."""

from fastapi import APIRouter, Response

from app.core.answer import Answer
from app.core.bodies import StrictRoute
from app.core.errors import Invalid, NotFound, documented
from app.core.parts import CurrentParts
from app.identity.keys import keys_of, make_key, revoke_key
from app.identity.parts import CurrentPerson
from app.identity.resources import API_KEYS
from app.identity.routes.common import BAD_BODY, NOT_STORED, NOTHING, PERSON, done
from app.identity.schemas import KeyGiven, KeysRead, NewKeyRead
from documents.values import Id

router = APIRouter(prefix="/api-keys", tags=["identity"], route_class=StrictRoute)


@router.post(
    "",
    summary="Make an API key",
    status_code=201,
    operation_id="create_api_keys",
    response_model=None,
    responses={201: {"model": NewKeyRead}, **documented(*PERSON, *BAD_BODY)},
)
async def create(body: KeyGiven, actor: CurrentPerson, parts: CurrentParts) -> Response:
    """Acts in one's name within one workspace and its scopes. `key` is shown this once."""
    made = await make_key(
        parts.store, actor, body.workspace_id, body.name, body.scopes, body.expires_at
    )
    reading, fields = API_KEYS.reading, API_KEYS.listing.fields.plain
    shown = reading.shown(await reading.fetched(parts, True, made.record.id, fields))
    return Answer({**shown, "key": made.secret}, 201, NOT_STORED)


@router.get(
    "/of-workspace/{id}",
    summary="List the API keys to a workspace",
    operation_id="list_workspace_api_keys",
    response_model=None,
    responses={200: {"model": KeysRead}, **documented(NotFound, Invalid, *PERSON)},
)
async def list_of_workspace(id: Id, actor: CurrentPerson) -> Response:
    """For its owners: whoever made them, newest first, at most 500."""
    reading, fields = API_KEYS.reading, API_KEYS.listing.fields.plain
    rows = await keys_of(actor, id, fields)
    return Answer({"data": [reading.shown(each) for each in rows]})


@router.delete(
    "/{id}",
    summary="Revoke an API key",
    operation_id="revoke_api_keys",
    responses=documented(NotFound, Invalid, *PERSON),
    **NOTHING,
)
async def revoke(id: Id, actor: CurrentPerson, parts: CurrentParts) -> Response:
    """One's own, or any in a workspace that one owns; it stops working at once."""
    await revoke_key(parts.store, actor, id)
    return done()
