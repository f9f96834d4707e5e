"""From an idea or a text to episodes with scripts, by a worker."""

from typing import Any

import httpx
import pytest

from app.core.deletion import delete
from app.films.fountain import parsed
from app.films.kinds import VOICE_SCENE, VoiceScene
from app.production.tasks import Ownership, add, new_task
from documents.films import Character, Episode, Project
from documents.identity import Subscription, User
from documents.library import Media
from documents.production import Task
from documents.reviews import ScriptVersion
from documents.scenes import DialogueLine, Scene
from documents.values import Id
from tests.app.conftest import _storage, _wakeups, api_settings, http, parts, world
from tests.app.support import API, World, as_
from tests.factories.films import make_film
from tests.workers.conftest import Working, ended, until
from workers.runtime.context import Resources

__all__ = ["_storage", "_wakeups", "api_settings", "http", "parts", "world"]
CHAPTER = """The Fox went to the river and looked into the water. “Who is there?” asked the Fox.

The Otter came up and laughed. “Only I,” said the Otter. They swam until the evening, and then
they sat under a tree and told each other of the winter, which had been long and cold for both.
"""
BOOK = "\n\n".join(f"Chapter {number}\n\n{CHAPTER}" for number in (1, 2, 3))


@pytest.fixture
async def rich(world: World) -> World:
    plan = Subscription.of("enterprise").model_dump()
    await User.collection().update_many({}, {"$set": {"subscription": plan}})
    return world


async def developed(http: httpx.AsyncClient, world: World, **body: Any) -> list[Task]:
    """What has become of the tasks."""
    answer = await http.post(
        f"{API}/projects/{world.project.id}/develop", json=body, headers=as_(world.editor)
    )
    assert answer.status_code == 202, answer.text
    query = {"pipeline_id": Id(answer.json()["pipeline_id"])}

    async def over() -> bool:
        left = {**query, "status": {"$in": ["queued", "processing"]}}
        return not await Task.collection().count_documents(left)

    await until(over, patience=60)
    return await Task.all_in(True, query)


async def episodes_of(world: World) -> list[Episode]:
    query = {"project_id": world.project.id}
    return await Episode.all_in(True, query, sort=[("episode_number", 1)])


async def test_a_text_becomes_episodes_that_tell_its_parts(
    working: Working, resources: Resources, http: httpx.AsyncClient, rich: World
) -> None:
    await Project.advance_one({"_id": rich.project.id}, {"$set": {"status": "concept"}})
    await Character(
        project_id=rich.project.id, workspace_id=rich.workspace.id, name="FOX", description="Mine."
    ).insert()
    async with working():
        tasks = await developed(http, rich, text=BOOK, episodes=3)
    assert [(each.kind, each.status) for each in tasks] == [
        ("films.develop", "completed"),
        *[("films.write_screenplay", "completed")] * 3,
    ]
    project = await Project.one_in(True, rich.project.id)
    assert project is not None
    assert (project.status, project.progress.current_phase) == (
        "pre-production",
        "character_creation",
    )
    assert project.outline.logline
    assert project.episode_count == 4
    episodes = (await episodes_of(rich))[1:]
    assert [(each.episode_number, each.title) for each in episodes] == [
        (number + 1, f"Chapter {number}") for number in (1, 2, 3)
    ]
    [story] = await Media.all_in(True, {"tags": "story"})
    for each in episodes:
        assert each.source is not None
        assert each.source.media_id == story.id
        assert BOOK[each.source.start : each.source.end].startswith("Chapter")
        assert (each.status, each.script.version, each.script.language) == (
            "storyboarding",
            1,
            "en",
        )
        script = parsed(each.script.content)
        scenes = await Scene.all_in(True, {"episode_id": each.id}, sort=[("scene_number", 1)])
        assert [page.heading for page in script.scenes] == [scene.title for scene in scenes]
        said = " ".join(line.lines for scene in scenes for line in scene.script.dialogue)
        assert said.count("Who is there?") == 1
        assert any(panel.character_ids for s in scenes for panel in s.storyboard.panels)
        assert each.production.scene_count == len(scenes)
    versions = await ScriptVersion.all_in(True, {})
    assert {(each.episode_id, each.version, each.created_by) for each in versions} == {
        (each.id, 1, None) for each in episodes
    }
    cast = await Character.all_in(True, {"project_id": rich.project.id})
    assert sorted(each.name for each in cast) == ["FOX", "Otter", "Reynard"]


