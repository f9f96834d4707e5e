"""What a path answers to a method that it does not take."""

import httpx
import pytest

from documents.values import Id
from tests.app.support import API, World, as_, codes

SOMEBODYS = Id("6b0118a1b6525c25db3ac9a0")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("OPTIONS", "/projects", "GET, POST"),
        ("PUT", f"/projects/{SOMEBODYS}", "DELETE, GET, PATCH"),
        # Not a record with the id `bulk`.
        ("PATCH", "/projects/bulk", "POST"),
        ("PATCH", "/users/me", "GET"),
        # Not an unknown verb of a pipeline.
        ("POST", f"/pipelines/{SOMEBODYS}/graph", "GET"),
    ],
)
async def test_every_method_of_the_path_is_named(
    http: httpx.AsyncClient, world: World, method: str, path: str, allowed: str
) -> None:
    answer = await http.request(method, f"{API}{path}", json={}, headers=as_(world.owner))
    assert codes(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


async def test_an_id_that_is_none_is_no_question_of_methods(
    http: httpx.AsyncClient, world: World
) -> None:
    answer = await http.get(f"{API}/projects/fox", headers=as_(world.owner))
    assert codes(answer) == (422, "invalid")
