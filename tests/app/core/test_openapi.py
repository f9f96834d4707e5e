"""The OpenAPI page: valid, whole, and with examples that can be sent."""

from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import SecretStr

from app.api import PREFIX, RESOURCES
from app.core.bodies import StrictRoute
from app.core.examples import SOME_ID
from app.core.idempotency import asks_who
from app.core.openapi import LINES, operations
from app.core.resource import Resource
from app.main import create_app
from app.settings import Settings
from documents.references import references
from documents.store import Store
from tests.app.access_world import Studio
from tests.app.support import API, TOKEN_KEY, as_, codes

JSON: Final = "application/json"


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(Settings(_env_file=None, token_key=SecretStr(TOKEN_KEY)))


@pytest.fixture(scope="module")
def page(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


@pytest.fixture
async def studio(store: Store) -> Studio:
    return await Studio.made(store)


def test_is_valid(page: dict[str, Any]) -> None:
    assert page["openapi"].startswith("3.1")
    assert [*map(str, OpenAPIV31SpecValidator(page).iter_errors())] == []


def test_every_operation_is_in_a_group_that_is_described(page: dict[str, Any]) -> None:
    grouped = [each["tags"] for each in operations(page)]
    assert all(len(each) == 1 for each in grouped)
    names = [each["name"] for each in page["tags"]]
    assert {*names} == {tag for each in grouped for tag in each}
    known = [each for each in names if each in LINES]
    assert known == [each for each in LINES if each in names]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: str(each.path))
def test_operations_are_called_by_verb_and_records(
    page: dict[str, Any], resource: Resource
) -> None:
    known = {each["operationId"] for each in operations(page)}
    plain = {f"{verb}_{resource.name}" for verb in resource.verbs - {"bulk"}}
    if "bulk" in resource.verbs:
        plain |= {f"bulk_{verb}_{resource.name}" for verb in ("create", "delete")}
    assert plain <= known


def test_every_post_of_somebody_can_be_repeated(page: dict[str, Any]) -> None:
    for path, methods in page["paths"].items():
        for method, operation in methods.items():
            names = {each["name"] for each in operation.get("parameters", ())}
            expected = method == "post" and bool(operation.get("security"))
            assert ("Idempotency-Key" in names) is expected, (method, path)


def routes_of(app: FastAPI) -> Iterator[APIRoute]:
    for each in app.routes:
        if isinstance(each, APIRoute) and each.path.startswith(PREFIX):
            yield each


def test_every_route_that_writes_reads_strictly_and_runs_a_repeated_post_once(
    app: FastAPI,
) -> None:
    loose = {
        each.path
        for each in routes_of(app)
        if not isinstance(each, StrictRoute)
        and (each.body_field or ("POST" in (each.methods or ()) and asks_who(each.dependant)))
    }
    assert loose == set()


def fitted(resource: Resource, example: Any, studio: Studio) -> Any:
    """The example with the studio's own ids in the place of the made-up one."""
    body = {**example}
    for path in references(resource.model):
        if body.get(path.field.dotted) == SOME_ID:
            body[path.field.dotted] = str(studio.ids[path.reference.to])
    return body


def example_of(page: dict[str, Any], path: str, method: str) -> Any:
    content = page["paths"][path][method]["requestBody"]["content"]
    return content[JSON]["example"]


def with_verb(verb: str) -> list[Resource]:
    return [each for each in RESOURCES if verb in each.verbs]


@pytest.mark.parametrize("resource", with_verb("create"), ids=lambda each: str(each.path))
async def test_examples_of_creation_run(
    http: httpx.AsyncClient, page: dict[str, Any], studio: Studio, resource: Resource
) -> None:
    path, headers = f"{API}/{resource.path}", as_(studio.world.owner)
    example = fitted(resource, example_of(page, path, "post"), studio)
    unique = {"episode_number": 7, "scene_number": 7, "date": "2026-03-04"}
    example |= {name: value for name, value in unique.items() if name in example}
    answer = await http.post(path, json=example, headers=headers)
    assert answer.status_code == 201, answer.text
    read = await http.get(answer.headers["location"], headers=headers)
    assert read.json() == answer.json()
    assert {name: read.json()[name] for name in example} == example
    if "bulk" in resource.verbs:
        deleted = await http.delete(answer.headers["location"], headers=headers)
        assert deleted.status_code in (200, 204), deleted.text
        [item] = example_of(page, f"{path}/bulk", "post")["items"]
        items = [{**fitted(resource, item, studio), **example}]
        answer = await http.post(f"{path}/bulk", json={"items": items}, headers=headers)
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("resource", with_verb("change"), ids=lambda each: str(each.path))
async def test_examples_of_changes_run(
    http: httpx.AsyncClient, page: dict[str, Any], studio: Studio, resource: Resource
) -> None:
    example = example_of(page, f"{API}/{resource.path}/{{id}}", "patch")
    assert example
    key = studio.ids[resource.model.collection_name()]
    user = studio.world.collaborator if resource.path == "users" else studio.world.owner
    answer = await http.patch(f"{API}/{resource.path}/{key}", json=example, headers=as_(user))
    assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in example} == example


async def test_examples_of_deletion_are_understood(
    http: httpx.AsyncClient, page: dict[str, Any], studio: Studio
) -> None:
    path = f"{API}/projects/bulk-delete"
    example = example_of(page, path, "post")
    answer = await http.post(path, json=example, headers=as_(studio.world.owner))
    assert codes(answer) == (404, "not_found")
