"""What an API key may do at every plain route, by its scopes."""

from typing import Any

import httpx
import pytest

from app.api import RESOURCES
from app.core.examples import SOME_ID, change_example, create_example
from app.core.resource import Resource
from app.core.schemas import change_schema, create_schema
from documents.identity import ApiKey
from documents.store import Store
from tests.app.access_world import KEY, Studio
from tests.app.support import API, codes

AS_KEY = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
async def studio(store: Store) -> Studio:
    return await Studio.made(store)


async def grant(*scopes: str) -> None:
    await ApiKey.collection().update_many({}, {"$set": {"scopes": [*scopes]}})


def asked(resource: Resource, studio: Studio, verb: str) -> tuple[str, str, Any]:
    """Method, path and body of a request for this verb."""
    path, model = f"{API}/{resource.path}", resource.model
    one = f"{path}/{studio.ids[model.collection_name()]}"
    if verb in ("list", "read", "delete"):
        return {
            "list": ("GET", path, None),
            "read": ("GET", one, None),
            "delete": ("DELETE", one, None),
        }[verb]
    if verb == "change":
        return "PATCH", one, change_example(change_schema(model))
    body = create_example(create_schema(model))
    if verb == "create":
        return "POST", path, body
    return "POST", f"{path}/bulk-delete", {"ids": [SOME_ID]}


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: str(each.path))
async def test_each_verb_needs_its_scope(
    http: httpx.AsyncClient, studio: Studio, resource: Resource
) -> None:
    name = resource.model.collection_name()
    for verb in sorted(resource.verbs):
        method, path, body = asked(resource, studio, verb)
        await grant(f"read:{name}") if verb not in ("list", "read") else await grant("read:other")
        answer = await http.request(method, path, json=body, headers=AS_KEY)
        assert codes(answer) == (403, "scope_missing"), verb
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
        if verb in ("list", "read"):
            for scope in (f"read:{name}", f"write:{name}", "read:*"):
                await grant(scope)
                answer = await http.request(method, path, headers=AS_KEY)
                assert answer.status_code in (200, 404), (verb, scope)


async def test_what_is_included_needs_its_own_scope(
    http: httpx.AsyncClient, studio: Studio
) -> None:
    path = f"{API}/episodes/{studio.world.episode.id}"
    await grant("read:episodes")
    answer = await http.get(path, params={"include": "project"}, headers=AS_KEY)
    assert codes(answer) == (403, "scope_missing")
    await grant("read:episodes", "read:projects")
    answer = await http.get(path, params={"include": "project"}, headers=AS_KEY)
    assert answer.json()["project"]["title"] == "The Fox"


async def test_writing_with_its_scope(http: httpx.AsyncClient, studio: Studio) -> None:
    await grant("write:characters")
    body = {"project_id": str(studio.world.project.id), "name": "Isengrim"}
    made = await http.post(f"{API}/characters", json=body, headers=AS_KEY)
    assert made.status_code == 201, made.text
    path = made.headers["location"]
    changed = await http.patch(path, json={"name": "Hersent"}, headers=AS_KEY)
    assert changed.status_code == 200
    assert (await http.delete(path, headers=AS_KEY)).status_code == 200
