"""Asking for work: graphs of tasks, and what people may do about them."""

from typing import Any

import pytest

from app.production.kinds import PING, Ping
from app.production.tasks import (
    BadGraph,
    Ownership,
    PipelineState,
    add,
    cancel,
    new_task,
    pipeline_state,
    retry,
    start_pipeline,
)
from documents.base import NotUnique, Subject
from documents.production import Pipeline, Task, TaskError
from documents.store import Store
from documents.values import Id

STUDIO = Ownership(workspace_id=Id(), project_id=Id(), pipeline_id=Id())


def task(*after: Task, owner: Ownership = STUDIO, **given: Any) -> Task:
    return new_task(PING, Ping(), owner, after=after, **given)


async def stored(*tasks: Task) -> list[Task]:
    """As they are in the store now."""
    found = {each.id: each for each in await Task.all_in(True, {})}
    return [found[each.id] for each in tasks]


async def with_status(status: str, **given: Any) -> Task:
    fields = {"status": status, "ready": False, **given}
    made: Task = task().model_copy(update=fields)
    return await made.insert()


def test_a_task_takes_what_its_kind_says_and_whose_it_is() -> None:
    owner = Ownership(workspace_id=Id(), subject=Subject(collection="scenes", id=Id()))
    made = task(owner=owner, priority=9, key="once")
    assert (made.kind, made.task_type, made.queue) == (PING.name, PING.task_type, PING.queue)
    assert (made.max_retries, made.timeout_seconds) == (PING.max_retries, PING.timeout_seconds)
    assert (made.workspace_id, made.subject) == (owner.workspace_id, owner.subject)
    assert (made.priority, made.key, made.ready, made.status) == (9, "once", True, "queued")


def test_a_task_waits_for_each_dependency_once() -> None:
    first, second = task(), task()
    last = task(first, second, first)
    assert last.waiting_for == last.input.dependencies == [first.id, second.id]
    assert not last.ready


async def test_a_graph_is_written_whole(store: Store) -> None:
    first = task()
    second, third = task(first), task(first)
    last = task(second, third)
    await add([last, third, second, first])
    assert [each.ready for each in await stored(first, second, third, last)] == [
        True,
        False,
        False,
        False,
    ]


async def test_a_circle_is_refused_and_nothing_written(store: Store) -> None:
    first = task()
    second = task(first)
    circle = first.model_copy(
        update={"input": first.input.model_copy(update={"dependencies": [second.id]})}
    )
    with pytest.raises(BadGraph, match="circle"):
        await add([circle, second, task()])
    assert await Task.collection().count_documents({}) == 0


async def test_dependencies_have_to_be_within_reach(store: Store) -> None:
    there = task()
    await add([there])
    await add([task(there)])
    with pytest.raises(BadGraph, match="out of reach"):
        await add([task(task())])
    with pytest.raises(BadGraph, match="out of reach"):
        await add([task(there, owner=Ownership(workspace_id=Id()))])


async def test_a_key_is_held_by_one_unfinished_task_of_a_workspace(store: Store) -> None:
    await add([task(key="once")])
    with pytest.raises(NotUnique):
        await add([task(key="once")])
    await add([task(key="once", owner=Ownership(workspace_id=Id()))])
    await cancel(True, {"workspace_id": STUDIO.workspace_id})
    await add([task(key="once")])


async def test_cancelling_ends_what_is_queued_and_asks_what_runs(store: Store) -> None:
    queued, running = await with_status("queued", fence=3), await with_status("processing")
    done = await with_status("completed")
    assert await cancel(True, {"project_id": STUDIO.project_id}) == 2
    assert await cancel(True, {"project_id": STUDIO.project_id}) == 0
    queued, running, done = await stored(queued, running, done)
    assert (queued.status, queued.fence, queued.ready) == ("cancelled", 4, False)
    assert queued.completed_at is not None
    assert (running.status, done.status) == ("processing", "completed")
    assert running.cancel_requested_at is not None


async def test_retrying_queues_what_failed_and_keeps_the_reason(store: Store) -> None:
    error = TaskError(message="It is down.", code="busy", retry_count=3)
    failed = await with_status("failed", error=error)
    waiting = await with_status("cancelled", waiting_for=[Id()])
    done, running = await with_status("completed"), await with_status("processing")
    assert await retry(True, {}) == 2
    failed, waiting, done, running = await stored(failed, waiting, done, running)
    assert (failed.status, failed.ready, failed.completed_at) == ("queued", True, None)
    assert failed.error is not None
    assert (failed.error.retry_count, failed.error.message) == (0, "It is down.")
    assert (waiting.status, waiting.ready) == ("queued", False)
    assert (done.status, running.status) == ("completed", "processing")


async def test_what_people_may_do_ends_at_their_scope(store: Store) -> None:
    queued, failed = await with_status("queued"), await with_status("failed")
    elsewhere = {"workspace_id": Id()}
    assert await cancel(elsewhere, {}) == await retry(elsewhere, {}) == 0
    assert [each.status for each in await stored(queued, failed)] == ["queued", "failed"]


async def test_a_pipeline_begins_with_its_tasks(store: Store) -> None:
    assert STUDIO.workspace_id
    pipeline = Pipeline(
        workspace_id=STUDIO.workspace_id,
        kind="testing.pipeline",
        subject=Subject(collection="episodes", id=Id()),
    )
    mine = Ownership(workspace_id=STUDIO.workspace_id, pipeline_id=pipeline.id)
    await start_pipeline(pipeline, [task(owner=mine)], None)
    assert await Pipeline.one_in(True, pipeline.id) == pipeline
    assert (await pipeline_state(pipeline.id)).by_status == {"queued": 1}


async def test_a_pipeline_is_done_when_nothing_is_left(store: Store) -> None:
    assert STUDIO.pipeline_id
    key = STUDIO.pipeline_id
    assert not (await pipeline_state(key)).is_done
    await with_status("completed")
    optional = await with_status("failed", optional=True)
    state = await pipeline_state(key)
    assert (state.is_done, state.is_stuck, state.total, state.completed) == (True, False, 2, 1)
    assert [each.id for each in state.failures] == [optional.id]

    await with_status("queued")
    assert not (await pipeline_state(key)).is_done
    await with_status("failed")
    state = await pipeline_state(key)
    assert (state.is_done, state.is_stuck, state.total) == (False, True, 4)


def test_a_pipeline_without_tasks_is_neither_done_nor_stuck() -> None:
    state = PipelineState()
    assert (state.is_done, state.is_stuck, state.total, state.completed) == (False, False, 0, 0)
