"""Header fields that tell browsers to be careful with our answers."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOTHING: Final = "default-src 'none'; frame-ancestors 'none'"
"""The policy of everything but pages for people, which send their own."""
YEAR: Final = 365 * 24 * 60 * 60

HSTS: Final = (b"strict-transport-security", b"max-age=%d" % YEAR)


class SecurityHeaders:
    """Adds them to every answer that does not bring its own.

    `shared` says that pages of other origins may use the answers: what CORS is configured for.
    """

    def __init__(self, app: ASGIApp, *, shared: bool = False) -> None:
        self._app = app
        self._fields = (
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"no-referrer"),
            (b"content-security-policy", NOTHING.encode()),
            (b"cross-origin-resource-policy", b"cross-origin" if shared else b"same-origin"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        fields = (*self._fields, HSTS) if scope.get("scheme") == "https" else self._fields

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [*message["headers"]]
                own = {name.lower() for name, _ in given}
                message["headers"] = given + [each for each in fields if each[0] not in own]
            await send(message)

        await self._app(scope, receive, guarded)
