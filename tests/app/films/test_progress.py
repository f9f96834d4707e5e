"""Counters and progress follow what is there, and go back when it is taken back."""

import asyncio
from typing import Any

import pytest

from app.films.progress import (
    PHASES,
    EpisodeWork,
    ask_to_refresh,
    progress_of,
    refresh_episode,
    refresh_project,
    set_episode_status,
)
from documents.films import Character, Episode, Project
from documents.production import Task
from documents.scenes import Scene, Storyboard, StoryboardPanel
from documents.store import Store
from documents.values import Id, now
from tests.factories.films import Film, make_film
from tests.factories.records import valid


@pytest.fixture
async def film(store: Store) -> Film:
    return await make_film(scenes=4)


async def episode_of(film: Film) -> Episode:
    found = await Episode.one_in(True, film.episode.id)
    assert found is not None
    return found


async def project_of(film: Film) -> Project:
    found = await Project.one_in(True, film.project.id)
    assert found is not None
    return found


async def set_scene(scene: Scene, **values: object) -> None:
    await Scene.advance_one({"_id": scene.id}, {"$set": values})


async def set_all(film: Film, **values: object) -> None:
    for scene in film.scenes:
        await set_scene(scene, **values)


async def progress(film: Film) -> float:
    await refresh_project(film.project.id)
    return (await project_of(film)).progress.overall_progress


async def test_scenes_that_are_made_are_counted(film: Film) -> None:
    await refresh_episode(film.episode.id)
    assert (await episode_of(film)).production.scene_count == 4
    assert (await episode_of(film)).production.completed_scenes == 0

    await set_scene(film.scenes[0], **{"production.status": "reviewing"})
    await set_scene(film.scenes[1], **{"production.status": "approved"})
    await set_scene(film.scenes[2], **{"production.status": "generating"})
    await set_scene(film.scenes[3], deleted_at=now())
    await refresh_project(film.project.id)
    production = (await episode_of(film)).production
    assert (production.scene_count, production.completed_scenes) == (3, 2)
    assert production.render_progress == pytest.approx(200 / 3)


async def test_an_episode_without_scenes_has_no_progress(film: Film) -> None:
    await refresh_episode(film.episode.id)
    await Scene.collection().delete_many({})
    await refresh_project(film.project.id)
    assert (await episode_of(film)).production.scene_count == 0
    assert (await episode_of(film)).production.render_progress == 0


async def test_the_revision_is_for_what_people_write(film: Film) -> None:
    await refresh_project(film.project.id)
    await set_episode_status(film.episode.id, "production")
    episode = await episode_of(film)
    assert (episode.status, episode.revision) == ("production", film.episode.revision)
    assert (await project_of(film)).revision == film.project.revision


async def test_a_status_that_is_there_already_is_not_written(film: Film) -> None:
    await set_episode_status(film.episode.id, "production")
    written = (await episode_of(film)).updated_at
    await set_episode_status(film.episode.id, "production")
    assert (await episode_of(film)).updated_at == written


async def test_it_moves_with_every_step(film: Film) -> None:
    """From the text to the film; each step raises it, the last one to 100."""
    storyboard = Storyboard(panels=[StoryboardPanel(panel_number=1)])
    await set_all(film, storyboard=storyboard.model_dump())
    reached = [await progress(film)]
    project = await project_of(film)
    assert project.status == "pre-production"
    assert project.progress.current_phase == "character_creation"
    assert project.progress.completed_steps == ["story_development"]

    design = {"visual_design.final_design_id": Id()}
    await Character.advance_one({"_id": film.character.id}, {"$set": design})
    reached.append(await progress(film))
    for scene in film.scenes:
        await set_scene(scene, **{"storyboard.panels.0.image_id": Id()})
        reached.append(await progress(film))
    assert (await project_of(film)).status == "production"
    assert (await project_of(film)).progress.current_phase == "audio_design"
    for name in ("script.dialogue.0.audio_id", "production.music_id"):
        await set_all(film, **{name: Id()})
        reached.append(await progress(film))
    for scene in film.scenes:
        await set_scene(scene, **{"production.status": "reviewing"})
        reached.append(await progress(film))
    assert (await project_of(film)).status == "post-production"
    film_made = {"metadata.final_video_id": Id(), "status": "completed"}
    await Episode.advance_one({"_id": film.episode.id}, {"$set": film_made})
    reached.append(await progress(film))
    assert reached == sorted(set(reached))
    assert reached[-1] == 100
    project = await project_of(film)
    assert (project.status, project.progress.completed_steps) == ("completed", [*PHASES])


async def test_what_is_taken_back_takes_it_back(film: Film) -> None:
    await set_all(film, **{"production.status": "approved"})
    before = await progress(film)
    await set_scene(film.scenes[0], **{"production.status": "pending"})
    rejected = await progress(film)
    assert rejected < before
    owned = {"project_id": film.project.id, "workspace_id": film.workspace.id}
    another = await valid(Episode, **owned, episode_number=2).insert()
    assert await progress(film) < rejected
    await Episode.advance_one({"_id": another.id}, {"$set": {"deleted_at": now()}})
    assert await progress(film) == rejected


async def test_episodes_that_are_only_planned_count(film: Film) -> None:
    before = await progress(film)
    await Project.advance_one({"_id": film.project.id}, {"$set": {"episode_count": 2}})
    assert await progress(film) < before
    assert (await project_of(film)).progress.current_phase == "story_development"


async def test_on_hold_is_a_persons_word(film: Film) -> None:
    await Project.advance_one({"_id": film.project.id}, {"$set": {"status": "on-hold"}})
    await set_all(film, **{"production.status": "approved"})
    assert await progress(film) > 0
    assert (await project_of(film)).status == "on-hold"


@pytest.mark.parametrize(
    ("shares", "status"),
    [
        ({"written": 0.0}, "concept"),
        ({"written": 1.0}, "pre-production"),
        ({"written": 1.0, "drawn": 0.1}, "production"),
        ({"written": 1.0, "drawn": 1.0, "heard": 1.0, "rendered": 1.0}, "post-production"),
    ],
)
def test_the_status_says_how_far_the_furthest_work_is(
    shares: dict[str, float], status: str
) -> None:
    values = progress_of([EpisodeWork(Id(), **shares)], planned=1, designed=None)
    assert values["status"] == status


async def test_many_at_once_leave_what_is_there(film: Film) -> None:
    """Each scene finishes by itself and has the project refreshed: none is forgotten."""

    async def finish(scene: Scene) -> None:
        await set_scene(scene, **{"production.status": "approved"})
        await refresh_project(film.project.id)

    await asyncio.gather(*map(finish, film.scenes))
    together = await project_of(film)
    await refresh_project(film.project.id)
    assert (await project_of(film)).progress == together.progress
    assert (await episode_of(film)).production.completed_scenes == 4


async def test_there_is_one_task_for_many_changes(film: Film) -> None:
    asked = (ask_to_refresh(film.project.id, film.workspace.id) for _ in range(20))
    await asyncio.gather(*asked)
    assert await Task.collection().count_documents({"kind": "films.refresh_project"}) == 1


async def test_it_may_run_twice(film: Film) -> None:
    async def everything() -> dict[str, Any]:
        await refresh_project(film.project.id)
        return (await project_of(film)).stored()

    assert await everything() == await everything()


async def test_a_project_that_is_gone_is_no_error(store: Store) -> None:
    await refresh_project(Id())
    assert await Project.collection().count_documents({}) == 0
