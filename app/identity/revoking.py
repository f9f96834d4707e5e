"""Ending sessions and keys: access tokens stop working with their session."""

from collections.abc import Mapping
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession

from app.audit.service import tell
from app.core.actor import Actor
from documents.base import Session, touched, within
from documents.identity import ApiKey, AuditActor, LoginSession, Revocation
from documents.values import Id, now


async def revoke_session(
    user: Id, session_id: Id, because: Revocation, session: Session = None
) -> bool:
    """End this session of the user; False where there is no such session that is going on."""
    query = {"_id": session_id, "user_id": user, "revoked_at": None}
    return await _revoke(query, because, session) > 0


async def revoke_sessions(
    user: Id, because: Revocation, *, keep: Id | None = None, session: Session = None
) -> int:
    """End all sessions of the user but the one to keep; answers how many."""
    query: dict[str, Any] = {"user_id": user, "revoked_at": None}
    if keep is not None:
        query["_id"] = {"$ne": keep}
    return await _revoke(query, because, session)


async def revoke_keys(
    actor: Actor | AuditActor, query: Mapping[str, Any], session: AsyncClientSession
) -> int:
    """Revoke the API keys that the query finds; answers how many."""
    living = {**query, "revoked_at": None}
    keys = await ApiKey.all_in(True, living, session=session)
    revoked = {"revoked_at": now()}
    for key in keys:
        await ApiKey.advance_one({"_id": key.id}, {"$set": revoked}, session)
        await tell(session, actor, key, key.model_copy(update=revoked))
    return len(keys)


async def _revoke(query: dict[str, Any], because: Revocation, session: Session) -> int:
    update = touched({"$set": {"revoked_at": now(), "revoked_because": because}})
    done = await LoginSession.collection().update_many(within(True, query), update, session=session)
    return done.modified_count
