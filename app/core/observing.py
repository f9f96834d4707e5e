"""Sees every request from outside: one line in the log and one measurement for each."""

import logging
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.metrics import Metrics
from app.core.parts import parts_in
from app.core.switchboard import TEMPLATE
from documents.values import Id

UNKNOWN: Final = "unknown"
"""In place of a path that is no route's, so that nobody can make up label values."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Routes that machines ask all the time: logged only where they fail."""

logger = logging.getLogger("app.access")


@dataclass(slots=True)
class Observed:
    """What is known of the request that is being served."""

    actor: Id | None = None
    status: int = 0
    sent: int = 0


_current: ContextVar[Observed | None] = ContextVar("observed", default=None)


def signed_in_as(actor: Id) -> None:
    """Tell the log who asks."""
    if (observed := _current.get()) is not None:
        observed.actor = actor


class Observing:
    """Logs and measures the requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._timers: dict[tuple[Metrics, str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        metrics, observed = parts_in(scope).metrics, Observed()
        token, begun = _current.set(observed), perf_counter()
        metrics.requests_running.inc()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                observed.status = message["status"]
            elif message["type"] == "http.response.body":
                observed.sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            _current.reset(token)
            metrics.requests_running.dec()
            self._ended(metrics, scope, observed, perf_counter() - begun)

    def _ended(self, metrics: Metrics, scope: Scope, observed: Observed, seconds: float) -> None:
        method, route = scope["method"], route_of(scope)
        method = method if method in METHODS else UNKNOWN
        key = (metrics, method, route, observed.status // 100)
        timer = self._timers.get(key)
        if timer is None:
            status = f"{observed.status // 100}xx" if observed.status else UNKNOWN
            timer = self._timers[key] = metrics.request_seconds.labels(method, route, status)
        timer.observe(seconds)
        if route in QUIET and observed.status < 400:
            return
        if logger.isEnabledFor(logging.INFO):
            fields: dict[str, Any] = {
                "method": method,
                "route": route,
                "status": observed.status,
                "ms": round(seconds * 1000, 2),
                "bytes": observed.sent,
            }
            if observed.actor is not None:
                fields["actor"] = str(observed.actor)
            # Not logger.info, which walks the stack to find out which line this is.
            record = logging.LogRecord(logger.name, logging.INFO, "", 0, "request", None, None)
            record.fields = fields
            logger.handle(record)


def route_of(scope: Scope) -> str:
    """The template of the route that served the request, such as `/api/v1/projects/{id}`."""
    if TEMPLATE in scope:
        return str(scope[TEMPLATE])
    # FastAPI's route knows the path below its router only; the whole stands in its own note.
    context = scope.get("fastapi", {}).get("effective_route_context")
    path = getattr(context or scope.get("route"), "path", None)
    return path if isinstance(path, str) else UNKNOWN
