"""A film from a text, all the way: what is made, what is recorded, and what is in the MP4."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.core.deletion import delete
from app.library.search import nearest
from app.production import tasks
from app.production.tasks import pipeline_state
from app.settings import Settings
from documents.films import Character, Episode, Project
from documents.ledger import GenerationCost
from documents.library import Media
from documents.production import PromptExecution, PromptTemplate, Task
from documents.scenes import Scene
from scripts.stack import environment
from tests.factories.films import make_project, make_user, make_workspace
from tests.support.charging import Till
from tests.support.filming import begin_making, begin_writing, is_over
from tests.workers.conftest import Working, until
from workers.providers.embedding import EmbeddingRequest
from workers.render.film_plan import in_step
from workers.render.formats import frame_format
from workers.render.probe import probe
from workers.render.quality import examine
from workers.runtime.context import Resources

STORY = """The Fox and the Crow

A Crow sat in a tall tree with a piece of cheese. A Fox came by and wanted it. "Sing for me," said
the Fox.

The Crow opened her beak, and the cheese fell down into the grass. "Thank you," said the Fox, and
ran away into the forest.
"""
DRAFT = {"quality_tier": "draft"}


async def make_draft() -> Project:
    user = await make_user()
    workspace = await make_workspace(user)
    return await make_project(user, workspace, project_settings=DRAFT)


@pytest.mark.slow
async def test_film_is_made_and_everything_follows(
    working: Working, resources: Resources, tmp_path: Path
) -> None:
    draft = await make_draft()
    writing = await begin_writing(resources, draft, STORY)
    async with working():
        await until(lambda: is_over(writing))
        planned, making = await begin_making(resources, draft)
        await until(lambda: is_over(making), patience=120)
    assert (await pipeline_state(making.id)).is_done

    episode = await Episode.one_in(True, planned.id)
    project = await Project.one_in(True, draft.id)
    scenes = await Scene.all_in(True, {"episode_id": planned.id}, sort=[("scene_number", 1)])
    assert episode is not None
    assert project is not None
    assert (episode.status, project.status) == ("completed", "completed")
    assert project.progress.overall_progress == 100
    assert episode.title == "The Fox and the Crow"
    assert episode.production.scene_count == episode.production.completed_scenes == len(scenes) > 1
    assert {scene.production.status for scene in scenes} == {"approved"}
    names = {each.name for each in await Character.all_in(True, {"project_id": project.id})}
    assert {"Fox", "Crow"} <= names
    spoken = [line for scene in scenes for line in scene.script.dialogue]
    assert all(line.audio_id and line.words and line.timing is not None for line in spoken)
    assert any(line.character_id and "Sing for me" in line.lines for line in spoken)

    await _film_can_be_seen_and_heard(resources, episode, tmp_path)
    await _renders_are_checked_and_their_segments_kept(resources, project, len(scenes))
    await _media_are_described(project)
    await _every_call_is_on_record(project)
    await _media_are_found_by_meaning(resources, project)


def seconds_of(scenes: Sequence[Scene]) -> float:
    """How long a film of these scenes lasts."""
    frame = frame_format("16:9", "draft")
    return sum(in_step(each.script.duration or 0, frame) for each in scenes)


async def _film_can_be_seen_and_heard(resources: Resources, episode: Episode, folder: Path) -> None:
    video = await Media.one_in(True, episode.metadata.final_video_id or episode.id)
    assert video is not None
    path = folder / "film.mp4"
    await resources.storage.get_file(video.storage_key, path)
    facts, quality = await probe(path), await examine(path)
    assert (facts.codec, facts.audio_codec, facts.width, facts.height) == ("h264", "aac", 640, 360)
    assert facts.duration == pytest.approx(episode.metadata.duration, abs=0.01)
    scenes = await Scene.all_in(True, {"episode_id": episode.id})
    assert facts.duration == pytest.approx(seconds_of(scenes), abs=0.01)
    assert quality.black_ratio is not None
    assert quality.black_ratio < 0.2
    assert quality.silence_ratio is not None
    assert quality.silence_ratio < 0.2
    captions = await Media.first_in(
        True, {"episode_id": episode.id, "media_type": "caption", "filename": "captions.vtt"}
    )
    assert captions is not None
    text = b"".join([part async for part in resources.storage.stream(captions.storage_key)])
    assert text.startswith(b"WEBVTT")
    assert b"Sing for me" in text


async def _renders_are_checked_and_their_segments_kept(
    resources: Resources, project: Project, scenes: int
) -> None:
    renders = {"project_id": project.id, "kind": "films.render_scene"}
    outputs = [task.output for task in await Task.all_in(True, renders) if task.output]
    assert len(outputs) == scenes
    for output in outputs:
        report = output.result["report"]
        assert report["duration"] == pytest.approx(output.result["seconds"])
        assert (report["ok"], report["findings"]) == (True, [])
    prefix = f"render-cache/{project.workspace_id}/"
    kept = {head.key async for head in resources.storage.list(prefix)}
    assert len(kept) >= sum(output.result["report"]["encoded"] for output in outputs)


async def _media_are_described(project: Project) -> None:
    media = await Media.all_in(True, {"project_id": project.id})
    made = [each for each in media if each.agent_generated]
    assert all(each.generation_metadata and each.generation_metadata.task_id for each in made)
    assert all(each.embedding_model for each in media)
    pictures = [each for each in made if each.kind in ("image", "video")]
    assert all(each.thumbnail_key and each.width for each in pictures)
    sounds = [each for each in made if each.kind in ("audio", "video")]
    assert all(each.technical_data.duration and each.technical_data.codec for each in sounds)


async def _every_call_is_on_record(project: Project) -> None:
    executions = await PromptExecution.all_in(True, {"project_id": project.id})
    assert {each.status for each in executions} == {"success"}
    stages = {each.stage for each in executions}
    assert {"outline", "screenplay", "storyboard", "dialogue", "music", "embedding"} <= stages
    templates = {each.id: each for each in await PromptTemplate.all_in(True, {})}
    prompted = {each.stage: each.template_id for each in executions if each.template_id}
    assert {stage: templates[key].name for stage, key in prompted.items() if key} == {
        stage: f"films/{stage}"
        for stage in ("outline", "screenplay", "character_design", "storyboard", "music")
    }
    costs = await GenerationCost.all_in(True, {"project_id": project.id})
    assert {each.execution_id for each in costs} == {each.id for each in executions}
    assert all(each.amount == 0 for each in costs)


async def _media_are_found_by_meaning(resources: Resources, project: Project) -> None:
    embedder = resources.providers.embedding
    asked = await embedder.embed(EmbeddingRequest(texts=("a bird drops its cheese",)))
    hits = await nearest(True, project.id, asked.vectors[0], asked.model, limit=3)
    assert hits
    assert any("cheese" in hit.media["description"] for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


async def test_deleting_a_project_removes_its_files(working: Working, resources: Resources) -> None:
    project = await make_draft()
    await begin_writing(resources, project, STORY)
    [media] = await Media.all_in(True, {"project_id": project.id})
    assert await resources.storage.exists(media.storage_key)
    await delete(resources.store, Project, project.id)
    async with working():

        async def gone() -> bool:
            return not await resources.storage.exists(media.storage_key)

        await until(gone)


@contextmanager
def worker_process(
    settings: Settings, till: Till, seconds: float = 0
) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker that pays for texts and voices, in a process of its own."""
    quick = settings.model_copy(update={"lease_seconds": 2.0, "sweep_seconds": 0.5})
    command = [sys.executable, "-m", "tests.support.worker_process", str(till.path), str(seconds)]
    process = subprocess.Popen(command, env=environment(quick))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
