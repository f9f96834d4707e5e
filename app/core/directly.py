"""Calling an endpoint without FastAPI's machinery, where it asks for nothing that needs it.

FastAPI resolves what an endpoint wants anew for every request: that took a third of the time of a
read by id. The plain routes want the same few things, which are put together here by hand. What is
refused is refused in FastAPI's own words.
"""

from collections.abc import Awaitable, Callable
from inspect import Parameter, signature
from typing import Any, Final, TypeAlias

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.core.actor import CurrentActor, SignedIn
from app.core.bodies import StrictRequest, StrictRoute
from app.core.idempotency import once
from app.core.parts import CurrentParts, parts_of
from documents.values import Id

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
Problems: TypeAlias = list[dict[str, Any]]

ALWAYS: Final = {"request": Request, "actor": CurrentActor, "parts": CurrentParts}
"""What an endpoint may ask for by these names and types, beside the two that a client gives."""
KEY: Final = TypeAdapter(Id)
NO_BODY: Final = {"type": "missing", "loc": ("body",), "msg": "Field required", "input": None}
signed_in: Final = SignedIn()


def handler_of(route: object) -> Handler | None:
    """From a request to the answer; None where the route needs FastAPI.

    Served are routes whose endpoint takes `actor` and nothing beside `id`, `body`, `request` and
    `parts`, each with its usual type, and answers with a finished response.
    """
    if not isinstance(route, StrictRoute) or route.dependencies or route.response_model:
        return None
    asked = signature(route.endpoint)
    wanted = {name: each.annotation for name, each in asked.parameters.items()}
    body, key = wanted.pop("body", None), wanted.pop("id", None)
    fits = (
        "actor" in wanted
        and all(ALWAYS.get(name) == kind for name, kind in wanted.items())
        and all(each.default is Parameter.empty for each in asked.parameters.values())
        and (body is None or (isinstance(body, type) and issubclass(body, BaseModel)))
        and key in (None, Id)
        and asked.return_annotation is Response
    )
    if not fits:
        return None
    call = _call(route.endpoint, frozenset(wanted), key is not None, body and TypeAdapter(body))
    posted = "POST" in (route.methods or ())
    return _reading(call, posted) if body or posted else call


def _call(
    endpoint: Callable[..., Awaitable[Response]],
    wanted: frozenset[str],
    keyed: bool,
    body: TypeAdapter[Any] | None,
) -> Handler:
    async def call(request: Request) -> Response:
        given: dict[str, Any] = {"actor": await signed_in(request)}
        problems: Problems = []
        if keyed:
            raw = request.path_params["id"]
            given["id"] = _valid(KEY, raw, ("path", "id"), problems)
        if body is not None:
            if await request.body():
                given["body"] = _valid(body, await request.json(), ("body",), problems)
            else:
                problems.append(NO_BODY)
        if problems:
            raise RequestValidationError(problems)
        if "request" in wanted:
            given["request"] = request
        if "parts" in wanted:
            given["parts"] = parts_of(request)
        return await endpoint(**given)

    return call


def _reading(call: Handler, posted: bool) -> Handler:
    async def strict(request: Request) -> Response:
        checked = StrictRequest(request.scope, request.receive)
        await checked.read()
        return await (once(checked, checked.content, call) if posted else call(checked))

    return strict


def _valid(kind: TypeAdapter[Any], value: Any, where: tuple[str, ...], problems: Problems) -> Any:
    try:
        return kind.validate_python(value, from_attributes=True)
    except ValidationError as exc:
        found = exc.errors(include_url=False)
        problems += [{**each, "loc": (*where, *each["loc"])} for each in found]
        return None
