"""What several routes of identity need."""

from typing import Any, Final

from fastapi import Response
from starlette.background import BackgroundTask

from app.core.errors import (
    Invalid,
    MalformedBody,
    NotSignedIn,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from app.identity.errors import PersonNeeded
from app.identity.parts import IdentityParts
from app.identity.refreshing import SignIn
from documents.base import StoredDocument
from documents.values import now

BAD_BODY: Final = (MalformedBody, TooLarge, UnsupportedMediaType, Invalid, Unavailable)
PERSON: Final = (NotSignedIn, PersonNeeded, Unavailable)
NOT_STORED: Final = {"Cache-Control": "no-store"}
NOTHING: Final[dict[str, Any]] = {"status_code": 204, "response_model": None}


def done(afterwards: BackgroundTask | None = None, status: int = 204) -> Response:
    """An answer without a body, and what happens once it is sent."""
    return Response(status_code=status, background=afterwards)


def tokens_of(identity: IdentityParts, opened: SignIn) -> StoredDocument:
    """What a client keeps of a sign-in."""
    session = opened.session
    return {
        "access_token": identity.tokens.issue(session.user_id, session.id),
        "token_type": "bearer",
        "expires_in": int(identity.tokens.lifetime.total_seconds()),
        "refresh_token": str(opened.token),
        "refresh_expires_in": int((session.expires_at - now()).total_seconds()),
        "session_id": session.id,
    }
