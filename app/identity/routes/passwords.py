"""Changing passwords, and what goes by mail."""

from typing import Any, Final

from fastapi import APIRouter, Response
from starlette.background import BackgroundTask

from app.core.bodies import StrictRoute
from app.core.errors import TakenAlready, documented
from app.core.parts import CurrentParts
from app.identity.errors import TokenRefused, TooManyAttempts, WrongPassword
from app.identity.parts import CurrentCaller, CurrentIdentity, CurrentPerson
from app.identity.recovery import (
    change_password,
    check_free,
    reset_password,
    send_password_reset,
    send_verification,
    verify_email,
)
from app.identity.routes.common import BAD_BODY, NOTHING, PERSON, done
from app.identity.schemas import (
    EmailChange,
    EmailGiven,
    PasswordChange,
    PasswordReset,
    TokenGiven,
)
from app.identity.signing_in import confirm
from documents.identity import User

router = APIRouter(prefix="/auth", tags=["identity"], route_class=StrictRoute)
MAILED: Final[dict[int | str, dict[str, Any]]] = {
    202: {"description": "A mail is on its way, where there is somebody to send it to."}
}


@router.post(
    "/change-password",
    summary="Change one's password",
    operation_id="change_password",
    responses=documented(WrongPassword, TooManyAttempts, *PERSON, *BAD_BODY),
    **NOTHING,
)
async def change(
    body: PasswordChange,
    actor: CurrentPerson,
    parts: CurrentParts,
    identity: CurrentIdentity,
    caller: CurrentCaller,
) -> Response:
    """All other sessions end; this one and one's API keys stay."""
    user = await confirm(identity, actor.id, body.current_password, caller)
    await change_password(parts.store, identity, user, body.new_password, actor.session)
    return done()


@router.post(
    "/forgot-password",
    summary="Ask for a new password",
    status_code=202,
    operation_id="forgot_password",
    response_class=Response,
    response_model=None,
    responses={**MAILED, **documented(*BAD_BODY)},
)
async def forgot(body: EmailGiven, identity: CurrentIdentity) -> Response:
    """Mails a token to the address, if it is an account's; the answer is always the same."""
    return done(BackgroundTask(send_password_reset, identity, body.email), 202)


@router.post(
    "/reset-password",
    summary="Choose a new password",
    operation_id="reset_password",
    responses=documented(TokenRefused, *BAD_BODY),
    **NOTHING,
)
async def reset(body: PasswordReset, parts: CurrentParts, identity: CurrentIdentity) -> Response:
    """By the token of a mail, which is good for an hour and once. All sessions end."""
    await reset_password(parts.store, identity, body.token, body.password)
    return done()


@router.post(
    "/verify-email",
    summary="Confirm an address",
    operation_id="verify_email",
    responses=documented(TokenRefused, TakenAlready, *BAD_BODY),
    **NOTHING,
)
async def verify(body: TokenGiven, parts: CurrentParts, identity: CurrentIdentity) -> Response:
    """By the token of a mail; a new address becomes that of the account."""
    await verify_email(parts.store, identity, body.token)
    return done()


@router.post(
    "/verify-email/send",
    summary="Ask for the confirming mail again",
    status_code=202,
    operation_id="send_verification",
    response_class=Response,
    response_model=None,
    responses={**MAILED, **documented(*PERSON)},
)
async def send_again(actor: CurrentPerson, identity: CurrentIdentity) -> Response:
    """Nothing is sent where the address is confirmed already."""
    user = await User.one_in(True, actor.id)
    if user is None or user.email_verified_at is not None:
        return done(status=202)
    return done(BackgroundTask(send_verification, identity, user, user.email), 202)


@router.post(
    "/change-email",
    summary="Change one's address",
    status_code=202,
    operation_id="change_email",
    response_model=None,
    responses={
        **MAILED,
        **documented(TakenAlready, WrongPassword, TooManyAttempts, *PERSON, *BAD_BODY),
    },
)
async def change_email(
    body: EmailChange, actor: CurrentPerson, identity: CurrentIdentity, caller: CurrentCaller
) -> Response:
    """Mails a token to the new address, which becomes the account's when it is confirmed."""
    user = await confirm(identity, actor.id, body.password, caller)
    await check_free(body.email, user.id)
    return done(BackgroundTask(send_verification, identity, user, body.email), 202)
