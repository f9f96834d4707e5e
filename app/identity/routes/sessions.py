"""Registering, signing in, staying signed in and signing out."""

from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask

from app.core.actor import Actor, SignedIn
from app.core.answer import Answer
from app.core.bodies import StrictRoute
from app.core.errors import Invalid, NotFound, NotSignedIn, TakenAlready, documented
from app.core.parts import CurrentParts
from app.identity.errors import (
    RefreshRefused,
    RefreshReused,
    TooManyAttempts,
    WrongCredentials,
)
from app.identity.me import me
from app.identity.parts import CurrentCaller, CurrentIdentity, CurrentPerson
from app.identity.recovery import send_verification
from app.identity.refreshing import refresh, session_of
from app.identity.revoking import revoke_session, revoke_sessions
from app.identity.routes.common import BAD_BODY, NOT_STORED, NOTHING, PERSON, done, tokens_of
from app.identity.schemas import (
    Login,
    RefreshGiven,
    Registration,
    Sessions,
    SignedInAs,
    Token,
)
from app.identity.service import actor_of, register
from app.identity.signing_in import open_session, sign_in
from documents.base import within
from documents.identity import LoginSession
from documents.values import Id, now

router = APIRouter(prefix="/auth", tags=["identity"], route_class=StrictRoute)
SHOWN: Final = {
    "user_agent": 1,
    "address": 1,
    "created_at": 1,
    "last_used_at": 1,
    "expires_at": 1,
}
signed_in = SignedIn()


@router.post(
    "/register",
    summary="Register",
    status_code=201,
    operation_id="register",
    response_model=None,
    responses={201: {"model": SignedInAs}, **documented(TakenAlready, *BAD_BODY)},
)
async def register_account(
    body: Registration, parts: CurrentParts, identity: CurrentIdentity, caller: CurrentCaller
) -> Response:
    """Make an account and its personal workspace, and sign in; a mail confirms the address."""
    account = await register(
        parts.store,
        email=body.email,
        name=body.name,
        password=body.password,
        bcrypt_cost=parts.settings.bcrypt_cost,
    )
    user = account.user
    opened = await open_session(user.id, identity, caller)
    known = {"user": await me(await actor_of(user.id), parts)}
    answer = Answer({**tokens_of(identity, opened), **known}, 201, NOT_STORED)
    answer.background = BackgroundTask(send_verification, identity, user, user.email)
    return answer


@router.post(
    "/login",
    summary="Sign in",
    operation_id="login",
    response_model=None,
    responses={
        200: {"model": SignedInAs},
        **documented(WrongCredentials, TooManyAttempts, *BAD_BODY),
    },
)
async def login(
    body: Login, parts: CurrentParts, identity: CurrentIdentity, caller: CurrentCaller
) -> Response:
    """Sign in with e-mail and password. Failed attempts make the next ones wait."""
    opened = await sign_in(parts.store, identity, body.email, body.password, caller)
    known = {"user": await me(await actor_of(opened.session.user_id), parts)}
    return Answer({**tokens_of(identity, opened), **known}, headers=NOT_STORED)


@router.post(
    "/refresh",
    summary="Stay signed in",
    operation_id="refresh",
    response_model=None,
    responses={200: {"model": Token}, **documented(RefreshRefused, RefreshReused, *BAD_BODY)},
)
async def refresh_tokens(
    body: RefreshGiven, identity: CurrentIdentity, caller: CurrentCaller
) -> Response:
    """Exchange a refresh token, once, for an access token and the next refresh token.

    For ten seconds the same exchange is answered again, for clients that ask twice at once.
    After that, showing the token again ends the session: somebody has copied it.
    """
    opened = await refresh(body.refresh_token, caller, identity.session_lifetime)
    return Answer(tokens_of(identity, opened), headers=NOT_STORED)


@router.post(
    "/logout",
    summary="Sign out",
    operation_id="logout",
    responses=documented(NotSignedIn, *BAD_BODY),
    **NOTHING,
)
async def logout(request: Request, body: RefreshGiven | None = None) -> Response:
    """End a session: that of the refresh token in the body, or else that of the access token."""
    if body is not None:
        session = await session_of(body.refresh_token)
        if session is not None:
            await revoke_session(session.user_id, session.id, "signed_out")
        return done()
    actor: Actor = await signed_in(request)
    if actor.session is not None:
        await revoke_session(actor.id, actor.session, "signed_out")
    return done()


@router.get(
    "/sessions",
    summary="List one's sessions",
    operation_id="list_sessions",
    response_model=None,
    responses={200: {"model": Sessions}, **documented(*PERSON)},
)
async def list_sessions(actor: CurrentPerson) -> Response:
    """Everywhere where one is signed in, newest first; at most 200."""
    query = {"user_id": actor.id, "revoked_at": None, "expires_at": {"$gt": now()}}
    rows = LoginSession.collection().find(within(True, query), SHOWN, sort=[("_id", -1)], limit=200)
    data = [
        {"id": row.pop("_id"), **row, "current": row_id == actor.session}
        async for row in rows
        if (row_id := row["_id"])
    ]
    return Answer({"data": data})


@router.delete(
    "/sessions/{id}",
    summary="End one of one's sessions",
    operation_id="revoke_session",
    responses=documented(NotFound, Invalid, *PERSON),
    **NOTHING,
)
async def delete_session(id: Id, actor: CurrentPerson) -> Response:
    """Its tokens stop working at once."""
    if not await revoke_session(actor.id, id, "revoked"):
        raise NotFound("There is no such session of yours.")
    return done()


@router.delete(
    "/sessions",
    summary="End all other sessions",
    operation_id="revoke_other_sessions",
    responses=documented(*PERSON),
    **NOTHING,
)
async def delete_other_sessions(actor: CurrentPerson) -> Response:
    """Sign out everywhere but here."""
    await revoke_sessions(actor.id, "revoked", keep=actor.session)
    return done()