async def test_killed_worker_costs_nothing_twice_and_the_film_is_finished(
    resources: Resources, settings: Settings, tmp_path: Path
) -> None:
    till = Till(tmp_path / "till")
    project = await make_draft()
    writing = await begin_writing(resources, project, STORY)
    rendering = {"kind": "films.render_scene", "status": "processing"}

    async def is_rendering() -> bool:
        speaking = {"kind": "films.voice_scene", "status": "processing"}
        return bool(await Task.collection().count_documents(rendering)) and not (
            await Task.collection().count_documents(speaking)
        )

    with worker_process(settings, till):
        await until(lambda: is_over(writing), patience=60)
        _, making = await begin_making(resources, project)
        await until(is_rendering, patience=90)
    finished = {"pipeline_id": making.id, "status": "completed"}
    before = {t.id: (t.completed_at, t.fence) for t in await Task.all_in(True, finished)}
    assert before

    with worker_process(settings, till):
        await until(lambda: is_over(making), patience=120)
    assert (await pipeline_state(making.id)).is_done
    after = {t.id: (t.completed_at, t.fence) for t in await Task.all_in(True, finished)}
    assert {key: after[key] for key in before} == before
    assert len(till.charges) == len(set(till.charges)) > 2


@pytest.mark.slow
async def test_worker_killed_while_it_pays_leaves_the_decision_to_a_person(
    resources: Resources, settings: Settings, tmp_path: Path
) -> None:
    till = Till(tmp_path / "till")
    writing = await begin_writing(resources, await make_draft(), STORY)

    async def has_charged() -> bool:
        return len(till.charges) == 1

    with worker_process(settings, till, seconds=60):
        await until(has_charged, patience=60)
    with worker_process(settings, till):
        await until(lambda: is_over(writing), patience=60)
    state = await pipeline_state(writing.id)
    assert [task.error.code for task in state.failures if task.error] == ["unknown_outcome"]
    assert len(till.charges) == 1

    [execution] = await PromptExecution.all_in(True, {"stage": "outline"})
    assert execution.status == "unknown"
    assert await tasks.retry(True, {"pipeline_id": writing.id}) == 1
