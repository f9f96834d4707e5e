"""Planning an episode."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import pytest

from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.films.kinds import WRITE_SCREENPLAY
from app.films.service import Plan, plan_episode
from app.films.story import UnusableStory
from app.settings import Settings
from documents.base import NotUnique
from documents.films import Episode, Project
from documents.library import Media
from documents.production import Pipeline, Task
from documents.references import MissingReference
from documents.store import Store
from tests.factories.films import make_project, make_user, make_workspace

Planning: TypeAlias = Callable[..., Awaitable[Plan]]
STORY = "\ufeffA fox fell into a well.\r\n".encode()


@pytest.fixture
async def storage(settings: Settings) -> AsyncIterator[Storage]:
    async with Storage(settings) as opened:
        yield opened


@pytest.fixture
async def plan(store: Store, storage: Storage, settings: Settings) -> AsyncIterator[Planning]:
    async with Wakeups(settings.address("redis_url")) as wakeups:

        async def start(project: Project, story: bytes = STORY, **given: Any) -> Plan:
            return await plan_episode(store, storage, wakeups, project, story, **given)

        yield start


@pytest.fixture
async def project(store: Store) -> Project:
    user = await make_user()
    return await make_project(user, await make_workspace(user))


async def nothing_is_written() -> bool:
    counts = [await m.collection().count_documents({}) for m in (Episode, Media, Pipeline, Task)]
    return not any(counts)


async def test_a_plan_is_an_episode_a_story_and_a_first_task(
    plan: Planning, project: Project, storage: Storage
) -> None:
    made = await plan(project, seed=7, target_seconds=60.0, created_by=project.created_by)
    [episode], [story] = await Episode.all_in(True, {}), await Media.all_in(True, {})
    [pipeline], [task] = await Pipeline.all_in(True, {}), await Task.all_in(True, {})
    assert (made.episode.id, made.pipeline.id) == (episode.id, pipeline.id)
    assert (episode.status, episode.title, episode.episode_number) == (
        "scripting",
        project.title,
        1,
    )
    text = b"".join([chunk async for chunk in storage.stream(story.storage_key)])
    assert text == b"A fox fell into a well."
    assert story.filesize == len(text)
    assert (task.kind, task.ready, task.pipeline_id) == (WRITE_SCREENPLAY.name, True, pipeline.id)
    parameters = WRITE_SCREENPLAY.parameters.model_validate(task.input.parameters)
    assert parameters.model_dump() == {
        "episode_id": episode.id,
        "source_id": story.id,
        "seed": 7,
        "target_seconds": 60.0,
        "auto_approve": False,
        "and_go_on": True,
    }
    for record in (episode, story, pipeline, task):
        assert record.workspace_id == project.workspace_id
        assert record.project_id == project.id
    assert task.created_by == project.created_by


async def test_a_number_is_planned_once(plan: Planning, project: Project) -> None:
    await plan(project)
    with pytest.raises(NotUnique):
        await plan(project)
    second = await plan(project, number=2, title="The Well")
    assert second.episode.title == "The Well"
    assert await Task.collection().count_documents({}) == 2


async def test_what_is_no_story_writes_nothing(plan: Planning, project: Project) -> None:
    with pytest.raises(UnusableStory):
        await plan(project, b"\0")
    assert await nothing_is_written()


async def test_a_project_that_is_gone_writes_nothing(plan: Planning, project: Project) -> None:
    await Project.collection().delete_one({"_id": project.id})
    with pytest.raises(MissingReference):
        await plan(project)
    assert await nothing_is_written()
