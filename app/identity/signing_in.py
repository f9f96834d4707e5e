"""Signing in by e-mail and password, and asking for the password again."""

from pydantic import SecretStr
from pymongo.asynchronous.client_session import AsyncClientSession

from app.audit.service import by, tell
from app.identity.errors import WrongCredentials, WrongPassword
from app.identity.parts import IdentityParts
from app.identity.passwords import has_cost, hashed, matches
from app.identity.refreshing import Caller, SignIn, new_sign_in
from documents.base import within
from documents.identity import User
from documents.store import Store
from documents.values import Id, now

REFUSAL = "There is no account with this e-mail and password."


async def sign_in(
    store: Store, identity: IdentityParts, email: str, password: SecretStr, caller: Caller
) -> SignIn:
    """A session of the user with this e-mail and password.

    Raises WrongCredentials, the same and after the same work whatever of them is wrong; or
    TooManyAttempts, for addresses that nobody has as well.
    """
    email, cost = email.strip().lower(), identity.settings.bcrypt_cost
    await identity.throttle.attempt(email, caller.address)
    user = await User.first_in(True, {"email": email})
    if not await matches(password, user and user.password_hash, cost) or user is None:
        raise WrongCredentials(REFUSAL)
    known, kept = user.password_hash, user.password_hash
    if not has_cost(known, cost):
        kept = await hashed(password, cost)
    opened = new_sign_in(user.id, caller, identity.session_lifetime)

    async def together(session: AsyncClientSession) -> None:
        # The hash is asked for again: a password that is changed meanwhile ends all sessions,
        # and this one must not slip through.
        unchanged = within(True, {"_id": opened.session.user_id, "password_hash": known})
        seen = {"$set": {"last_login_at": now(), "password_hash": kept}}
        if await User.advance_one(unchanged, seen, session) is None:
            raise WrongCredentials(REFUSAL)
        await opened.session.insert(session=session)
        await tell(session, by(opened.session.user_id), None, opened.session, "sign_in")

    await store.in_transaction(together)
    await identity.throttle.succeeded(email, caller.address)
    return opened


async def open_session(user: Id, identity: IdentityParts, caller: Caller) -> SignIn:
    """A session of somebody who has just proved who he is."""
    opened = new_sign_in(user, caller, identity.session_lifetime)
    await opened.session.insert()
    return opened


async def confirm(
    identity: IdentityParts, user_id: Id, password: SecretStr, caller: Caller
) -> User:
    """The user, who has entered his password once more.

    A stolen access token is not enough for what asks this, and guessing is slowed down as it is
    at signing in. Raises WrongPassword or TooManyAttempts.
    """
    user = await User.one_in(True, user_id)
    if user is None:
        raise WrongPassword("The account is closed.")
    await identity.throttle.attempt(user.email, caller.address)
    if not await matches(password, user.password_hash, identity.settings.bcrypt_cost):
        raise WrongPassword("That is not your password.")
    await identity.throttle.succeeded(user.email, caller.address)
    return user
