"""Oneself, as one is shown."""

from app.core.actor import Actor
from app.core.parts import Parts
from app.identity.resources import USERS
from documents.base import StoredDocument
from documents.identity import Workspace


async def me(actor: Actor, parts: Parts) -> StoredDocument:
    """One's account and the workspaces that one reaches."""
    reading = USERS.reading
    user = await reading.fetched(parts, True, actor.id, USERS.listing.fields.plain)
    rows = parts.reading[Workspace.collection_name()].find(
        {"_id": {"$in": [*actor.workspaces]}}, {"name": 1, "is_personal": 1}, sort=[("_id", 1)]
    )
    workspaces = [
        {
            "id": row["_id"],
            "name": row["name"],
            "role": actor.workspaces[row["_id"]],
            "is_personal": row["is_personal"],
        }
        async for row in rows
    ]
    return {**reading.shown(user), "workspaces": workspaces}
