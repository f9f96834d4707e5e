"""Registering, signing in, and looking at oneself."""

from fastapi import APIRouter, Response

from app.core.actor import Actor, CurrentActor
from app.core.answer import Answer
from app.core.bodies import StrictRoute
from app.core.errors import (
    Invalid,
    MalformedBody,
    NotSignedIn,
    TakenAlready,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
    documented,
)
from app.core.parts import CurrentParts, Parts
from app.identity.resources import USERS
from app.identity.schemas import Login, Me, Registration, SignedInAs
from app.identity.service import WrongCredentials, actor_of, register, sign_in
from app.identity.tokens import Tokens
from documents.base import StoredDocument
from documents.identity import Workspace
from documents.values import Id

router = APIRouter(tags=["identity"], route_class=StrictRoute)
BAD_BODY = (MalformedBody, TooLarge, UnsupportedMediaType, Invalid, Unavailable)
NOT_STORED = {"Cache-Control": "no-store"}


@router.post(
    "/auth/register",
    status_code=201,
    operation_id="register",
    response_model=None,
    responses={201: {"model": SignedInAs}, **documented(TakenAlready, *BAD_BODY)},
)
async def register_account(body: Registration, parts: CurrentParts) -> Response:
    """Make an account and its personal workspace, and sign in."""
    account = await register(
        parts.store,
        email=body.email,
        name=body.name,
        password=body.password,
        bcrypt_cost=parts.settings.bcrypt_cost,
    )
    return Answer(await _signed_in_as(account.user.id, parts), 201, NOT_STORED)


@router.post(
    "/auth/login",
    operation_id="login",
    response_model=None,
    responses={200: {"model": SignedInAs}, **documented(WrongCredentials, *BAD_BODY)},
)
async def login(body: Login, parts: CurrentParts) -> Response:
    """Sign in with e-mail and password."""
    user = await sign_in(body.email, body.password, parts.settings.bcrypt_cost)
    return Answer(await _signed_in_as(user.id, parts), headers=NOT_STORED)


@router.get(
    "/users/me",
    operation_id="read_me",
    response_model=None,
    responses={200: {"model": Me}, **documented(NotSignedIn, Unavailable)},
)
async def read_me(actor: CurrentActor, parts: CurrentParts) -> Response:
    """One's account and the workspaces that one shares."""
    return Answer(await _me(actor, parts))


async def _signed_in_as(user: Id, parts: Parts) -> StoredDocument:
    tokens = Tokens.of(parts.settings)
    return {
        "access_token": tokens.issue(user),
        "token_type": "bearer",
        "expires_in": int(tokens.lifetime.total_seconds()),
        "user": await _me(await actor_of(user), parts),
    }


async def _me(actor: Actor, parts: Parts) -> StoredDocument:
    reading = USERS.reading
    user = await reading.fetched(parts, True, actor.id, USERS.listing.fields.plain)
    rows = parts.reading[Workspace.collection_name()].find(
        {"_id": {"$in": [*actor.workspaces]}}, {"name": 1, "is_personal": 1}, sort=[("_id", 1)]
    )
    workspaces = [
        {
            "id": row["_id"],
            "name": row["name"],
            "role": actor.workspaces[row["_id"]],
            "is_personal": row["is_personal"],
        }
        async for row in rows
    ]
    return {**reading.shown(user), "workspaces": workspaces}
