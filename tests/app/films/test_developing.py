"""Beginning to develop a project, over HTTP."""

import asyncio
from typing import Any

import httpx
import pytest

from documents.films import Episode, Project
from documents.identity import Subscription, User
from documents.library import Media
from documents.production import Pipeline, Task
from documents.values import now
from tests.app.support import API, World, as_, codes

IDEA = "A lonely robot learns to paint."


async def develop(
    http: httpx.AsyncClient, world: World, user: User | None = None, **body: Any
) -> httpx.Response:
    return await http.post(
        f"{API}/projects/{world.project.id}/develop",
        json={"text": IDEA, **body},
        headers=as_(user or world.editor),
    )


async def nothing_is_begun(world: World) -> bool:
    counts = [await model.collection().count_documents({}) for model in (Pipeline, Task)]
    stories = await Media.collection().count_documents({"tags": "story"})
    return not any([*counts, stories])


async def test_it_begins_with_a_story_and_a_task(http: httpx.AsyncClient, world: World) -> None:
    answer = await develop(http, world, episodes=2, seed=7, write_scripts=False)
    assert answer.status_code == 202, answer.text
    begun = answer.json()
    assert (begun["episodes"], begun["first_number"]) == (2, 2)
    [pipeline], [task] = await Pipeline.all_in(True, {}), await Task.all_in(True, {})
    [story] = await Media.all_in(True, {"tags": "story"})
    assert (str(pipeline.id), task.pipeline_id) == (begun["pipeline_id"], pipeline.id)
    assert (task.kind, task.project_id) == ("films.develop", world.project.id)
    assert task.input.parameters == {
        "project_id": world.project.id,
        "source_id": story.id,
        "episodes": 2,
        "as_it_is": False,
        "seed": 7,
        "write_scripts": False,
    }
    assert (story.filesize, story.created_by) == (len(IDEA), world.editor.id)
    assert codes(await develop(http, world)) == (409, "wrong_state")


async def test_of_two_at_once_one_begins(http: httpx.AsyncClient, world: World) -> None:
    answers = await asyncio.gather(*(develop(http, world, episodes=1) for _ in range(3)))
    assert sorted(each.status_code for each in answers) == [202, 409, 409]
    assert await Pipeline.collection().count_documents({}) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"episodes": 51}, "invalid"),
        ({"episodes": 0}, "invalid"),
        ({"episodes": 50}, "too_many_episodes"),
        ({"text": ""}, "invalid"),
        ({"text": " \n "}, "unusable_story"),
        ({"text": "12 34 !?"}, "unusable_story"),
        ({"text": "\x01\x02\x03\x04abc"}, "unusable_story"),
        ({"text": "x" * 1_000_001}, "invalid"),
    ],
)
async def test_of_what_no_series_can_be_made_is_refused_and_nothing_written(
    body: dict[str, Any], code: str, http: httpx.AsyncClient, world: World
) -> None:
    rich = Subscription.of("enterprise").model_dump()
    await User.collection().update_many({}, {"$set": {"subscription": rich}})
    assert codes(await develop(http, world, **body)) == (422, code)
    assert await nothing_is_begun(world)


async def test_more_than_the_tier_allows_is_refused(http: httpx.AsyncClient, world: World) -> None:
    most = Subscription.of("free").max_episodes_per_project
    assert most is not None
    assert codes(await develop(http, world, episodes=most)) == (403, "limit_reached")
    assert await nothing_is_begun(world)
    assert await Episode.collection().count_documents({}) == 1


async def test_who_may_and_when(http: httpx.AsyncClient, world: World) -> None:
    for user in (world.viewer, world.stranger):
        assert codes(await develop(http, world, user)) == (404, "not_found")
    archived = {"$set": {"archived_at": now()}}
    await Project.advance_one({"_id": world.project.id}, archived)
    assert codes(await develop(http, world)) == (409, "wrong_state")
    assert await nothing_is_begun(world)
