"""The task core on the real store: claimed once, in order, to an end, whatever happens."""

import asyncio
from uuid import uuid4

import pytest

from app.films.kinds import REFRESH_PROJECT, RefreshProject
from app.production import tasks
from app.production.tasks import BadGraph, Ownership, new_task
from documents.base import NotUnique
from documents.films import Project
from documents.ledger import GenerationCost
from documents.production import PromptExecution, Task
from documents.values import Id
from tests.factories.films import make_film
from tests.support.kinds import RUNS, SKETCH, WORK, Sketch, Work
from tests.workers.conftest import Working, ended, until
from workers.runtime import claims
from workers.runtime.claims import LeaseLost
from workers.runtime.context import Resources
from workers.runtime.sweep import sweep


def job(**parameters: object) -> Task:
    given = {"name": uuid4().hex, **parameters}
    return new_task(WORK, Work.model_validate(given), Ownership())


async def claim(worker: str = "worker", lease: float = 30) -> Task:
    [task] = await claims.claim(worker, {"io": 1}, lease)
    return task


async def test_task_is_run_and_keeps_its_output(working: Working) -> None:
    task = job(name="film")
    await tasks.add([task])
    async with working():
        [done] = await ended(task)
    assert done.status == "completed"
    assert done.output is not None
    assert done.output.result == {"name": "film"}
    assert done.output.metrics.processing_time is not None
    assert done.progress.percentage == 100
    assert done.completed_at is not None


async def test_poked_worker_starts_before_its_sweep(working: Working) -> None:
    async with working(sweep_seconds=3600) as runner:
        await asyncio.sleep(0.1)
        task = job()
        await tasks.add([task])
        runner.poke()
        [done] = await ended(task)
    assert done.status == "completed"


async def test_what_is_added_to_another_queue_is_found_once_a_task_has_ended(
    working: Working,
) -> None:
    other = new_task(REFRESH_PROJECT, RefreshProject(project_id=Id()), Ownership())
    async with working(sweep_seconds=3600) as runner:
        await asyncio.sleep(0.1)
        task = job()
        await tasks.add([task, other])
        runner.poke("io")
        [first] = await ended(task)
        [second] = await ended(other)
    assert (first.queue, second.queue) == ("io", "light")
    assert first.status == second.status == "completed"


async def test_higher_priority_first_then_older(store: object) -> None:
    low, high, older = job(), job(), job()
    low.priority, high.priority, older.priority = 1, 10, 10
    older.queued_at = low.queued_at.replace(year=2025)
    await tasks.add([low, high, older])
    order = [(await claim()).id for _ in range(3)]
    assert order == [older.id, high.id, low.id]


async def test_dependents_wait_for_all_they_depend_on(working: Working) -> None:
    first, second = job(), job(seconds=0.2)
    last = new_task(WORK, Work(name="last"), Ownership(), after=[first, second])
    await tasks.add([first, second, last])
    async with working():
        done = await ended(first, second, last)
    assert [each.status for each in done] == ["completed"] * 3
    started = done[2].worker.started_at if done[2].worker else None
    ends = [each.completed_at for each in done[:2]]
    assert started is not None
    assert all(end is not None and end <= started for end in ends)


async def test_failing_attempt_is_repeated_with_a_pause_until_it_succeeds(
    working: Working,
) -> None:
    task = job(failures=1)
    await tasks.add([task])
    async with working():
        [done] = await ended(task)
    assert done.status == "completed"
    assert done.error is not None
    assert (done.error.code, done.error.retry_count) == ("overloaded", 1)


@pytest.mark.parametrize(
    ("retryable", "code", "runs"),
    [
        pytest.param(False, "endless", 1, id="what no retry mends is not repeated"),
        pytest.param(True, "overloaded", 3, id="tries run out"),
    ],
)
async def test_task_fails_with_its_reason(
    retryable: bool, code: str, runs: int, working: Working
) -> None:
    task = job(failures=99, retryable=retryable)
    await tasks.add([task])
    async with working():
        [failed] = await ended(task)
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error.code == code
    assert RUNS[task.input.parameters["name"]] == runs


