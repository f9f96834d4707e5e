"""What goes by mail: confirming an address, changing it, and choosing a forgotten password anew."""

from datetime import timedelta
from typing import Final, Literal, TypeAlias

from pydantic import SecretStr
from pymongo.asynchronous.client_session import AsyncClientSession

from app.audit.service import by, tell
from app.core.errors import TakenAlready
from app.identity.errors import TokenRefused, WrongPassword
from app.identity.parts import IdentityParts
from app.identity.passwords import hashed
from app.identity.revoking import revoke_keys, revoke_sessions
from app.identity.secrets import digest, new_secret
from app.mail import templates
from app.mail.mailer import send_or_log
from documents.base import Session, within
from documents.identity import OneTimeToken, User
from documents.store import Store
from documents.values import Id, now

Purpose: TypeAlias = Literal["verify_email", "reset_password"]
GOOD_FOR: Final[dict[Purpose, timedelta]] = {
    "verify_email": timedelta(days=7),
    "reset_password": timedelta(hours=1),
}


async def send_verification(identity: IdentityParts, user: User, email: str) -> None:
    """Mail to the address, which may be a new one, what confirms that it is the user's."""
    if await identity.throttle.may_mail(email):
        token = await _issued(user.id, "verify_email", email)
        mail = templates.verification(email, user.name, token, identity.settings.public_url)
        await send_or_log(identity.mailer, mail)


async def send_password_reset(identity: IdentityParts, email: str) -> None:
    """Mail to the user of this address, if there is one, what lets him choose a new password.

    To be called once the answer is sent: whoever asks must not see by its time who has an account.
    """
    email = email.strip().lower()
    user = await User.first_in(True, {"email": email})
    if user is None or not await identity.throttle.may_mail(email):
        return
    token = await _issued(user.id, "reset_password", email)
    good_for, public_url = GOOD_FOR["reset_password"], identity.settings.public_url
    mail = templates.password_reset(email, user.name, token, public_url, good_for)
    await send_or_log(identity.mailer, mail)


async def check_free(email: str, but: Id) -> None:
    """Raise TakenAlready where another account has this address."""
    if await User.first_in(True, {"email": email, "_id": {"$ne": but}}) is not None:
        problem = {
            "location": "body",
            "field": "email",
            "code": "not_unique",
            "detail": "is taken",
        }
        raise TakenAlready("There already is one with the same email.", errors=[problem])


async def verify_email(store: Store, identity: IdentityParts, token: str) -> None:
    """Confirm the address that the token was sent to; a new one becomes the user's.

    Raises TokenRefused, or NotUnique where somebody else has taken the address meanwhile.
    """

    async def together(session: AsyncClientSession) -> tuple[User, str]:
        used = await _used(token, "verify_email", session)
        user = await User.one_in(True, used.user_id, session)
        if user is None:
            raise TokenRefused("The account of this token is closed.")
        update = {"$set": {"email": used.email, "email_verified_at": now()}}
        verified = await User.write_one({"_id": user.id}, update, session)
        await tell(session, by(user.id), user, verified)
        if used.email != user.email:
            await OneTimeToken.collection().delete_many({"user_id": user.id}, session=session)
        return user, used.email

    user, email = await store.in_transaction(together)
    if email != user.email:
        await send_or_log(identity.mailer, templates.email_changed(user.email, user.name, email))


async def reset_password(
    store: Store, identity: IdentityParts, token: str, password: SecretStr
) -> None:
    """Set the password, end all sessions, and forget failed attempts. Raises TokenRefused."""
    if await OneTimeToken.first_in(True, _query(token, "reset_password")) is None:
        raise TokenRefused(REFUSED)
    password_hash = await hashed(password, identity.settings.bcrypt_cost)

    async def together(session: AsyncClientSession) -> User:
        used = await _used(token, "reset_password", session)
        # Whoever read this mail reads the address: that confirms it as well.
        query = {"_id": used.user_id, "email": used.email}
        user = await User.first_in(True, query, session)
        if user is None:
            raise TokenRefused("The account of this token is closed or has another address.")
        update = {"$set": {"password_hash": password_hash, "email_verified_at": now()}}
        changed = await User.write_one({"_id": user.id}, update, session)
        await tell(session, by(user.id), user, changed)
        await _ended(user.id, None, session)
        if user.email_verified_at is None:
            # Somebody else may have registered the address and kept a key for later.
            await revoke_keys(by(user.id), {"created_by": user.id}, session)
        return user

    user = await store.in_transaction(together)
    await identity.throttle.forgive(user.email)
    await send_or_log(identity.mailer, templates.password_changed(user.email, user.name))


async def change_password(
    store: Store, identity: IdentityParts, user: User, password: SecretStr, keep: Id | None
) -> None:
    """Set the password and end all sessions but the one to keep.

    Raises WrongPassword where the password was changed since the user confirmed it.
    """
    password_hash = await hashed(password, identity.settings.bcrypt_cost)

    async def together(session: AsyncClientSession) -> None:
        query = within(True, {"_id": user.id, "password_hash": user.password_hash})
        update = {"$set": {"password_hash": password_hash}}
        changed = await User.write_one(query, update, session)
        if changed is None:
            raise WrongPassword("The password was changed meanwhile.")
        await tell(session, by(user.id), user, changed)
        await _ended(user.id, keep, session)

    await store.in_transaction(together)
    await send_or_log(identity.mailer, templates.password_changed(user.email, user.name))


REFUSED: Final = "The token is unknown, used or expired; ask for another mail."


async def _ended(user: Id, keep: Id | None, session: AsyncClientSession) -> None:
    await revoke_sessions(user, "password", keep=keep, session=session)
    resets = {"user_id": user, "purpose": "reset_password"}
    await OneTimeToken.collection().delete_many(resets, session=session)


async def _issued(user: Id, purpose: Purpose, email: str) -> str:
    """A new token; those before it for the same purpose are good no longer."""
    token = new_secret()
    await OneTimeToken.collection().delete_many({"user_id": user, "purpose": purpose})
    await OneTimeToken(
        user_id=user,
        purpose=purpose,
        email=email,
        token_hash=digest(token),
        expires_at=now() + GOOD_FOR[purpose],
    ).insert()
    return token


def _query(token: str, purpose: Purpose) -> dict[str, object]:
    return {"token_hash": digest(token), "purpose": purpose, "expires_at": {"$gt": now()}}


async def _used(token: str, purpose: Purpose, session: Session) -> OneTimeToken:
    """The token, which is gone with this. Raises TokenRefused."""
    query = within(True, _query(token, purpose))
    document = await OneTimeToken.collection().find_one_and_delete(query, session=session)
    if document is None:
        raise TokenRefused(REFUSED)
    used: OneTimeToken = OneTimeToken.model_validate(document)
    return used
