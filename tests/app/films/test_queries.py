"""The queries of the specification: each is answered, and by an index, as the store itself says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from app.films.kinds import RENDER_SCENE, RenderScene
from app.production import tasks
from app.production.tasks import Ownership, new_task
from documents.base import StoredDocument
from documents.films import Project
from documents.library import Media
from documents.production import Task
from documents.scenes import Scene
from documents.store import Store
from documents.values import Id
from tests.app.library.search.support import found, made_media, use
from tests.app.support import World, rows
from tests.factories.records import valid
from workers.runtime import claims
from workers.runtime.fairness import FairShare

ASKING = ("find", "aggregate", "findAndModify")


@asynccontextmanager
async def profiled(store: Store, collection: str) -> AsyncIterator[list[StoredDocument]]:
    """What the store notes of the questions to this collection in the course of the block."""
    seen: list[StoredDocument] = []
    database = store.database
    await database.command("profile", 2)
    try:
        yield seen
    finally:
        await database.command("profile", 0)
        about = {"ns": f"{database.name}.{collection}"}
        seen += [
            each
            async for each in database["system.profile"].find(about)
            if each["command"].keys() & {*ASKING}
        ]
        await database.drop_collection("system.profile")


def plans(seen: list[StoredDocument]) -> list[str]:
    """How each was answered; none sorted in memory."""
    assert seen, "nothing was asked"
    assert not any(each.get("hasSortStage") for each in seen), seen
    return [each["planSummary"] for each in seen]


async def test_projects_of_a_user_with_a_status(
    http: httpx.AsyncClient, world: World, store: Store
) -> None:
    inside = {"workspace_id": world.workspace.id, "created_by": world.editor.id}
    wanted = [valid(Project, **inside, status="production") for _ in range(3)]
    others = [
        valid(Project, **inside, status="concept"),
        valid(Project, **{**inside, "created_by": world.owner.id}, status="production"),
    ]
    await Project.insert_all([*wanted, *others])
    asked = {"created_by": str(world.editor.id), "status": "production"}
    async with profiled(store, "projects") as seen:
        answered = await rows(http, "projects", world.viewer, **asked)
    assert {each["id"] for each in answered} == {str(each.id) for each in wanted}
    plan = "IXSCAN { created_by: 1, status: 1, _id: 1 }"
    assert plan in plans(seen)
    assert len(await rows(http, "projects", world.viewer, created_by=str(world.editor.id))) == 4
    assert await rows(http, "projects", world.stranger, **asked) == []


async def test_scenes_of_an_episode_in_order(
    http: httpx.AsyncClient, world: World, store: Store
) -> None:
    inside = {"workspace_id": world.workspace.id, "project_id": world.project.id}
    about = {**inside, "episode_id": world.episode.id}
    await Scene.insert_all([valid(Scene, **about, scene_number=n) for n in (4, 2, 3)])
    await valid(Scene, **inside, episode_id=Id(), scene_number=1).insert()
    asked = {"episode_id": str(world.episode.id), "sort": "scene_number"}
    async with profiled(store, "scenes") as seen:
        answered = await rows(http, "scenes", world.viewer, **asked)
    assert [each["scene_number"] for each in answered] == [1, 2, 3, 4]
    assert plans(seen) == ["IXSCAN { episode_id: 1, scene_number: 1, _id: 1 }"]


async def test_media_of_a_project_by_type(
    http: httpx.AsyncClient, world: World, store: Store
) -> None:
    inside = {"workspace_id": world.workspace.id, "project_id": world.project.id}
    wanted = [valid(Media, **inside, media_type="character_design") for _ in range(3)]
    await Media.insert_all([*wanted, valid(Media, **inside, media_type="storyboard")])
    asked = {"project_id": str(world.project.id), "media_type": "character_design"}
    async with profiled(store, "media") as seen:
        answered = await rows(http, "media", world.viewer, **asked)
    assert {each["id"] for each in answered} == {str(each.id) for each in wanted}
    assert plans(seen) == ["IXSCAN { project_id: 1, media_type: 1, _id: 1 }"]


@pytest.fixture
async def queue(world: World) -> list[Task]:
    """Tasks of some priorities, the best first."""
    owner = Ownership(workspace_id=world.workspace.id, project_id=world.project.id)
    made = [
        new_task(RENDER_SCENE, RenderScene(scene_id=world.scene.id), owner, priority=priority)
        for priority in (9, 5, 5, 1)
    ]
    await tasks.add([*reversed(made)])
    return made


async def test_pending_tasks_by_priority(queue: list[Task], store: Store) -> None:
    source = Task.collection()
    order = [("priority", -1), ("created_at", 1)]
    async with profiled(store, "tasks") as seen:
        answered = await source.find({"status": "queued"}, sort=order).to_list()
    assert [each["priority"] for each in answered] == [9, 5, 5, 1]
    assert plans(seen) == ["IXSCAN { status: 1, priority: -1, created_at: 1 }"]


async def test_workers_take_them_in_that_order(queue: list[Task], store: Store) -> None:
    async with profiled(store, "tasks") as seen:
        claimed = await claims.claim("worker", {"cpu": 1}, 30, FairShare())
    assert [each.priority for each in claimed] == [9]
    assert seen
    assert not any("COLLSCAN" in each.get("planSummary", "") for each in seen), seen


async def test_similar_media(http: httpx.AsyncClient, world: World, store: Store) -> None:
    """On a server without `$vectorSearch`: the vectors are found by an index of their own."""
    await use()
    one = await made_media(world, 1, 0, 0, 0, description="one")
    await made_media(world, 1, 1, 0, 0, description="near")
    await made_media(world, 0, 1, 0, 0, description="far")
    async with profiled(store, "media") as seen:
        assert await found(http, world.viewer, media_id=str(one.id)) == ["near", "far"]
    assert all(each.startswith(("IXSCAN", "IDHACK", "EOF")) for each in plans(seen)), seen


def test_every_plan_is_looked_at() -> None:
    sorted_in_memory: Any = {"hasSortStage": True, "planSummary": "IXSCAN"}
    with pytest.raises(AssertionError):
        plans([sorted_in_memory])
    with pytest.raises(AssertionError):
        plans([])
