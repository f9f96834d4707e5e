"""Closing accounts, bringing them back, and what administrators decide about them."""

from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.audit.service import tell
from app.core.actor import Actor
from app.core.errors import NotFound
from app.identity.errors import AdministratorNeeded, LastOwner, TooLate
from app.identity.revoking import revoke_keys, revoke_sessions
from app.identity.workspaces import hide_workspaces
from documents.base import within
from documents.identity import OneTimeToken, Role, Subscription, Tier, User, Workspace
from documents.store import Store
from documents.values import Id, now

KEPT_FOR: Final = timedelta(days=30)
"""How long a closed account can be brought back."""


async def close_account(store: Store, actor: Actor, user: Id) -> None:
    """Close the account: signs it out everywhere, and frees its address for a new one.

    Its own workspaces go out of sight with it, and it leaves those of others. Raises NotFound, or
    LastOwner where other members of a workspace would be left without an owner.
    """

    async def together(session: AsyncClientSession) -> None:
        moment = now()
        closed = await User.write_one(
            within(True, {"_id": user}), {"$set": {"deleted_at": moment}}, session
        )
        if closed is None:
            raise NotFound("There is no such account.")
        await tell(session, actor, closed, None)
        await _leave(actor, user, moment, session)
        await revoke_sessions(user, "closed", session=session)
        await revoke_keys(actor, {"created_by": user}, session)
        await OneTimeToken.collection().delete_many({"user_id": user}, session=session)

    await store.in_transaction(together)


async def restore_account(store: Store, actor: Actor, user: Id) -> User:
    """Open a closed account again, with the workspaces that went with it.

    Sessions, keys and parts in the workspaces of others do not come back. Raises NotFound,
    TooLate, or NotUnique where somebody else has its address by now.
    """

    async def together(session: AsyncClientSession) -> User:
        document = await User.collection().find_one(
            {"_id": user, "deleted_at": {"$ne": None}}, {"deleted_at": 1}, session=session
        )
        if document is None:
            raise NotFound("There is no such closed account.")
        moment = document["deleted_at"]
        if moment < now() - KEPT_FOR:
            raise TooLate(f"An account can be restored for {KEPT_FOR.days} days.")
        opened: dict[str, Any] = {"$set": {"deleted_at": None}}
        restored = await User.write_one({"_id": user, "deleted_at": moment}, opened, session)
        if restored is None:
            raise NotFound("There is no such closed account.")
        await tell(session, actor, None, restored, "restore")
        hidden = {"members.user_id": user, "deleted_at": moment}
        for workspace in await Workspace.all_in(True, hidden, session=session):
            await Workspace.write_one({"_id": workspace.id}, opened, session)
            await tell(session, actor, None, workspace, "restore")
        return restored

    return await store.in_transaction(together)


async def administer(
    store: Store, actor: Actor, user: Id, role: Role | None, tier: Tier | None
) -> None:
    """Set what only administrators decide about an account.

    Raises NotFound; AdministratorNeeded for one's own role, so that one administrator stays.
    """
    changes: dict[str, Any] = {}
    if role is not None:
        if user == actor.id and role != actor.role:
            raise AdministratorNeeded("Let another administrator change your own role.")
        changes["role"] = role
    if tier is not None:
        subscription = Subscription.of(tier).model_dump(exclude={"features"})
        changes |= {f"subscription.{name}": value for name, value in subscription.items()}

    async def together(session: AsyncClientSession) -> None:
        before = await User.one_in(True, user, session)
        after = await User.write_one(within(True, {"_id": user}), {"$set": changes}, session)
        if after is None:
            raise NotFound("There is no such account.")
        await tell(session, actor, before, after)

    await store.in_transaction(together)


async def _leave(actor: Actor, user: Id, moment: datetime, session: AsyncClientSession) -> None:
    """Leave the workspaces of others, and hide those in which nobody else is."""
    query: dict[str, Any] = {"members.user_id": user}
    alone = {**query, "members": {"$size": 1}}
    await hide_workspaces(actor, alone, moment, session)
    for workspace in await Workspace.all_in(True, query, session=session):
        others = [each for each in workspace.members if each.user_id != user]
        if all(each.role != "owner" for each in others):
            raise LastOwner(
                f"{workspace.name!r} has no other owner; make somebody else an owner first, "
                "or remove its members."
            )
        update = {"$pull": {"members": {"user_id": user}}}
        left = await Workspace.write_one({"_id": workspace.id}, update, session)
        await tell(session, actor, workspace, left)
