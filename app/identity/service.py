"""Accounts, and who a token or key speaks for."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pydantic import SecretStr
from pymongo.asynchronous.client_session import AsyncClientSession

from app.audit.service import by, tell
from app.core.actor import Actor
from app.core.errors import NotSignedIn
from app.identity.passwords import hashed
from app.identity.secrets import digest
from documents.base import StoredDocument, touched, within
from documents.films import Project
from documents.identity import ApiKey, LoginSession, Member, MemberRole, User, Workspace
from documents.store import Store
from documents.values import Id, now

KEY_MARK: Final = "blk_"
USE_IS_NOTED: Final = timedelta(minutes=1)
"""How often at most the use of a key is written down."""


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
        for made in (user, workspace):
            await tell(session, by(user.id), None, made)

    await store.in_transaction(together)
    return Account(user, workspace)


async def actor_of(user_id: Id, session: Id | None = None) -> Actor:
    """The user as an actor, with his workspaces of this moment.

    Raises NotSignedIn where the account is closed or the session has ended.
    """
    role, workspaces, projects, _ = await asyncio.gather(
        _role_of(user_id),
        _workspaces(user_id),
        _ids_of_projects({"collaborator_ids": user_id}),
        _check_session(user_id, session),
    )
    reached = await _with_made(user_id, workspaces, projects)
    return Actor(user_id, role, workspaces, reached, session)


async def actor_of_key(key: str) -> Actor:
    """The creator of the key, in the workspace and within the scopes of the key.

    An administrator's key is a member's key and no more. Raises NotSignedIn where the key is
    unknown, revoked or expired, or its creator is no member any more.
    """
    row = await ApiKey.collection().find_one(within(True, {"key_hash": digest(key)}))
    moment = now()
    if row is None or row["revoked_at"] or (row["expires_at"] and row["expires_at"] <= moment):
        raise NotSignedIn("The API key is unknown, revoked or expired; make a new one.")
    user_id, workspace = Id(row["created_by"]), row["workspace_id"]
    role, workspaces, projects = await asyncio.gather(
        _role_of(user_id),
        _workspaces(user_id, workspace),
        _ids_of_projects({"collaborator_ids": user_id, "workspace_id": workspace}),
    )
    if not workspaces:
        raise NotSignedIn("Whoever made the API key is no member of its workspace any more.")
    await _note_use(row, moment)
    return Actor(
        user_id,
        "user" if role == "admin" else role,
        workspaces,
        await _with_made(user_id, workspaces, projects),
        key=Id(row["_id"]),
        key_scopes=frozenset(row["scopes"]),
    )


async def _role_of(user_id: Id) -> Any:
    user = await User.collection().find_one(within(True, {"_id": user_id}), {"role": 1})
    if user is None:
        raise NotSignedIn("The account of this token is closed.")
    return user["role"]


async def _check_session(user_id: Id, session: Id | None) -> None:
    if session is None:
        return
    query = within(True, {"_id": session, "user_id": user_id, "revoked_at": None})
    if await LoginSession.collection().find_one(query, {"_id": 1}) is None:
        raise NotSignedIn("The session of this token has ended; sign in again.")


async def _workspaces(user_id: Id, only: Id | None = None) -> dict[Id, MemberRole]:
    query: StoredDocument = {"members.user_id": user_id}
    if only is not None:
        query["_id"] = only
    rows = Workspace.collection().find(within(True, query), {"members.$": 1})
    return {row["_id"]: row["members"][0]["role"] async for row in rows}


async def _with_made(
    user_id: Id, workspaces: Mapping[Id, MemberRole], projects: list[Id]
) -> tuple[Id, ...]:
    """Also the projects that the user made where he may only look by now."""
    if viewed := [key for key, role in workspaces.items() if role == "viewer"]:
        made = {"created_by": user_id, "workspace_id": {"$in": viewed}}
        projects = [*projects, *await _ids_of_projects(made)]
    return tuple(dict.fromkeys(projects))


async def _ids_of_projects(query: dict[str, object]) -> list[Id]:
    return [row["_id"] async for row in Project.collection().find(within(True, query), {"_id": 1})]


async def _note_use(key: StoredDocument, moment: Any) -> None:
    if key["last_used_at"] and key["last_used_at"] > moment - USE_IS_NOTED:
        return
    query = {"_id": key["_id"], "last_used_at": key["last_used_at"]}
    await ApiKey.collection().update_one(query, touched({"$set": {"last_used_at": moment}}))
