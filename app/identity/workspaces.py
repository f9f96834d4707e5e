"""Workspaces and who belongs to them.

That a workspace always has an owner is part of each update's own condition, so it holds however
many people leave at once.
"""

from collections.abc import Mapping
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.audit.service import tell
from app.core.access import EVERY_MEMBER, OWNERS, workspace_of
from app.core.actor import Actor
from app.core.errors import NotFound
from app.identity.errors import LastOwner, NotEmpty, PersonalWorkspace
from app.identity.revoking import revoke_keys
from documents.base import Record, Scope, Session, StoredDocument, raised, within
from documents.identity import (
    ApiKey,
    AuditChain,
    AuditEntry,
    Invitation,
    Member,
    MemberRole,
    User,
    Workspace,
)
from documents.ledger import GenerationCost
from documents.production import (
    ArchivedTask,
    Pipeline,
    PromptExecution,
    PromptTemplate,
    Task,
    WebsocketConnection,
)
from documents.references import references
from documents.registry import MODELS
from documents.store import Store
from documents.values import Id, now

LEDGERS: Final[frozenset[type[Record]]] = frozenset(
    {AuditEntry, AuditChain, GenerationCost, PromptExecution, Task, ArchivedTask, Pipeline}
)
"""Records of what happened, which stay, and hold no workspace back."""
GOES_ALONG: Final[frozenset[type[Record]]] = frozenset(
    {ApiKey, Invitation, PromptTemplate, WebsocketConnection}
)
CONTENTS: Final = tuple(
    model
    for model in MODELS
    if model not in LEDGERS | GOES_ALONG
    and any(path.field.dotted == "workspace_id" for path in references(model))
)
"""What has to be gone before its workspace goes."""
owners = workspace_of(*OWNERS)
members = workspace_of(*EVERY_MEMBER)


async def make_workspace(store: Store, actor: Actor, name: str) -> Workspace:
    """A workspace to share, owned by who makes it."""
    first = Member(user_id=actor.id, role="owner")
    workspace = Workspace(name=name, created_by=actor.id, members=[first])

    async def together(session: AsyncClientSession) -> None:
        await workspace.insert(session=session)
        await tell(session, actor, None, workspace)

    await store.in_transaction(together)
    return workspace


async def workspace_in(scope: Scope, key: Id, session: Session = None) -> Workspace:
    """The workspace, where the scope reaches it. Raises NotFound."""
    workspace = await Workspace.one_in(scope, key, session)
    if workspace is None:
        raise NotFound("There is no such workspace, or your part in it does not allow this.")
    return workspace


async def shared_workspace(scope: Scope, key: Id, session: Session = None) -> Workspace:
    """The same, if it is one that people share. Raises NotFound, PersonalWorkspace."""
    workspace = await workspace_in(scope, key, session)
    if workspace.is_personal:
        raise PersonalWorkspace(
            "A personal workspace belongs to its user alone; make a workspace to share, "
            "or add collaborators to a project."
        )
    return workspace


async def members_of(actor: Actor, key: Id) -> list[StoredDocument]:
    """Everybody in the workspace by name; their addresses are for its owners. Raises NotFound."""
    workspace = await workspace_in(members(actor), key)
    ids = [each.user_id for each in workspace.members]
    rows = User.collection().find(within(True, {"_id": {"$in": ids}}), {"name": 1, "email": 1})
    known = {row["_id"]: row async for row in rows}
    owner = actor.is_admin or actor.workspaces.get(key) == "owner"
    return [
        {
            "user_id": each.user_id,
            "name": known[each.user_id]["name"],
            "role": each.role,
            **({"email": known[each.user_id]["email"]} if owner else {}),
        }
        for each in workspace.members
        if each.user_id in known
    ]


async def change_role(store: Store, actor: Actor, key: Id, user: Id, role: MemberRole) -> None:
    """Give a member another part. Raises NotFound, PersonalWorkspace, LastOwner."""
    kept = {} if role == "owner" else _another_owner(user)
    query = within(owners(actor), {"_id": key, "members.user_id": user, **kept})

    async def together(session: AsyncClientSession) -> bool:
        before = await shared_workspace(owners(actor), key, session)
        # The filtered name is the part's own: `$` would not know which condition it stands for.
        done = await Workspace.collection().update_one(
            query,
            raised({"$set": {"members.$[who].role": role}}),
            array_filters=[{"who.user_id": user}],
            session=session,
        )
        after = await Workspace.one_in(True, key, session)
        await tell(session, actor, before, after)
        return bool(done.matched_count)

    if not await store.in_transaction(together):
        await _explain(key, user)


async def remove_member(store: Store, actor: Actor, key: Id, user: Id) -> None:
    """Take a member out, and revoke his keys to the workspace; everybody may leave by himself.

    Raises NotFound, PersonalWorkspace, LastOwner.
    """
    scope = members(actor) if user == actor.id else owners(actor)

    async def together(session: AsyncClientSession) -> bool:
        before = await shared_workspace(scope, key, session)
        query = {"_id": key, "members.user_id": user, **_another_owner(user)}
        update = {"$pull": {"members": {"user_id": user}}}
        after = await Workspace.write_one(within(scope, query), update, session)
        if after is None:
            return False
        await tell(session, actor, before, after)
        await revoke_keys(actor, {"workspace_id": key, "created_by": user}, session)
        return True

    if not await store.in_transaction(together):
        await _explain(key, user)


async def delete_workspace(store: Store, actor: Actor, key: Id) -> None:
    """Put an empty workspace out of sight; what it did and cost stays in the books.

    Raises NotFound, PersonalWorkspace, NotEmpty.
    """

    async def together(session: AsyncClientSession) -> None:
        await shared_workspace(owners(actor), key, session)
        for model in CONTENTS:
            inside = within(True, {"workspace_id": key})
            if await model.collection().find_one(inside, {"_id": 1}, session=session):
                raise NotEmpty(f"The workspace still holds {model.collection_name()}.")
        await hide_workspaces(actor, {"_id": key}, now(), session)

    await store.in_transaction(together)


async def hide_workspaces(
    actor: Actor, query: Mapping[str, Any], moment: Any, session: AsyncClientSession
) -> None:
    """Put workspaces out of sight, with their keys and open invitations."""
    workspaces = await Workspace.all_in(True, query, session=session)
    keys = [each.id for each in workspaces]
    for workspace in workspaces:
        await tell(session, actor, workspace, None)
    hidden = {"$set": {"deleted_at": moment}}
    inside = {"workspace_id": {"$in": keys}}
    await Workspace.collection().update_many(
        {"_id": {"$in": keys}}, raised(hidden), session=session
    )
    await revoke_keys(actor, inside, session)
    await Invitation.collection().update_many(
        {**inside, "status": "pending"},
        raised({"$set": {"status": "revoked", "answered_at": moment}}),
        session=session,
    )


def _another_owner(user: Id) -> StoredDocument:
    """The condition that somebody else owns the workspace, where this member is an owner."""
    return {"members": {"$elemMatch": {"role": "owner", "user_id": {"$ne": user}}}}


async def _explain(key: Id, user: Id) -> None:
    """Why nothing was changed. Raises NotFound or LastOwner."""
    found = await Workspace.first_in(True, {"_id": key, "members.user_id": user})
    if found is None:
        raise NotFound("There is no such member.")
    raise LastOwner("This is the only owner; make somebody else an owner first.")
