"""Naming a record while it is deleted: whoever comes last, nothing dangles (ADR 0007)."""

import asyncio
from dataclasses import replace
from typing import Any, TypeAlias

import httpx
import pytest

from app.core.parts import Parts
from app.core.recording import Change
from documents.films import Character, Episode, Project
from documents.identity import User
from documents.library import Media
from documents.production import Task
from documents.references import check_references
from documents.registry import COLLECTIONS
from documents.scenes import Scene
from documents.values import Id
from tests.app.support import API, World, as_, client_of

Asked: TypeAlias = tuple[str, str, dict[str, Any] | None]
"""Method, path and body of a request."""


class Gate:
    """Holds the first write of one kind within its transaction, until it is opened."""

    def __init__(self, action: str) -> None:
        self._action = action
        self.reached, self.open = asyncio.Event(), asyncio.Event()
        self.told: list[Id] = []

    async def __call__(self, session: Any, *changes: Change) -> None:
        self.told += [each.id for each in changes]
        if any(each.action == self._action for each in changes):
            self.reached.set()
            await self.open.wait()


async def crossed(
    parts: Parts, held: Gate, first: Asked, second: Asked, who: User
) -> list[httpx.Response]:
    """The answers of two requests, of which the second runs while the first is in the middle."""
    async with client_of(replace(parts, record=held)) as client:

        async def ask(method: str, path: str, body: Any) -> httpx.Response:
            return await client.request(method, f"{API}/{path}", json=body, headers=as_(who))

        slow = asyncio.create_task(ask(*first))
        await held.reached.wait()
        quick = await ask(*second)
        held.open.set()
        return [await slow, quick]


async def check_all() -> None:
    """Raises MissingReference where anything dangles."""
    for model in (Project, Episode, Character, Scene, Media):
        for record in await model.all_in(True, {}):
            await check_references(record, COLLECTIONS)


@pytest.mark.parametrize("held", ["create", "delete"])
async def test_a_child_goes_with_its_parent(parts: Parts, world: World, held: str) -> None:
    create: Asked = (
        "POST",
        "characters",
        {"project_id": str(world.project.id), "name": "Isengrim"},
    )
    delete: Asked = ("DELETE", f"projects/{world.project.id}", None)
    first, second = (create, delete) if held == "create" else (delete, create)
    answers = await crossed(parts, Gate(held), first, second, world.owner)
    assert {each.status_code for each in answers} == {201, 204}
    assert await Character.collection().count_documents({}) == 0
    await check_all()


@pytest.mark.parametrize("held", ["create", "delete"])
async def test_several_at_once(parts: Parts, world: World, held: str) -> None:
    delete: Asked = ("POST", "episodes/bulk-delete", {"ids": [str(world.episode.id)]})
    scene = {
        "project_id": str(world.project.id),
        "episode_id": str(world.episode.id),
        "scene_number": 9,
        "title": "x",
    }
    create: Asked = ("POST", "scenes/bulk", {"items": [scene]})
    first, second = (create, delete) if held == "create" else (delete, create)
    answers = await crossed(parts, Gate(held), first, second, world.owner)
    assert {each.status_code for each in answers} == {201, 204}
    assert await Scene.collection().count_documents({}) == 0
    await check_all()


@pytest.mark.parametrize("held", ["change", "delete"])
async def test_a_named_record_is_taken_out(parts: Parts, world: World, held: str) -> None:
    change: Asked = (
        "PATCH",
        f"scenes/{world.scene.id}",
        {"character_ids": [str(world.character.id)]},
    )
    delete: Asked = ("DELETE", f"characters/{world.character.id}", None)
    first, second = (change, delete) if held == "change" else (delete, change)
    answers = await crossed(parts, Gate(held), first, second, world.owner)
    assert {each.status_code for each in answers} == {200}
    scene = await Scene.one_in(True, world.scene.id)
    assert scene is not None
    assert scene.character_ids == []
    await check_all()


async def test_the_files_of_a_late_child_go_too(parts: Parts, world: World) -> None:
    """A file that was moved into an episode while the episode went."""
    change: Asked = ("PATCH", f"media/{world.media.id}", {"episode_id": str(world.episode.id)})
    delete: Asked = ("DELETE", f"episodes/{world.episode.id}", None)
    await crossed(parts, Gate("change"), change, delete, world.owner)
    assert await Media.one_in(True, world.media.id) is None
    tasks = await Task.all_in(True, {"kind": "maintenance.remove_objects"})
    assert [each.input.parameters["keys"] for each in tasks] == [[world.media.storage_key]]


async def test_a_change_of_the_record_that_goes(parts: Parts, world: World) -> None:
    """Both write to the same document, so here the store itself lets one of them win."""
    path = f"projects/{world.project.id}"
    answers = await crossed(
        parts, Gate("delete"), ("DELETE", path, None), ("PATCH", path, {"title": "x"}), world.owner
    )
    assert [each.status_code for each in answers] == [204, 200]
    assert await Project.one_in(True, world.project.id) is None


async def test_children_of_one_parent_do_not_wait_for_each_other(
    parts: Parts, world: World
) -> None:
    """The parent is read, never written: each of many at once runs its transaction once."""
    gate = Gate("nothing")
    async with client_of(replace(parts, record=gate)) as client:
        answers = await asyncio.gather(
            *(
                client.post(
                    f"{API}/characters",
                    json={"project_id": str(world.project.id), "name": str(number)},
                    headers=as_(world.owner),
                )
                for number in range(20)
            )
        )
    assert {each.status_code for each in answers} == {201}
    assert len(gate.told) == len({*gate.told}) == 20


async def test_in_a_crowd(parts: Parts, world: World) -> None:
    async with client_of(parts) as client:
        headers = as_(world.owner)
        creates = [
            client.post(
                f"{API}/characters",
                json={"project_id": str(world.project.id), "name": str(number)},
                headers=headers,
            )
            for number in range(20)
        ]
        delete = client.delete(f"{API}/projects/{world.project.id}", headers=headers)
        *made, gone = await asyncio.gather(*creates[:10], *creates[10:], delete)
    assert gone.status_code == 204
    assert {each.status_code for each in made} <= {201, 422}
    assert await Character.collection().count_documents({}) == 0
    await check_all()
