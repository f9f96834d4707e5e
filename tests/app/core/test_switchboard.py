"""Requests that go straight to their route answer as FastAPI's own way would."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel

from app.core import errors, switchboard
from app.core.actor import Actor, CurrentActor
from app.core.bodies import StrictRoute
from app.core.directly import handler_of
from app.core.observing import route_of
from app.core.parts import CurrentParts, Parts, keep
from documents.values import Id
from tests.app.support import World, as_

PREFIX = "/api/v1"
SOME = "0123456789abcdef01234567"


class Given(BaseModel):
    name: str
    size: int = 1


router = APIRouter(prefix="/things", route_class=StrictRoute)


@router.get("", response_model=None)
async def listed(actor: CurrentActor, parts: CurrentParts) -> Response:
    return Response(f"{type(actor).__name__} {type(parts).__name__}")


@router.get("/{id}", response_model=None)
async def read(id: Id, request: Request, actor: CurrentActor) -> Response:
    return Response(f"{id} {route_of(request.scope)}")


@router.patch("/{id}", response_model=None)
async def change(id: Id, body: Given, actor: CurrentActor) -> Response:
    return Response(f"{id} {body.name} {body.size}")


@router.get("/{id}/parts", response_model=None)
async def needs_fastapi(id: Id, actor: CurrentActor, deep: bool = False) -> Response:
    return Response(f"{id} {deep}")


@pytest.fixture(params=["directly", "by fastapi"])
async def things(request: pytest.FixtureRequest, parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    errors.install(app)
    app.include_router(router, prefix=PREFIX)
    if request.param == "directly":
        switchboard.install(app, PREFIX, [router])
    keep(app, parts)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def test_what_asks_for_more_than_the_usual_is_left_to_fastapi() -> None:
    direct = {
        route.endpoint.__name__  # type: ignore[attr-defined]
        for route in router.routes
        if handler_of(route) is not None
    }
    assert direct == {"listed", "read", "change"}


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/things", 200, f"{Actor.__name__} {Parts.__name__}"),
        ("GET", f"/things/{SOME}", 200, f"{SOME} {PREFIX}/things/{{id}}"),
        ("GET", f"/things/{SOME}/parts?deep=true", 200, f"{SOME} True"),
        ("GET", "/things/none", 422, "id"),
        ("DELETE", f"/things/{SOME}", 405, "method_not_allowed"),
        ("GET", f"/things/{SOME}/others", 404, "not_found"),
        ("GET", f"/others/{SOME}", 404, "not_found"),
    ],
)
async def test_finds_the_route(
    things: httpx.AsyncClient, world: World, method: str, path: str, status: int, text: str
) -> None:
    answer = await things.request(method, f"{PREFIX}{path}", headers=as_(world.owner))
    assert answer.status_code == status
    assert text in answer.text


@pytest.mark.parametrize(
    ("key", "body", "refused"),
    [
        (SOME, b'{"name": "Fox", "size": 2}', []),
        (SOME, b'{"size": "many"}', [("body", "name", "missing"), ("body", "size", "int_parsing")]),
        (SOME, b"[]", [("body", "", "model_attributes_type")]),
        (SOME, b"null", [("body", "", "model_attributes_type")]),
        (SOME, b"", [("body", "", "missing")]),
        ("none", b"{}", [("path", "id", None), ("body", "name", "missing")]),
    ],
)
async def test_refuses_in_the_same_words(
    things: httpx.AsyncClient,
    world: World,
    key: str,
    body: bytes,
    refused: list[tuple[str, str, str | None]],
) -> None:
    headers = {**as_(world.owner), "content-type": "application/json"}
    answer = await things.patch(f"{PREFIX}/things/{key}", content=body, headers=headers)
    if not refused:
        assert (answer.status_code, answer.text) == (200, f"{SOME} Fox 2")
        return
    assert answer.status_code == 422
    found = answer.json()["errors"]
    assert [(each["location"], each["field"]) for each in found] == [each[:2] for each in refused]
    for (_, _, code), each in zip(refused, found, strict=True):
        assert code in (None, each["code"])


async def test_asks_who_comes_before_anything_else(things: httpx.AsyncClient) -> None:
    answer = await things.patch(f"{PREFIX}/things/none", json={"size": "many"})
    assert answer.status_code == 401
    assert (await things.get(f"{PREFIX}/things/none")).status_code == 401
