"""Accounts: registering, signing in, and who a token speaks for."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from pydantic import SecretStr
from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.actor import Actor
from app.core.errors import NotSignedIn, Refusal
from app.identity.passwords import hashed, matches
from documents.base import within
from documents.films import Project
from documents.identity import Member, MemberRole, User, Workspace
from documents.store import Store
from documents.values import Id, now


class WrongCredentials(Refusal):
    """There is no account with this e-mail and password."""

    status, code = 401, "wrong_credentials"
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True, slots=True)
class Account:
    """A user and his own workspace."""

    user: User
    workspace: Workspace


async def register(
    store: Store, *, email: str, name: str, password: SecretStr, bcrypt_cost: int
) -> Account:
    """A new user, and a personal workspace that he owns. Raises NotUnique for a taken e-mail."""
    user = User(email=email, name=name, password_hash=await hashed(password, bcrypt_cost))
    workspace = Workspace(
        name=name,
        created_by=user.id,
        is_personal=True,
        members=[Member(user_id=user.id, role="owner")],
    )

    async def together(session: AsyncClientSession) -> None:
        await user.insert(session=session)
        await workspace.insert(session=session)

    await store.in_transaction(together)
    return Account(user, workspace)


async def sign_in(email: str, password: SecretStr, bcrypt_cost: int) -> User:
    """The user with this e-mail and password.

    Raises WrongCredentials, the same and after the same work whatever of them is wrong.
    """
    user = await User.first_in(True, {"email": email.strip().lower()})
    if not await matches(password, user and user.password_hash, bcrypt_cost) or user is None:
        raise WrongCredentials("There is no account with this e-mail and password.")
    seen = {"$set": {"last_login_at": now()}}
    signed_in = await User.advance_one(within(True, {"_id": user.id}), seen)
    if signed_in is None:
        raise WrongCredentials("There is no account with this e-mail and password.")
    return signed_in


async def actor_of(user_id: Id) -> Actor:
    """The user as an actor, with his workspaces of this moment. Raises NotSignedIn."""
    user, workspaces, projects = await asyncio.gather(
        User.collection().find_one(within(True, {"_id": user_id}), {"role": 1}),
        _workspaces(user_id),
        _ids_of_projects({"collaborator_ids": user_id}),
    )
    if user is None:
        raise NotSignedIn("The account of this token is closed.")
    viewed = [key for key, role in workspaces.items() if role == "viewer"]
    if viewed:
        made = {"created_by": user_id, "workspace_id": {"$in": viewed}}
        projects = [*projects, *await _ids_of_projects(made)]
    return Actor(user_id, user["role"], workspaces, tuple(dict.fromkeys(projects)))


async def _workspaces(user_id: Id) -> dict[Id, MemberRole]:
    query = within(True, {"members.user_id": user_id})
    rows = Workspace.collection().find(query, {"members.$": 1})
    return {row["_id"]: row["members"][0]["role"] async for row in rows}


async def _ids_of_projects(query: dict[str, object]) -> list[Id]:
    return [row["_id"] async for row in Project.collection().find(within(True, query), {"_id": 1})]