async def test_an_idea_becomes_a_tale_that_the_episodes_tell(
    working: Working, resources: Resources, http: httpx.AsyncClient, rich: World
) -> None:
    async with working():
        await developed(http, rich, text="A lonely robot learns to paint.", episodes=2, seed=3)
    episodes = (await episodes_of(rich))[1:]
    stories = await Media.all_in(True, {"tags": "story"}, sort=[("_id", 1)])
    assert len(stories) == 2
    assert {each.source and each.source.media_id for each in episodes} <= {s.id for s in stories}
    tale = next(s for s in stories if episodes[0].source and s.id == episodes[0].source.media_id)
    text = b"".join([part async for part in resources.storage.stream(tale.storage_key)]).decode()
    assert text.startswith("A lonely robot learns to paint. ")
    for each in episodes:
        assert len(parsed(each.script.content).scenes) >= 3
        assert "ROBOT" in each.script.content
        assert each.synopsis.logline


async def test_outline_alone_writes_no_scripts(
    working: Working, resources: Resources, http: httpx.AsyncClient, rich: World
) -> None:
    async with working():
        tasks = await developed(http, rich, text=BOOK, episodes=2, write_scripts=False)
    assert len(tasks) == 1
    episodes = (await episodes_of(rich))[1:]
    assert [(each.status, each.script.content) for each in episodes] == [("planning", "")] * 2
    assert await ScriptVersion.collection().count_documents({}) == 0


async def test_what_the_writer_cannot_do_is_said_and_nothing_written(
    working: Working, resources: Resources, http: httpx.AsyncClient, rich: World
) -> None:
    async with working():
        [task] = await developed(http, rich, text="狐狸与山羊。", episodes=3)
    assert task.error is not None
    assert (task.status, task.error.code) == ("failed", "language_unsupported")
    assert len(await episodes_of(rich)) == 1


async def test_a_project_that_goes_meanwhile_gets_nothing(
    working: Working, resources: Resources, http: httpx.AsyncClient, rich: World
) -> None:
    answer = await http.post(
        f"{API}/projects/{rich.project.id}/develop",
        json={"text": BOOK, "episodes": 2},
        headers=as_(rich.editor),
    )
    assert answer.status_code == 202
    await delete(resources.store, Project, rich.project.id)
    async with working():

        async def over() -> bool:
            left = {"status": {"$in": ["queued", "processing"]}}
            return not await Task.collection().count_documents(left)

        await until(over)
    assert await Episode.collection().count_documents({}) == 0
    assert await Media.collection().count_documents({"tags": "story"}) == 0


async def test_a_line_that_no_voice_can_speak_fails_with_a_reason(
    working: Working, resources: Resources
) -> None:
    film = await make_film(scenes=1)
    scene = film.scenes[0]
    lines = [DialogueLine(lines="བོད་སྐད།").model_dump()]
    await Scene.advance_one({"_id": scene.id}, {"$set": {"script.dialogue": lines}})
    owner = Ownership(workspace_id=film.workspace.id, project_id=film.project.id)
    task = new_task(VOICE_SCENE, VoiceScene(scene_id=scene.id), owner)
    await add([task])
    async with working():
        [done] = await ended(task)
    assert done.error is not None
    assert (done.status, done.error.code) == ("failed", "language_unsupported")
    assert "Tibetan" in done.error.message
