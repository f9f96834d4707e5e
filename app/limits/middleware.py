"""Rate limits at the door of the API, for requests and for handshakes of WebSockets.

The header fields are those of draft-ietf-httpapi-ratelimit-headers-06 (December 2022), the last
version with `RateLimit-Limit`, `-Remaining` and `-Reset` as fields of their own, and the one that
clients know. `RateLimit-Reset` is in seconds from now.
"""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import problem
from app.core.parts import parts_in
from app.limits.costs import tokens_of
from app.limits.leases import Standing
from app.limits.service import Limits, RateLimited

CHARGED: Final = ("http", "websocket")
ANSWERED: Final = ("http.response.start", "websocket.accept")
DENIAL: Final = "websocket.http.response"
"""The ASGI extension by which a handshake is answered like a request; without it, it is broken off
with 403."""
TRY_LATER: Final = 1013


class RateLimits:
    """Charges each request below `prefix`; those below `prefix/auth/` have a rate of their own."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix, self._auth = f"{prefix}/", f"{prefix}/auth/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, or answer 429."""
        if scope["type"] not in CHARGED or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        limits = parts_in(scope).limits
        if limits is None:
            await self._app(scope, receive, send)
            return
        standing = await self._charged(limits, scope)
        if standing is None:
            await self._app(scope, receive, send)
            return
        if not standing.allowed:
            await _refuse(standing, scope, receive, send)
            return
        fields = _fields(standing)

        async def counted(message: Message) -> None:
            if message["type"] in ANSWERED:
                message["headers"] = [*message.get("headers", ()), *fields]
            await send(message)

        await self._app(scope, receive, counted)

    async def _charged(self, limits: Limits, scope: Scope) -> Standing | None:
        rate, caller = limits.rate_of(scope, scope["path"].startswith(self._auth))
        cost = min(tokens_of(scope), rate.limit)
        standing = limits.leases.held(rate, caller, cost)
        if standing is None:
            standing = await limits.leases.spend(rate, caller, cost)
        decision = "unchecked" if standing is None else _WORDS[standing.allowed]
        limits.counts[rate.name, decision].inc()
        return standing


_WORDS: Final = {True: "allowed", False: "refused"}


def _fields(standing: Standing) -> list[tuple[bytes, bytes]]:
    return [
        (b"ratelimit-limit", b"%d" % standing.limit),
        (b"ratelimit-remaining", b"%d" % standing.remaining),
        (b"ratelimit-reset", b"%d" % standing.reset),
    ]


async def _refuse(standing: Standing, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket" and DENIAL not in scope.get("extensions", {}):
        await send(
            {"type": "websocket.close", "code": TRY_LATER, "reason": "Too much; go on later."}
        )
    else:
        await _refused(standing)(scope, receive, send)


def _refused(standing: Standing) -> ASGIApp:
    headers = {name.decode(): value.decode() for name, value in _fields(standing)}
    return problem(
        RateLimited.status,
        RateLimited.code,
        f"That was too much in too short a time; go on in {standing.reset} s.",
        {**headers, "retry-after": str(standing.reset)},
    )
