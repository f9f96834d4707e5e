"""Finding the route of a request quickly.

FastAPI asks every route in turn, and through every level of included routers; with some hundreds
of routes that took half of a request's time. The first segment of the path says which few routers
can be meant; only these are asked.
"""

from collections.abc import Iterable, Mapping

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.types import ASGIApp, Receive, Scope, Send


class Switchboard:
    """Passes a request to the routers of its segment, or to all where it has none of its own."""

    def __init__(self, everything: ASGIApp, prefix: str, routers: Mapping[str, APIRouter]) -> None:
        self._everything, self._routers = everything, routers
        self._prefix = f"{prefix}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if path.startswith(self._prefix):
            segment = path[len(self._prefix) :].partition("/")[0]
            if router := self._routers.get(segment):
                await router.app(scope, receive, send)
                return
        await self._everything(scope, receive, send)


def install(app: FastAPI, prefix: str, routers: Iterable[APIRouter]) -> None:
    """Let requests below the prefix go straight to these routers, which the app has included."""
    by_segment: dict[str, APIRouter] = {}
    for each in routers:
        for segment in _segments(each):
            together = by_segment.setdefault(segment, APIRouter())
            together.include_router(each, prefix=prefix)
    app.router.middleware_stack = Switchboard(app.router.middleware_stack, prefix, by_segment)


def _segments(router: APIRouter) -> list[str]:
    """The first segments of the router's paths."""
    paths = get_openapi(title="", version="", routes=router.routes).get("paths", {})
    return list(dict.fromkeys(path.strip("/").partition("/")[0] for path in paths))
