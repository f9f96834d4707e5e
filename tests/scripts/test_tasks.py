"""`backlot tasks`: looking at tasks, trying failed ones again, cancelling."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.production.kinds import PING, Ping
from app.production.tasks import Ownership, new_task, pipeline_state
from app.production.templates.shared import ensure_shared_templates
from app.settings import Settings
from documents.films import Episode
from documents.library import Media
from documents.production import Pipeline, PromptExecution, Task, TaskError
from documents.scenes import Scene
from documents.store import Store
from documents.values import Id
from scripts.stack import environment
from tests.factories.films import make_project, make_user, make_workspace
from tests.factories.records import valid
from tests.support.backlot import Done, backlot, outside
from tests.support.charging import ChargingVoice, Till
from tests.support.filming import begin_making, begin_writing
from workers import jobs
from workers.providers.errors import ProviderError
from workers.providers.registry import local_providers
from workers.providers.voice import SpeechResult, VoiceRequest
from workers.runtime.context import Resources
from workers.runtime.runner import Runner

__all__ = ["jobs"]  # importing it declares the handlers

STORY = """The Fox and the Crow

A Crow sat in a tree with a piece of cheese. "Sing for me," said the Fox.

The Crow sang, and the cheese fell into the grass. "Thank you," said the Fox.
"""
REASON = "The voices [of this service] are down."


class Command(Protocol):
    async def __call__(self, *arguments: object) -> Done: ...


@pytest.fixture
def tasks(settings: Settings, tmp_path: Path) -> Command:
    """`backlot tasks …` on the servers of the tests."""
    variables = outside(**environment(settings), COLUMNS=160)

    async def run(*arguments: object) -> Done:
        words = ("tasks", *arguments)
        return await asyncio.to_thread(backlot, *words, cwd=tmp_path, env=variables)

    return run


async def made(status: str, **given: Any) -> Task:
    task = new_task(PING, Ping(), Ownership(pipeline_id=given.pop("pipeline_id", None)))
    changed: Task = task.model_copy(update={"status": status, **given})
    return await changed.insert()


async def status_of(task: Task) -> str:
    found = await Task.one_in(True, task.id)
    assert found is not None
    return found.status


async def test_list_shows_ids_statuses_and_reasons(store: Store, tasks: Command) -> None:
    done = await made("completed")
    failed = await made("failed", error=TaskError(message=REASON, code="busy", retry_count=3))
    everything = (await tasks("list")).stdout
    assert str(done.id) in everything
    assert f"busy: {REASON}" in everything
    only = (await tasks("list", "--status", "failed")).stdout
    assert str(failed.id) in only
    assert str(done.id) not in only
    assert str(failed.id) not in (await tasks("list", "--limit", 1, "--status", "completed")).stdout
    assert str(done.id) not in (await tasks("list", "--pipeline", Id())).stdout


async def test_retry_queues_what_ended_without_success(store: Store, tasks: Command) -> None:
    failed, cancelled, done = [await made(s) for s in ("failed", "cancelled", "completed")]
    other = await made("failed", pipeline_id=Id())
    said = await tasks("retry", failed.id, done.id)
    assert (said.returncode, said.stdout) == (0, "1 tasks queued again\n")
    assert await status_of(failed) == "queued"
    assert (await tasks("retry", "--pipeline", other.pipeline_id)).stdout.startswith("1 ")
    assert (await tasks("retry")).stdout == "1 tasks queued again\n"
    assert [await status_of(each) for each in (cancelled, done)] == ["queued", "completed"]


async def test_cancel_ends_what_is_unfinished(store: Store, tasks: Command) -> None:
    queued, done = await made("queued"), await made("completed")
    said = await tasks("cancel", queued.id, done.id)
    assert (said.returncode, said.stdout) == (0, "1 tasks cancelled\n")
    assert [await status_of(each) for each in (queued, done)] == ["cancelled", "completed"]


async def test_an_unknown_outcome_is_paid_again_only_on_demand(
    store: Store, tasks: Command
) -> None:
    failed = await made("failed")
    unknown = await valid(
        PromptExecution, task_id=failed.id, status="unknown", call_key="a" * 64
    ).insert()
    for options, status in ((), "unknown"), (("--pay-again",), "error"):
        await Task.advance_one({"_id": failed.id}, {"$set": {"status": "failed"}})
        await tasks("retry", *options, failed.id)
        execution = await PromptExecution.one_in(True, unknown.id)
        assert execution is not None
        assert execution.status == status


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("retry", "not-an-id"), "not an id: not-an-id"),
        (("cancel", "123"), "not an id: 123"),
        (("list", "--pipeline", "x"), "not an id: x"),
        (("cancel",), "name tasks, or a pipeline"),
    ],
)
async def test_what_is_no_id_is_refused(
    arguments: tuple[str, ...], sentence: str, tasks: Command
) -> None:
    refused = await tasks(*arguments)
    assert refused.returncode == 2
    assert sentence in refused.stderr
    assert "Traceback" not in refused.stderr


class FailingVoice(ChargingVoice):
    """A service that fails every call until it is mended, and charges for what it makes."""

    mended = False

    async def speak(self, request: VoiceRequest, into: Path) -> SpeechResult:
        if not self.mended:
            raise ProviderError(REASON, code="busy", retryable=True)
        return await super().speak(request, into)


@pytest.fixture
async def resources(store: Store, settings: Settings, tmp_path: Path) -> AsyncIterator[Resources]:
    voice = FailingVoice(Till(tmp_path / "till"))
    providers = replace(local_providers(), voice=voice)
    quick = settings.model_copy(update={"sweep_seconds": 0.2})
    async with Storage(quick) as storage, Wakeups(settings.address("redis_url")) as wakeups:
        yield Resources(quick, store, storage, wakeups, providers)


async def stands_still(pipeline: Pipeline) -> None:
    """Until all is done, or a step has failed and nothing else can be done."""
    async with asyncio.timeout(120):
        while True:
            state = await pipeline_state(pipeline.id)
            waits = {"pipeline_id": pipeline.id, "status": "queued", "ready": True}
            ready = await Task.collection().count_documents(waits)
            if state.is_done or (
                state.is_stuck and not ready and not state.by_status.get("processing")
            ):
                return
            await asyncio.sleep(0.2)


@pytest.mark.slow
async def test_retry_finishes_a_film_whose_provider_failed_and_makes_nothing_twice(
    resources: Resources, tasks: Command
) -> None:
    await ensure_shared_templates(resources.store)
    user = await make_user()
    studio = await make_workspace(user)
    project = await make_project(user, studio, project_settings={"quality_tier": "draft"})
    voice = resources.providers.voice
    assert isinstance(voice, FailingVoice)
    runner = Runner(resources)
    working = asyncio.create_task(runner.run(grace_seconds=0.2))
    try:
        await stands_still(await begin_writing(resources, project, STORY))
        planned, making = await begin_making(resources, project)
        await stands_still(making)
        query = {"pipeline_id": making.id}
        failed = await Task.all_in(True, {**query, "status": "failed"})
        assert failed
        assert {task.kind for task in failed} <= {
            *("films.design_character", "films.voice_character", "films.voice_scene"),
        }
        assert {
            (task.error.message, task.error.code, task.error.retry_count)
            for task in failed
            if task.error
        } == {(REASON, "busy", 3)}
        finished = await Task.all_in(True, {**query, "status": "completed"})
        before = {task.id: (task.completed_at, task.fence) for task in finished}
        assert before

        voice.mended = True
        said = await tasks("retry", "--pipeline", making.id)
        assert said.stdout == f"{len(failed)} tasks queued again\n"
        runner.poke()
        await stands_still(making)
    finally:
        runner.stop()
        await working

    assert (await pipeline_state(making.id)).is_done
    episode = await Episode.one_in(True, planned.id)
    assert episode is not None
    assert episode.status == "completed"
    ended = await Task.all_in(True, {"_id": {"$in": [*before]}})
    assert {task.id: (task.completed_at, task.fence) for task in ended} == before
    scenes = await Scene.all_in(True, {"episode_id": episode.id})
    lines = sum(len(scene.script.dialogue) for scene in scenes)
    files = await Media.all_in(True, {"project_id": project.id})
    kinds = Counter(each.media_type for each in files if "dialogue" in each.tags)
    assert kinds == {"audio_clip": lines}
    assert Counter(each.media_type for each in files)["video_segment"] == len(scenes)
    assert len(voice.till.charges) == len(set(voice.till.charges)) >= lines