async def test_a_slot_that_is_free_beside_long_work_is_filled(working: Working) -> None:
    long, short, next_one = [job(seconds=30) for _ in range(3)], job(), job()
    await tasks.add([*long, short, next_one])
    async with working(sweep_seconds=3600, worker_io=4):
        done = await ended(short, next_one)
        assert all([await _has_status(each, "processing") for each in long])
    assert [each.status for each in done] == ["completed"] * 2


async def test_own_calls_of_a_task_that_fails_are_written(working: Working) -> None:
    film = await make_film()
    task = new_task(SKETCH, Sketch(), Ownership(workspace_id=film.workspace.id))
    await tasks.add([task])
    async with working():
        [failed] = await ended(task)
    assert failed.error is not None
    assert failed.error.code == "disliked"
    [execution] = await PromptExecution.all_in(True, {})
    assert (execution.status, execution.task_id) == ("success", task.id)
    [cost] = await GenerationCost.all_in(True, {})
    assert cost.execution_id == execution.id


async def test_retry_runs_only_what_failed(working: Working) -> None:
    good, bad = job(), job(failures=1, retryable=False)
    last = new_task(WORK, Work(name=uuid4().hex), Ownership(), after=[good, bad])
    await tasks.add([good, bad, last])
    async with working() as runner:
        await ended(good, bad)
        waiting = await Task.one_in(True, last.id)
        assert waiting is not None
        assert waiting.status == "queued"
        assert await tasks.retry(True, {}) == 1
        runner.poke()
        done = await ended(good, bad, last)
    assert [each.status for each in done] == ["completed"] * 3
    assert RUNS[good.input.parameters["name"]] == 1


async def test_optional_task_may_fail(working: Working) -> None:
    bad = job(failures=1, retryable=False)
    bad.optional = True
    last = new_task(WORK, Work(name=uuid4().hex), Ownership(), after=[bad])
    await tasks.add([bad, last])
    async with working():
        done = await ended(bad, last)
    assert [each.status for each in done] == ["failed", "completed"]


async def test_timeout_has_its_own_code(working: Working) -> None:
    task = job(seconds=30)
    task.timeout_seconds, task.max_retries = 0.1, 0
    await tasks.add([task])
    async with working():
        [failed] = await ended(task)
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error.code == "timeout"


async def test_unknown_kind_fails_with_a_reason(working: Working) -> None:
    task = job().model_copy(update={"kind": "testing.nobody_knows"})
    with pytest.raises(BadGraph):
        await tasks.add([task])
    await task.insert()  # as an older or newer installation may have done
    async with working():
        [failed] = await ended(task)
    assert failed.error is not None
    assert failed.error.code == "unknown_kind"


class TestCancel:
    async def test_queued_task_ends_at_once(self, store: object) -> None:
        task = job()
        await tasks.add([task])
        assert await tasks.cancel(True, {"_id": task.id}) == 1
        assert await claims.claim("worker", {"io": 1}, 30) == []

    async def test_running_task_ends_soon(self, working: Working) -> None:
        task = job(seconds=60)
        await tasks.add([task])
        async with working():
            await until(lambda: _has_status(task, "processing"))
            await tasks.cancel(True, {"_id": task.id})
            [done] = await ended(task)
        assert done.status == "cancelled"

    async def test_other_tasks_go_on(self, store: object) -> None:
        mine, other = job(), job()
        await tasks.add([mine, other])
        await tasks.cancel(True, {"_id": mine.id})
        assert (await claim()).id == other.id


