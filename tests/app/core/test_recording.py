"""Every plain write is told to the recorder, within its own transaction."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.actor import Actor
from app.core.parts import Parts
from app.core.recording import Change
from documents.films import Character, Episode, Project
from documents.values import Id
from tests.app.support import API, World, as_, client_of

Told = list[Change]


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
async def recorded(parts: Parts, told: Told) -> AsyncIterator[httpx.AsyncClient]:
    async def record(session: AsyncClientSession, *changes: Change) -> None:
        assert session.in_transaction
        told.extend(changes)

    async with client_of(replace(parts, record=record)) as client:
        yield client


async def test_one_after_the_other(recorded: httpx.AsyncClient, told: Told, world: World) -> None:
    headers = as_(world.owner)
    body = {"project_id": str(world.project.id), "name": "Isengrim"}
    made = await recorded.post(f"{API}/characters", json=body, headers=headers)
    path = made.headers["location"]
    await recorded.patch(path, json={"name": "Hersent"}, headers=headers)
    await recorded.delete(path, headers=headers)
    assert [each.action for each in told] == ["create", "change", "delete"]
    assert {each.id for each in told} == {Id(made.json()["id"])}
    assert {each.workspace_id for each in told} == {world.workspace.id}
    assert {each.actor.id for each in told if isinstance(each.actor, Actor)} == {world.owner.id}
    assert {each.model for each in told} == {Character}
    create, change, delete = told
    assert create.before is None
    assert create.after
    assert change.before
    assert change.after
    assert (change.before["name"], change.after["name"]) == ("Isengrim", "Hersent")
    assert (change.before["revision"], change.after["revision"]) == (1, 2)
    assert delete.before == change.after
    assert delete.after is None


async def test_each_of_several(recorded: httpx.AsyncClient, told: Told, world: World) -> None:
    headers = as_(world.owner)
    items = [{"project_id": str(world.project.id), "name": name} for name in "ABC"]
    answer = await recorded.post(f"{API}/characters/bulk", json={"items": items}, headers=headers)
    ids = [each["id"] for each in answer.json()["data"]]
    await recorded.post(f"{API}/characters/bulk-delete", json={"ids": ids}, headers=headers)
    assert [each.action for each in told] == ["create"] * 3 + ["delete"] * 3


async def test_nothing_is_written_where_it_cannot_be_recorded(parts: Parts, world: World) -> None:
    async def broken(session: AsyncClientSession, *changes: Change) -> None:
        raise RuntimeError("the books are full")

    path = f"{API}/episodes/{world.episode.id}"
    second = {"project_id": str(world.project.id), "episode_number": 2, "title": "x"}
    asked: list[tuple[str, str, Any]] = [
        ("POST", f"{API}/episodes", second),
        ("POST", f"{API}/episodes/bulk", {"items": [second]}),
        ("PATCH", path, {"title": "x"}),
        ("DELETE", path, None),
        ("DELETE", f"{API}/projects/{world.project.id}", None),
        ("POST", f"{API}/episodes/bulk-delete", {"ids": [str(world.episode.id)]}),
    ]
    async with client_of(replace(parts, record=broken)) as client:
        for method, where, body in asked:
            answer = await client.request(method, where, json=body, headers=as_(world.owner))
            assert answer.status_code == 500, (method, where)
    [episode] = await Episode.all_in(True, {})
    assert (episode.title, episode.revision) == ("Pilot", 1)
    assert await Project.one_in(True, world.project.id) is not None


async def test_refusals_are_not_told(recorded: httpx.AsyncClient, told: Told, world: World) -> None:
    body = {"project_id": str(world.project.id), "episode_number": 1, "title": "Again"}
    headers = as_(world.owner)
    await recorded.patch(f"{API}/episodes/{Id()}", json={"title": "x"}, headers=headers)
    await recorded.delete(f"{API}/projects/{world.project.id}", headers=as_(world.editor))
    guarded = {**headers, "If-Match": '"9"'}
    await recorded.delete(f"{API}/projects/{world.project.id}", headers=guarded)
    answer = await recorded.post(f"{API}/episodes", json={**body, "title": ""}, headers=headers)
    assert answer.status_code == 422
    assert told == []
