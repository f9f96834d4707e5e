"""A finished film after an edit: what is out of date, and that nothing else is made anew."""

from collections.abc import Sequence

import pytest

from app.films.making import Order, about, begin
from app.films.planning import Step, Wanted, outdated
from app.films.state import FilmState, state_of
from app.production.tasks import pipeline_state
from documents.films import Character, Episode, Project
from documents.library import Media
from documents.production import PromptExecution, Task
from documents.scenes import Scene, StoryboardPanel
from documents.values import Id
from tests.factories.films import make_project, make_user, make_workspace
from tests.factories.records import valid
from tests.support.filming import begin_making, begin_writing, is_over
from tests.workers.conftest import Working, until
from tests.workers.jobs.test_film import DRAFT, STORY, make_draft, seconds_of
from workers.render.film_plan import in_step
from workers.render.formats import frame_format
from workers.runtime.context import Resources


@pytest.mark.slow
async def test_after_an_edit_only_what_follows_from_it_is_made_anew(
    working: Working, resources: Resources
) -> None:
    project = await make_draft()
    writing = await begin_writing(resources, project, STORY)
    async with working():
        await until(lambda: is_over(writing))
        episode, making = await begin_making(resources, project)
        await until(lambda: is_over(making), patience=180)
        assert outdated(await state(episode.id)) == []
        await _one_line_is_changed(resources, episode.id)
        await _another_take_is_drawn(resources, episode.id)
        await _another_look_is_followed_where_it_is_chosen(resources, episode.id)


async def _one_line_is_changed(resources: Resources, episode_id: Id) -> None:
    before = await scenes_of(episode_id)
    first = before[0]
    lines = [line.model_dump() for line in first.script.dialogue]
    changed = {**lines[0], "lines": "The fox was very hungry.", "audio_id": None, "words": []}
    edit = {"$set": {"script.dialogue": [changed, *lines[1:]]}}
    assert await Scene.write_one({"_id": first.id}, edit)
    spoken_before = await said()
    old = await film_of(episode_id)

    steps = await made(resources, episode_id, Wanted(auto_approve=True))
    assert [step.work for step in steps] == ["speech", "render", "film"]
    assert await said() == spoken_before + 1
    after = await scenes_of(episode_id)
    [spoken, *others] = after[0].script.dialogue
    assert spoken.audio_id not in {None, *(line.audio_id for line in before[0].script.dialogue)}
    assert [each.audio_id for each in others] == [each["audio_id"] for each in lines[1:]]
    assert after[0].production.attempts == 2
    assert [each.number for each in after[0].production.takes] == [1, 2]
    assert after[0].production.status == "approved"
    assert after[0].approval is not None
    segments = [each.production.video_segment_id for each in before[1:]]
    assert [each.production.video_segment_id for each in after[1:]] == segments
    new = await film_of(episode_id)
    assert new.id != old.id
    assert outdated(await state(episode_id)) == []
    assert new.technical_data.duration == pytest.approx(seconds_of(after), abs=0.01)
    assert new.generation_metadata is not None
    assert len(new.generation_metadata.input_ids) == 2 * len(after)


async def _another_take_is_drawn(resources: Resources, episode_id: Id) -> None:
    scene = (await scenes_of(episode_id))[0]
    number = scene.storyboard.panels[0].panel_number
    key = ("panel", scene.id, number)
    again = Wanted(takes=frozenset({key}), scenes=frozenset({scene.id}), assemble=False)
    steps = await made(resources, episode_id, again)
    assert [step.work for step in steps] == ["panel", "render"]
    [after, *_] = await scenes_of(episode_id)
    panel = after.storyboard.panels[0]
    first, second = panel.takes
    assert (first.number, second.number, panel.image_id) == (1, 2, second.media_id)
    pictures = await Media.all_in(True, {"_id": {"$in": [first.media_id, second.media_id]}})
    assert len({each.sha256 for each in pictures}) == 2
    assert after.production.status == "reviewing"
    assert after.approval is None


