"""API keys: `blk_` + eight characters to tell them apart + `_` + the secret, shown once."""

from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.audit.service import tell
from app.core.actor import Actor
from app.core.errors import Invalid, NotFound
from app.core.fields import Projection
from app.identity.revoking import revoke_keys
from app.identity.secrets import digest, new_secret
from app.identity.service import KEY_MARK
from app.identity.workspaces import owners, workspace_in
from documents.base import StoredDocument, within
from documents.identity import ApiKey, LoginSession, OneTimeToken
from documents.registry import COLLECTIONS
from documents.store import Store
from documents.values import Id, now

BEYOND_KEYS: Final = {ApiKey, LoginSession, OneTimeToken}
NAMEABLE: Final = tuple(
    sorted(name for name, model in COLLECTIONS.items() if model not in BEYOND_KEYS)
)
"""The collections that a scope may name."""

MOST_LISTED: Final = 500


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and what opens with it, which nobody sees again."""

    record: ApiKey
    secret: str


async def make_key(
    store: Store,
    actor: Actor,
    workspace: Id,
    name: str,
    scopes: list[str],
    expires_at: datetime | None,
) -> NewKey:
    """A key for one's part in the workspace.

    Raises NotFound where one is no member of it, Invalid for scopes and times that make no sense.
    """
    if workspace not in actor.workspaces:
        raise _refused("workspace_id", "missing_reference", "names nothing in reach")
    for number, scope in enumerate(scopes):
        collection = scope.partition(":")[2]
        if collection != "*" and collection not in NAMEABLE:
            raise _refused(f"scopes.{number}", "unknown_collection", "names no collection of ours")
    if expires_at is not None and expires_at <= now():
        raise _refused("expires_at", "past", "is over already")
    prefix = token_hex(4)
    secret = f"{KEY_MARK}{prefix}_{new_secret()}"
    record = ApiKey(
        workspace_id=workspace,
        created_by=actor.id,
        name=name,
        prefix=f"{KEY_MARK}{prefix}",
        key_hash=digest(secret),
        scopes=sorted({*scopes}),
        expires_at=expires_at,
    )

    async def together(session: AsyncClientSession) -> None:
        await record.insert(session=session)
        await tell(session, actor, None, record)

    await store.in_transaction(together)
    return NewKey(record, secret)


async def revoke_key(store: Store, actor: Actor, key: Id) -> None:
    """End a key that one made, or that somebody made in a workspace that one owns.

    Safe to run again. Raises NotFound.
    """
    owned: dict[str, Any] = {"workspace_id": {"$in": actor.member_as("owner")}}
    scope = actor.is_admin or {"$or": [{"created_by": actor.id}, owned]}

    async def together(session: AsyncClientSession) -> None:
        if await ApiKey.one_in(scope, key, session) is None:
            raise NotFound("There is no such key, or none that you may revoke.")
        await revoke_keys(actor, {"_id": key}, session)

    await store.in_transaction(together)


async def keys_of(actor: Actor, workspace: Id, fields: Projection) -> list[StoredDocument]:
    """These fields of all keys to a workspace that one owns, newest first. Raises NotFound."""
    await workspace_in(owners(actor), workspace)
    rows = ApiKey.collection().find(
        within(True, {"workspace_id": workspace}), fields, sort=[("_id", -1)], limit=MOST_LISTED
    )
    return [row async for row in rows]


def _refused(field: str, code: str, detail: str) -> Invalid:
    problem = {"location": "body", "field": field, "code": code, "detail": detail}
    return Invalid(f"{field} {detail}.", errors=[problem])
