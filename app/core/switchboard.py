"""Finding the route of a request quickly.

FastAPI asks every route in turn, twice at each level of included routers; with some hundreds of
routes that took half of a request's time. Method, first segment and number of segments say which
few routes can be meant; only these are asked. What they don't fit goes FastAPI's own way, which
knows how to redirect and to refuse.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from re import Pattern
from typing import Any, Final, TypeAlias

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.directly import Handler, handler_of
from app.core.tracing import telemetry

TEMPLATE: Final = "backlot.route"
"""Where the scope says which route serves: `/api/v1/projects/{id}`."""


@dataclass(frozen=True, slots=True)
class Place:
    """A route, and how to serve it."""

    template: str
    fits: Pattern[str]
    route: APIRoute
    served: ASGIApp


Places: TypeAlias = Mapping[tuple[str, str, int], list[Place]]
"""By method, first segment and number of segments."""


class Switchboard:
    """Passes a request to the one route that it fits, or on to all of them."""

    def __init__(self, everything: ASGIApp, prefix: str, places: Places, router: Any) -> None:
        self._everything, self._places, self._router = everything, places, router
        self._prefix = f"{prefix}/"
        self._length = len(self._prefix)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if path.startswith(self._prefix):
            segment, _, rest = path[self._length :].partition("/")
            segments = rest.count("/") + 2 if rest else 1
            for place in self._places.get((scope.get("method", ""), segment, segments), ()):
                if found := place.fits.match(path):
                    scope["path_params"] = found.groupdict()
                    scope["endpoint"], scope["route"] = place.route.endpoint, place.route
                    scope["router"], scope[TEMPLATE] = self._router, place.template
                    await place.served(scope, receive, send)
                    return
        await self._everything(scope, receive, send)


def install(app: FastAPI, prefix: str, routers: Iterable[APIRouter]) -> None:
    """Let requests below the prefix go straight to these routers, which the app has included.

    Not where they are traced: FastAPI makes its spans on its own way.
    """
    if telemetry().get("tracing"):
        return
    together = APIRouter(prefix=prefix)
    for each in routers:
        together.include_router(each)
    board = Switchboard(app.router.middleware_stack, prefix, _places(together, prefix), app.router)
    app.router.middleware_stack = board


def _places(router: APIRouter, prefix: str) -> Places:
    places: dict[tuple[str, str, int], list[Place]] = {}
    for context in iter_route_contexts(router.routes):
        template, route = context.path or "", context.original_route
        if not isinstance(route, APIRoute) or ":" in template:
            continue
        direct = handler_of(route)
        served = context.app if direct is None else _served(direct)
        place = Place(template, context.path_regex, route, served)
        segment, *more = template.removeprefix(f"{prefix}/").split("/")
        for method in context.methods or ():
            places.setdefault((method, segment, len(more) + 1), []).append(place)
    return places


def _served(handler: Handler) -> ASGIApp:
    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handler(Request(scope, receive, send))
        await response(scope, receive, send)

    return served
