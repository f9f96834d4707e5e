"""Counters and statuses that follow the work."""

import pytest

from app.films.progress import (
    PHASES,
    complete_project,
    enter_phase,
    refresh_episode,
    set_episode_status,
)
from documents.films import Episode, Project
from documents.scenes import Scene
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


async def test_scenes_that_are_made_are_counted(film: Film) -> None:
    await refresh_episode(film.episode.id)
    assert (await episode_of(film)).production.scene_count == 4
    assert (await episode_of(film)).production.completed_scenes == 0

    await set_scene(film.scenes[0], **{"production.status": "reviewing"})
    await set_scene(film.scenes[1], **{"production.status": "approved"})
    await set_scene(film.scenes[2], **{"production.status": "generating"})
    await set_scene(film.scenes[3], deleted_at=now())
    await refresh_episode(film.episode.id)
    production = (await episode_of(film)).production
    assert (production.scene_count, production.completed_scenes) == (3, 2)
    assert production.render_progress == pytest.approx(200 / 3)


async def test_an_episode_without_scenes_has_no_progress(film: Film) -> None:
    await Scene.collection().delete_many({})
    await refresh_episode(film.episode.id)
    assert (await episode_of(film)).production.render_progress == 0


async def test_the_revision_is_for_what_people_write(film: Film) -> None:
    await refresh_episode(film.episode.id)
    await set_episode_status(film.episode.id, "production")
    episode = await episode_of(film)
    assert (episode.status, episode.revision) == ("production", film.episode.revision)


async def test_a_project_goes_through_its_phases_and_never_back(film: Film) -> None:
    await enter_phase(film.project.id, "scene_production", "production")
    after = (await project_of(film)).progress
    place = PHASES.index("scene_production")
    assert after.current_phase == "scene_production"
    assert after.completed_steps == [*PHASES[:place]]
    assert after.overall_progress == pytest.approx(100 * place / len(PHASES), abs=0.1)

    await enter_phase(film.project.id, PHASES[0], "concept")
    assert (await project_of(film)).progress == after
    assert (await project_of(film)).status == "production"


@pytest.mark.parametrize(
    ("planned", "status", "share"), [(1, "completed", 100), (2, "production", 50)]
)
async def test_a_project_is_completed_with_its_last_episode(
    planned: int, status: str, share: float, film: Film
) -> None:
    await Project.advance_one({"_id": film.project.id}, {"$set": {"episode_count": planned}})
    await set_episode_status(film.episode.id, "completed")
    await complete_project(film.project.id)
    project = await project_of(film)
    assert project.status == status
    assert project.progress.overall_progress == share
    assert ("final_assembly" in project.progress.completed_steps) == (status == "completed")


async def test_a_deleted_episode_completes_nothing(film: Film) -> None:
    owned = {"project_id": film.project.id, "workspace_id": film.workspace.id}
    gone = valid(Episode, **owned, episode_number=2, status="completed", deleted_at=now())
    await gone.insert()
    await complete_project(film.project.id)
    assert (await project_of(film)).status == "production"


async def test_all_of_it_may_run_twice(film: Film) -> None:
    async def everything() -> dict[str, object]:
        await refresh_episode(film.episode.id)
        await enter_phase(film.project.id, "visual_design", "production")
        await complete_project(film.project.id)
        episode, project = await episode_of(film), await project_of(film)
        return {"production": episode.production, "progress": project.progress}

    assert await everything() == await everything()


async def test_a_project_that_is_gone_is_no_error(store: Store) -> None:
    await complete_project(Id())
    await enter_phase(Id(), "visual_design", "production")
    assert await Project.collection().count_documents({}) == 0
