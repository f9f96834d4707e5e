"""Tiers at the plain routes of projects and episodes."""

import asyncio

import httpx
import pytest

from documents.films import Episode, Project
from documents.identity import User
from tests.app.support import API, World, as_, codes


async def limit(user: User, **limits: int) -> None:
    given = {f"subscription.{name}": value for name, value in limits.items()}
    await User.collection().update_one({"_id": user.id}, {"$set": given})


async def test_projects_beyond_the_tier_are_refused(http: httpx.AsyncClient, world: World) -> None:
    await limit(world.owner, max_projects=2)
    body = {"workspace_id": str(world.workspace.id), "title": "x"}
    answers = await asyncio.gather(
        *(http.post(f"{API}/projects", json=body, headers=as_(world.editor)) for _ in range(4))
    )
    assert sorted(each.status_code for each in answers) == [201, 403, 403, 403]
    refused = next(each for each in answers if each.status_code == 403)
    assert codes(refused) == (403, "limit_reached")
    assert await Project.collection().count_documents({}) == 2


@pytest.mark.parametrize(("more", "status"), [(2, 201), (3, 403)])
async def test_several_count_together(
    http: httpx.AsyncClient, world: World, more: int, status: int
) -> None:
    await limit(world.owner, max_episodes_per_project=3)
    items = [
        {"project_id": str(world.project.id), "episode_number": 2 + number, "title": "x"}
        for number in range(more)
    ]
    answer = await http.post(
        f"{API}/episodes/bulk", json={"items": items}, headers=as_(world.editor)
    )
    assert answer.status_code == status, answer.text
    expected = 1 + (more if status == 201 else 0)
    assert await Episode.collection().count_documents({}) == expected


async def test_a_deleted_project_makes_room(http: httpx.AsyncClient, world: World) -> None:
    await limit(world.owner, max_projects=1)
    body = {"workspace_id": str(world.workspace.id), "title": "x"}
    headers = as_(world.owner)
    assert codes(await http.post(f"{API}/projects", json=body, headers=headers))[0] == 403
    await http.delete(f"{API}/projects/{world.project.id}", headers=headers)
    assert (await http.post(f"{API}/projects", json=body, headers=headers)).status_code == 201
