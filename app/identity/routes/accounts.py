"""Accounts: looking at oneself, closing, restoring, and what administrators decide."""

from fastapi import APIRouter, Response

from app.core.actor import CurrentActor, ScopeMissing, demand
from app.core.answer import Answer
from app.core.bodies import StrictRoute
from app.core.errors import (
    Invalid,
    NotFound,
    NotSignedIn,
    TakenAlready,
    Unavailable,
    documented,
)
from app.core.parts import CurrentParts
from app.core.schemas import read_schema
from app.identity.accounts import administer, close_account, restore_account
from app.identity.errors import (
    AdministratorNeeded,
    LastOwner,
    TooLate,
    TooManyAttempts,
    WrongPassword,
)
from app.identity.me import me
from app.identity.parts import (
    CurrentAdministrator,
    CurrentCaller,
    CurrentIdentity,
    CurrentPerson,
)
from app.identity.resources import USERS
from app.identity.routes.common import BAD_BODY, NOTHING, PERSON, done
from app.identity.schemas import Administration, Me, PasswordGiven
from app.identity.signing_in import confirm
from documents.identity import User
from documents.values import Id

router = APIRouter(prefix="/users", tags=["identity"], route_class=StrictRoute)
ADMINISTRATOR = (AdministratorNeeded, *PERSON)


@router.get(
    "/me",
    summary="Read one's account",
    operation_id="read_me",
    response_model=None,
    responses={200: {"model": Me}, **documented(NotSignedIn, ScopeMissing, Unavailable)},
)
async def read_me(actor: CurrentActor, parts: CurrentParts) -> Response:
    """One's account and the workspaces that one shares; by an API key that of the key."""
    demand(actor, "read", "users")
    return Answer(await me(actor, parts))


@router.post(
    "/me/close",
    summary="Close one's account",
    operation_id="close_account",
    responses=documented(WrongPassword, TooManyAttempts, LastOwner, *PERSON, *BAD_BODY),
    **NOTHING,
)
async def close_own(
    body: PasswordGiven,
    actor: CurrentPerson,
    parts: CurrentParts,
    identity: CurrentIdentity,
    caller: CurrentCaller,
) -> Response:
    """Signs out everywhere and frees the address; administrators can restore it for 30 days."""
    await confirm(identity, actor.id, body.password, caller)
    await close_account(parts.store, actor, actor.id)
    return done()


@router.delete(
    "/{id}",
    summary="Close somebody's account",
    operation_id="delete_user",
    responses=documented(NotFound, LastOwner, Invalid, *ADMINISTRATOR),
    **NOTHING,
)
async def close_others(id: Id, actor: CurrentAdministrator, parts: CurrentParts) -> Response:
    """For administrators; one's own is closed by `/users/me/close`."""
    if id == actor.id:
        raise NotFound("Your own account is closed by /users/me/close, with your password.")
    await close_account(parts.store, actor, id)
    return done()


@router.post(
    "/{id}/restore",
    summary="Restore a closed account",
    operation_id="restore_user",
    response_model=None,
    responses={
        200: {"model": read_schema(User)},
        **documented(NotFound, TooLate, TakenAlready, Invalid, *ADMINISTRATOR),
    },
)
async def restore(id: Id, actor: CurrentAdministrator, parts: CurrentParts) -> Response:
    """For administrators, within 30 days; with the workspaces that were its own."""
    await restore_account(parts.store, actor, id)
    return await _shown(id, parts)


@router.patch(
    "/{id}/administration",
    summary="Set somebody's role or tier",
    operation_id="administer_user",
    response_model=None,
    responses={
        200: {"model": read_schema(User)},
        **documented(NotFound, *ADMINISTRATOR, *BAD_BODY),
    },
)
async def set_administration(
    id: Id, body: Administration, actor: CurrentAdministrator, parts: CurrentParts
) -> Response:
    """For administrators; a tier brings its limits along."""
    await administer(parts.store, actor, id, body.role, body.tier)
    return await _shown(id, parts)


async def _shown(user: Id, parts: CurrentParts) -> Response:
    reading = USERS.reading
    fields = USERS.listing.fields.plain
    return Answer(reading.shown(await reading.fetched(parts, True, user, fields)))