class TestLease:
    async def test_two_workers_never_get_the_same_task(self, store: object) -> None:
        await tasks.add([job() for _ in range(40)])
        batches = await asyncio.gather(
            *(claims.claim(f"worker-{n}", {"io": 10}, 30) for n in range(8))
        )
        ids = [task.id for batch in batches for task in batch]
        assert len(ids) == len(set(ids)) > 0

    async def test_stale_task_is_queued_again_and_the_late_worker_writes_nothing(
        self, store: object
    ) -> None:
        film = await make_film()
        await tasks.add([job(project_id=film.project.id)])
        frozen = await claim(lease=0)
        await asyncio.sleep(0.01)
        assert await sweep() is False  # it waits for its pause
        queued = await Task.one_in(True, frozen.id)
        assert queued is not None
        assert queued.error is not None
        assert (queued.status, queued.error.code) == ("queued", "worker_lost")

        with pytest.raises(LeaseLost):
            await claims.complete(frozen, None)
        assert await claims.complete_many([(frozen, None)]) is False
        assert await _has_status(frozen, "queued")

    async def test_running_worker_keeps_its_lease(self, working: Working) -> None:
        task = job(seconds=1.5)
        await tasks.add([task])
        async with working(lease_seconds=0.6, sweep_seconds=0.1):
            [done] = await ended(task)
        assert done.status == "completed"
        assert done.error is None

    async def test_worker_that_loses_its_task_writes_nothing_of_it(self, working: Working) -> None:
        film = await make_film()
        task = job(project_id=film.project.id, seconds=0.5)
        await tasks.add([task])
        async with working():
            await until(lambda: _has_status(task, "processing"))
            await Task.collection().update_one(
                {"_id": task.id}, {"$inc": {"fence": 1}, "$set": {"status": "cancelled"}}
            )
            await asyncio.sleep(0.8)
        project = await Project.one_in(True, film.project.id)
        assert project is not None
        assert project.episode_count == film.project.episode_count

    async def test_stopping_worker_hands_its_work_back(self, working: Working) -> None:
        task = job(seconds=60)
        await tasks.add([task])
        async with working():
            await until(lambda: _has_status(task, "processing"))
        queued = await Task.one_in(True, task.id)
        assert queued is not None
        assert (queued.status, queued.error, queued.ready) == ("queued", None, True)

    async def test_lost_worker_uses_up_tries(self, store: object) -> None:
        task = job()
        task.max_retries = 0
        await tasks.add([task])
        await claim(lease=0)
        await asyncio.sleep(0.01)
        await sweep()
        assert await _has_status(task, "failed")


async def test_dependents_of_a_crashed_worker_are_told_by_the_sweep(store: object) -> None:
    first = job()
    last = new_task(WORK, Work(), Ownership(), after=[first])
    await tasks.add([first, last])
    await Task.collection().update_one({"_id": first.id}, {"$set": {"status": "completed"}})
    assert await sweep() is True
    assert (await claim()).id == last.id


class TestGraph:
    async def test_circle_is_refused_and_nothing_written(self, store: object) -> None:
        first, second = job(), job()
        first.input.dependencies.append(second.id)
        second.input.dependencies.append(first.id)
        with pytest.raises(BadGraph):
            await tasks.add([first, second])
        assert await Task.collection().count_documents({}) == 0

    async def test_dependency_out_of_reach_is_refused(self, store: object) -> None:
        task = job()
        task.input.dependencies.append(Id())
        with pytest.raises(BadGraph):
            await tasks.add([task])

    async def test_parameters_are_small(self, store: object) -> None:
        task = job()
        task.input.parameters["name"] = "x" * 2**20
        with pytest.raises(BadGraph):
            await tasks.add([task])
        assert await Task.collection().count_documents({}) == 0

    async def test_one_unfinished_task_a_key(self, working: Working) -> None:
        film = await make_film()
        owner = Ownership(workspace_id=film.workspace.id)
        first, second = (new_task(WORK, Work(), owner, key="nightly") for _ in range(2))
        await tasks.add([first])
        with pytest.raises(NotUnique):
            await tasks.add([second])
        async with working():
            await ended(first)
            await tasks.add([second])


async def test_wakeups_reach_a_worker_through_arq(working: Working, resources: Resources) -> None:
    from workers.runtime.process import listen

    async with working(sweep_seconds=3600) as runner:
        listening = asyncio.create_task(listen(resources.settings.address("redis_url"), runner))
        await asyncio.sleep(0.3)
        task = job()
        await tasks.add([task])
        await resources.wakeups.wake()
        [done] = await ended(task)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert done.status == "completed"


async def _has_status(task: Task, status: str) -> bool:
    found = await Task.one_in(True, task.id)
    return found is not None and found.status == status
