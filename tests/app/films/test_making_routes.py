"""Planning and making films over HTTP: what is asked, begun and refused."""

import asyncio
from typing import Any

import httpx
import pytest

from documents.films import Episode, Project
from documents.production import Pipeline, Task
from documents.scenes import Scene
from documents.values import Id, now
from tests.app.support import API, World, as_, codes
from tests.factories.records import valid

LINES = [{"lines": "Look before you leap."}, {"lines": "I will."}]


@pytest.fixture
async def scene(world: World) -> Scene:
    """A written scene of which nothing is made."""
    inside = {"workspace_id": world.workspace.id, "project_id": world.project.id}
    made = valid(
        Scene,
        **inside,
        episode_id=world.episode.id,
        scene_number=2,
        script={"action": "A fox sits in a well.", "dialogue": LINES},
        storyboard={"panels": [{"panel_number": 1}, {"panel_number": 2}]},
    )
    return await made.insert()


async def post(
    http: httpx.AsyncClient, world: World, path: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    return await http.post(f"{API}/{path}", json=body or {}, headers=as_(world.editor))


async def current(scene: Scene) -> Scene:
    found = await Scene.one_in(True, scene.id)
    assert found is not None
    return found


async def nothing_was_begun() -> bool:
    counts = [await m.collection().count_documents({}) for m in (Pipeline, Task)]
    return not any(counts)


async def test_a_plan_says_what_would_be_done_and_begins_nothing(
    http: httpx.AsyncClient, world: World, scene: Scene
) -> None:
    answer = await post(http, world, f"episodes/{world.episode.id}/plan")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["by_work"] == {"speech": 1, "music": 2, "panel": 2, "render": 2, "film": 1}
    assert shown["calls"] == 2 + 2 + 2
    assert (shown["estimated_cost"], shown["unpriced_calls"]) == ("0", 0)
    assert await nothing_was_begun()
    whole = await post(http, world, f"projects/{world.project.id}/plan")
    assert whole.json()["tasks"] == shown["tasks"]
    seen = await http.post(
        f"{API}/episodes/{world.episode.id}/plan", json={}, headers=as_(world.viewer)
    )
    assert seen.status_code == 200


async def test_an_episode_is_generated_once_at_a_time(
    http: httpx.AsyncClient, world: World, scene: Scene
) -> None:
    path = f"episodes/{world.episode.id}/generate"
    both = await asyncio.gather(post(http, world, path), post(http, world, path))
    assert sorted(each.status_code for each in both) == [200, 409]
    [begun] = [each.json() for each in both if each.status_code == 200]
    pipeline = await Pipeline.one_in(True, Id(begun["pipeline_id"]))
    assert pipeline is not None
    tasks = await Task.all_in(True, {"pipeline_id": pipeline.id})
    assert pipeline.task_count == len(tasks) == begun["plan"]["tasks"] + 1
    assert {each.kind for each in tasks} >= {"films.draw_panel", "films.assemble_episode"}
    assert (await current(scene)).production.status == "generating"
    # A scene without a storyboard got one panel of what happens in it.
    assert len((await current(world.scene)).storyboard.panels) == 1


async def test_refusals_begin_nothing(http: httpx.AsyncClient, world: World, scene: Scene) -> None:
    for body in ({"seed": -1}, {"outdated": "yes"}, {"media_ids": ["x"]}, {"no": 1}):
        refused = await post(http, world, f"scenes/{scene.id}/generate", body)
        assert refused.status_code == 422, refused.text
    refused = await post(http, world, f"scenes/{scene.id}/takes")
    assert codes(refused) == (422, "invalid")
    refused = await post(http, world, f"scenes/{scene.id}/panels/9/takes")
    assert codes(refused) == (404, "not_found")
    refused = await post(http, world, f"scenes/{scene.id}/takes", {"lines": [2]})
    assert codes(refused) == (404, "not_found")
    refused = await post(http, world, f"episodes/{world.episode.id}/assemble")
    assert codes(refused) == (409, "wrong_state")
    chosen = {"media_ids": [str(world.media.id)]}
    refused = await post(http, world, f"projects/{world.project.id}/refresh", chosen)
    assert codes(refused) == (409, "wrong_state")
    for user in (world.viewer, world.stranger):
        path = f"{API}/episodes/{world.episode.id}/generate"
        refused = await http.post(path, json={}, headers=as_(user))
        assert codes(refused) == (404, "not_found")
    assert await nothing_was_begun()
    assert (await current(scene)).production.status == "pending"


async def test_nothing_is_made_for_an_archived_project_or_without_scenes(
    http: httpx.AsyncClient, world: World
) -> None:
    empty = await valid(
        Episode,
        workspace_id=world.workspace.id,
        project_id=world.project.id,
        episode_number=2,
    ).insert()
    refused = await post(http, world, f"episodes/{empty.id}/generate")
    assert codes(refused) == (409, "wrong_state")
    await Project.advance_one({"_id": world.project.id}, {"$set": {"archived_at": now()}})
    refused = await post(http, world, f"episodes/{world.episode.id}/generate")
    assert codes(refused) == (409, "wrong_state")
    assert await nothing_was_begun()


async def test_a_take_is_chosen_and_voids_the_approval(
    http: httpx.AsyncClient, world: World, scene: Scene
) -> None:
    takes = [{"number": number, "media_id": Id(), "made_at": now()} for number in (1, 2)]
    panels = [{"panel_number": 1, "image_id": takes[1]["media_id"], "takes": takes}]
    with_takes = Scene.model_validate({**scene.stored(), "storyboard": {"panels": panels}})
    content = {"content_hash": with_takes.content_hash, "at": now()}
    approved = Scene.model_validate(
        {
            **with_takes.stored(),
            "approval": content,
            "production": {**with_takes.production.model_dump(), "status": "approved"},
        }
    )
    await Scene.collection().replace_one({"_id": scene.id}, approved.stored())
    path = f"{API}/scenes/{scene.id}/panels/1/take"
    missing = await http.put(path, json={"number": 3}, headers=as_(world.editor))
    assert codes(missing) == (404, "not_found")
    answer = await http.put(path, json={"number": 1}, headers=as_(world.editor))
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["storyboard"]["panels"][0]["image_id"] == str(takes[0]["media_id"])
    assert (shown["approval"], shown["production"]["status"]) == (None, "reviewing")
    assert shown["revision"] == 2
    assert shown["content_hash"] != approved.content_hash


async def test_an_edited_panel_keeps_its_takes(
    http: httpx.AsyncClient, world: World, scene: Scene
) -> None:
    takes = [{"number": 1, "media_id": world.media.id, "made_at": now()}]
    panels = [{"panel_number": 1, "image_id": world.media.id, "takes": takes}]
    await Scene.collection().update_one(
        {"_id": scene.id},
        {
            "$set": {
                "storyboard": Scene.model_validate(
                    {**scene.stored(), "storyboard": {"panels": panels}}
                ).storyboard.model_dump()
            }
        },
    )
    edited = [{"panel_number": 1, "description": "New", "image_id": str(world.media.id)}]
    answer = await http.patch(
        f"{API}/scenes/{scene.id}",
        json={"storyboard": {"panels": edited}},
        headers=as_(world.editor),
    )
    assert answer.status_code == 200, answer.text
    [panel] = answer.json()["storyboard"]["panels"]
    assert panel["description"] == "New"
    assert [each["number"] for each in panel["takes"]] == [1]