async def _another_look_is_followed_where_it_is_chosen(
    resources: Resources, episode_id: Id
) -> None:
    stands = await state(episode_id)
    shown = {
        key: panel.image_id
        for scene in await scenes_of(episode_id)
        for panel in scene.storyboard.panels
        for key in panel.character_ids
    }
    character = next(each for each in stands.cast.values() if each.id in shown)
    edit = {"$set": {"visual_design.color_palette": ["#112233", "#445566", "#778899"]}}
    assert await Character.write_one({"_id": character.id}, edit)
    stale = outdated(await state(episode_id))
    assert {"design", "panel"} <= {step.work for step in stale}
    design, picture = character.visual_design.final_design_id, shown[character.id]
    assert design is not None
    assert picture is not None
    chosen = Wanted(media=frozenset({design, picture}), narrow=True, assemble=False)
    steps = await made(resources, episode_id, chosen)
    assert [step.work for step in steps] == ["design", "panel", "render"]
    left = outdated(await state(episode_id))
    pictures = sum(character.id in panel.character_ids for panel in await panels_of(episode_id))
    assert [step.work for step in left].count("panel") == pictures - 1


@pytest.mark.slow
async def test_a_scene_without_words_is_rendered_too(
    working: Working, resources: Resources
) -> None:
    user = await make_user()
    project = await make_project(user, await make_workspace(user), project_settings=DRAFT)
    inside = {"project_id": project.id, "workspace_id": project.workspace_id}
    episode = await valid(Episode, **inside).insert()
    scene = valid(Scene, **inside, episode_id=episode.id, title="INT. EMPTY ROOM - NIGHT")
    await scene.insert()
    async with working():
        wanted = Wanted(scenes=frozenset({scene.id}), assemble=False)
        await made(resources, episode.id, wanted)
    found = await Scene.one_in(True, scene.id)
    assert found is not None
    assert found.production.status == "reviewing"
    segment = await Media.one_in(True, found.production.video_segment_id or Id())
    assert segment is not None
    silent = in_step(4.0, frame_format("16:9", "draft"))
    assert segment.technical_data.duration == pytest.approx(silent, abs=0.01)


async def made(resources: Resources, episode_id: Id, wanted: Wanted) -> Sequence[Step]:
    """The steps that were taken, all of them done."""
    episode = await Episode.one_in(True, episode_id)
    assert episode is not None
    order = Order("films.make_episode", about(episode))
    begun = await resources.store.in_transaction(
        lambda session: begin(episode.project_id, [episode_id], wanted, order, session)
    )
    assert begun.pipeline is not None
    key = begun.pipeline.id
    await resources.wakeups.wake()

    async def over() -> bool:
        stands = await pipeline_state(key)
        assert not stands.failures, stands.failures[0].error
        return stands.is_done

    await until(over, patience=180)
    assert await Task.collection().count_documents({"pipeline_id": key}) == len(begun.steps) + 1
    return begun.steps


async def said() -> int:
    """How many lines were spoken by the provider."""
    return await PromptExecution.collection().count_documents({"stage": "dialogue"})


async def state(episode_id: Id) -> FilmState:
    episode = await Episode.one_in(True, episode_id)
    assert episode is not None
    project = await Project.one_in(True, episode.project_id)
    assert project is not None
    return await state_of(project, [episode_id])


async def scenes_of(episode_id: Id) -> list[Scene]:
    return await Scene.all_in(True, {"episode_id": episode_id}, sort=[("scene_number", 1)])


async def panels_of(episode_id: Id) -> list[StoryboardPanel]:
    return [panel for scene in await scenes_of(episode_id) for panel in scene.storyboard.panels]


async def film_of(episode_id: Id) -> Media:
    episode = await Episode.one_in(True, episode_id)
    assert episode is not None
    assert episode.metadata.final_video_id is not None
    film = await Media.one_in(True, episode.metadata.final_video_id)
    assert film is not None
    return film
