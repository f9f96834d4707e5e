"""Ending sessions and keys: access tokens stop working with their session."""

from collections.abc import Mapping
from typing import Any

from documents.base import Session, touched, within
from documents.identity import ApiKey, LoginSession, Revocation
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


async def revoke_keys(query: Mapping[str, Any], session: Session = None) -> int:
    """Revoke the API keys that the query finds; answers how many."""
    living = within(True, {**query, "revoked_at": None})
    update = touched({"$set": {"revoked_at": now()}})
    return (await ApiKey.collection().update_many(living, update, session=session)).modified_count


async def _revoke(query: dict[str, Any], because: Revocation, session: Session) -> int:
    update = touched({"$set": {"revoked_at": now(), "revoked_because": because}})
    done = await LoginSession.collection().update_many(within(True, query), update, session=session)
    return done.modified_count
