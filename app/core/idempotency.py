"""`Idempotency-Key`: a POST that is sent again runs once, and is answered as it was at first.

The request is noted before it runs, under a unique key, so that of two at once one runs. Its
answer is kept for a day. What failed on our side (5xx) is forgotten, so that it can be tried anew;
what a killed process left running is taken over after a minute. The answer is noted after the
request has done its work: a process killed in between has the work done once more by whoever
takes it over.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any, ClassVar, Final, TypeAlias

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from pymongo.errors import PyMongoError

from app.core.actor import SignedIn
from app.core.errors import Refusal, answer_to
from documents.base import NotUnique
from documents.requests import IdempotentRequest
from documents.values import now

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
KEPT_FOR: Final = timedelta(hours=24)
ABANDONED_AFTER: Final = timedelta(seconds=60)
"""How long a request may run before another one with its key takes its place."""
PATIENCE_SECONDS: Final = 2.0
"""How long the second of two at once waits for the answer of the first."""
LOOK_EVERY_SECONDS: Final = 0.05
LONGEST_KEY: Final = 255
MOST_BYTES: Final = 12 * 1024 * 1024
"""Larger answers don't fit into a document of the store."""
NOT_KEPT: Final = frozenset({"content-length", "date", "set-cookie"})

logger = logging.getLogger(__name__)
Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


class BadIdempotencyKey(Refusal):
    """`Idempotency-Key` is empty, too long or not printable ASCII."""

    status, code = 400, "bad_idempotency_key"


class IdempotencyKeyReused(Refusal):
    """Another request was sent with this `Idempotency-Key` before."""

    status, code = 409, "idempotency_key_reused"


class RequestRunning(Refusal):
    """The request with this `Idempotency-Key` is still running."""

    status, code = 409, "request_running"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "1"}


class AnswerNotKept(Refusal):
    """The request was done before, and its answer was shown then only: it held a secret."""

    status, code = 409, "answer_not_kept"


REFUSALS: Final = (BadIdempotencyKey, IdempotencyKeyReused, RequestRunning, AnswerNotKept)


def asks_who(dependant: Dependant) -> bool:
    """Whether the route wants to know who is asking: keys belong to somebody."""
    return isinstance(dependant.call, SignedIn) or any(map(asks_who, dependant.dependencies))


async def once(request: Request, content: bytes, handler: Handler) -> Response:
    """The handler's answer, or that of the same request before.

    Raises BadIdempotencyKey, IdempotencyKeyReused, RequestRunning, AnswerNotKept, NotSignedIn.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return await handler(request)
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise BadIdempotencyKey(f"`{HEADER}` has 1 to {LONGEST_KEY} printable ASCII characters.")
    actor = await SignedIn()(request)
    asked = {
        "actor_id": actor.key or actor.id,
        "key": key,
        "method": request.method,
        "path": request.url.path,
        "fingerprint": _fingerprint(request, content),
    }
    noted = await _noted(asked)
    if noted.state == "answered":
        return _replayed(noted)
    return await _run(noted, request, handler)


async def _noted(asked: Mapping[str, Any]) -> IdempotentRequest:
    """The request, noted as running and ours to run, or as it was answered before."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        request = IdempotentRequest(**asked, expires_at=now() + KEPT_FOR)
        try:
            return await request.insert()
        except NotUnique:
            known = await _known(asked)
        if known is not None:
            return known
        if time.monotonic() > give_up:
            raise RequestRunning("The same request is still running; ask again for its answer.")
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _known(asked: Mapping[str, Any]) -> IdempotentRequest | None:
    """The request that was noted before, if it is answered, or abandoned and now ours."""
    query = {"actor_id": asked["actor_id"], "key": asked["key"]}
    known = await IdempotentRequest.first_in(True, query)
    if known is None:
        return None
    same = {"_id": known.id, "revision": known.revision}
    if known.expires_at <= now():
        # The store looks for what has expired once a minute only.
        await IdempotentRequest.collection().delete_one(same)
        return None
    if any(getattr(known, name) != asked[name] for name in ("method", "path", "fingerprint")):
        raise IdempotencyKeyReused(f"This `{HEADER}` belongs to another request; make a new one.")
    if known.state == "answered":
        return known
    if known.updated_at < now() - ABANDONED_AFTER:
        return await IdempotentRequest.write_one(same, {})
    return None


async def _run(noted: IdempotentRequest, request: Request, handler: Handler) -> Response:
    mine = {"_id": noted.id, "revision": noted.revision}
    try:
        response = await _answered(request, handler)
    except BaseException:
        await IdempotentRequest.collection().delete_one(mine)
        raise
    try:
        if response.status_code < 500:
            await IdempotentRequest.write_one(mine, {"$set": _kept(response)})
        else:
            await IdempotentRequest.collection().delete_one(mine)
    except PyMongoError as exc:
        # The work is done, and that is what the caller wants to know.
        logger.warning("an answer could not be kept for its Idempotency-Key: %s", exc)
    return response


async def _answered(request: Request, handler: Handler) -> Response:
    """The handler's answer, also where it refuses."""
    try:
        return await handler(request)
    except Exception as exc:
        if (refusal := answer_to(exc)) is None:
            raise
        return refusal


def _kept(response: Response) -> dict[str, Any]:
    """What is kept of an answer; a secret that is shown once is not."""
    body: bytes | None = bytes(getattr(response, "body", b""))
    headers = {name: value for name, value in response.headers.items() if name not in NOT_KEPT}
    secret = "no-store" in headers.get("cache-control", "")
    if secret or not hasattr(response, "body") or len(body or b"") > MOST_BYTES:
        body = None
    status = response.status_code
    return {"state": "answered", "status": status, "headers": headers, "body": body}


def _replayed(known: IdempotentRequest) -> Response:
    if known.body is None:
        raise AnswerNotKept("This request was done before, and its answer was shown then only.")
    assert known.status is not None
    return Response(known.body, known.status, {**known.headers, REPLAYED: "true"})


def _fingerprint(request: Request, content: bytes) -> str:
    return sha256(request.url.query.encode() + b"\0" + content).hexdigest()
