"""What people may do about work: hold it, move it, replace it, look at failures."""

import asyncio
from datetime import timedelta

import pytest

from app.production import failures, holds, retention, tasks
from app.production.tasks import Ownership, new_task
from documents.production import ArchivedTask, Pipeline, Task
from documents.store import Store
from documents.values import now
from tests.factories import valid
from tests.factories.films import Film, make_film
from tests.support.kinds import WORK, Work
from tests.workers.conftest import Working, ended
from workers.runtime import claims
from workers.runtime.claims import Failure


@pytest.fixture
async def film(store: Store) -> Film:
    return await make_film()


def job(film: Film, pipeline: Pipeline | None = None, **options: str) -> Task:
    owner = Ownership(workspace_id=film.workspace.id, pipeline_id=pipeline.id if pipeline else None)
    return new_task(WORK, Work(), owner, **options)  # type: ignore[arg-type]


async def claimed() -> list[Task]:
    return await claims.claim("worker", {"io": 10}, 30)


async def make_pipeline(film: Film) -> Pipeline:
    return await valid(Pipeline, workspace_id=film.workspace.id, kind="films.make_episode").insert()


class TestHold:
    async def test_held_task_is_not_claimed_until_it_is_resumed(self, film: Film) -> None:
        held, other = job(film), job(film)
        await tasks.add([held, other])
        assert await holds.hold_tasks(True, {"_id": held.id}, holds.paused(film.user.id)) == 1
        assert [task.id for task in await claimed()] == [other.id]
        assert await holds.resume_tasks(True, {"_id": held.id}) == 1
        assert [task.id for task in await claimed()] == [held.id]

    async def test_resumed_task_still_waits_for_what_it_depends_on(self, film: Film) -> None:
        first = job(film)
        last = new_task(WORK, Work(), Ownership(workspace_id=film.workspace.id), after=[first])
        await tasks.add([first, last])
        await holds.hold_tasks(True, {"_id": last.id}, holds.paused(None))
        await holds.resume_tasks(True, {"_id": last.id})
        assert [task.id for task in await claimed()] == [first.id]

    async def test_held_task_whose_dependency_ends_stays_held(self, film: Film) -> None:
        first = job(film)
        last = new_task(WORK, Work(), Ownership(workspace_id=film.workspace.id), after=[first])
        await tasks.add([first, last])
        await holds.hold_tasks(True, {"_id": last.id}, holds.paused(None))
        [running] = await claimed()
        await claims.complete(running, None)
        assert await claimed() == []
        await holds.resume_tasks(True, {"_id": last.id})
        assert [task.id for task in await claimed()] == [last.id]

    async def test_paused_pipeline_holds_what_is_added_later(self, film: Film) -> None:
        pipeline = await make_pipeline(film)
        early, late, other = job(film, pipeline), job(film, pipeline), job(film)
        await tasks.add([early])
        assert await holds.hold_pipeline(True, pipeline.id, film.user.id) == 1
        await tasks.add([late, other])
        assert [task.id for task in await claimed()] == [other.id]
        assert await holds.resume_pipeline(True, pipeline.id) == 2
        assert {task.id for task in await claimed()} == {early.id, late.id}

    async def test_resumed_workspace_leaves_its_paused_pipelines(self, film: Film) -> None:
        pipeline = await make_pipeline(film)
        inside, outside = job(film, pipeline), job(film)
        await tasks.add([inside, outside])
        await holds.hold_pipeline(True, pipeline.id, None)
        await holds.hold_workspace(True, film.workspace.id, None)
        assert await claimed() == []
        await holds.resume_workspace(True, film.workspace.id)
        assert [task.id for task in await claimed()] == [outside.id]

    async def test_out_of_reach_is_answered_like_not_there(self, film: Film) -> None:
        assert await holds.hold_pipeline(False, film.project.id, None) is None
        assert await holds.hold_workspace(False, film.workspace.id, None) is None


async def test_front_goes_before_higher_priority_and_age(film: Film) -> None:
    urgent, plain = job(film), job(film)
    urgent.priority, plain.priority = 10, 1
    await tasks.add([urgent, plain])
    await tasks.to_front(True, {"_id": plain.id})
    [first] = await claims.claim("worker", {"io": 1}, 30)
    assert first.id == plain.id


class TestKeys:
    async def test_newest_wins(self, film: Film, store: Store) -> None:
        old, new = job(film, key="preview"), job(film, key="preview")
        await tasks.add([old])
        await store.in_transaction(lambda session: tasks.replace(new, session))
        assert [task.id for task in await claimed()] == [new.id]
        replaced = await Task.one_in(True, old.id)
        assert replaced is not None
        assert replaced.status == "cancelled"

    async def test_newest_wins_over_a_running_one(
        self, film: Film, store: Store, working: Working
    ) -> None:
        owner = Ownership(workspace_id=film.workspace.id)
        old = new_task(WORK, Work(seconds=60), owner, key="preview")
        new = new_task(WORK, Work(), owner, key="preview")
        await tasks.add([old])
        async with working():
            while not await Task.first_in(True, {"_id": old.id, "status": "processing"}):
                await asyncio.sleep(0.02)
            await store.in_transaction(lambda session: tasks.replace(new, session))
            first, second = await ended(old, new)
        assert (first.status, second.status) == ("cancelled", "completed")

    async def test_one_of_a_lane_runs_at_a_time(self, film: Film) -> None:
        first, second, other = job(film, lane="album"), job(film, lane="album"), job(film)
        await tasks.add([first, second, other])
        running = await claimed()
        assert {task.id for task in running} == {first.id, other.id}
        assert await claimed() == []
        await claims.complete(next(task for task in running if task.lane), None)
        assert [task.id for task in await claimed()] == [second.id]


class TestFailureDesk:
    async def test_groups_by_cause_whatever_the_numbers(self, film: Film) -> None:
        messages = ["Shot 3 has no picture.", "Shot 14 has no picture.", "The disk is full."]
        await tasks.add([job(film) for _ in messages])
        for task, message in zip(await claimed(), messages, strict=True):
            await claims.fail(task, Failure(message, "render_failed", retryable=False), 1)
        groups = await failures.by_cause(True, {})
        assert [group.count for group in groups] == [2, 1]
        assert groups[0].kind == WORK.name
        assert len(groups[0].task_ids) == 2

        assert await tasks.retry(True, {"error.cause": groups[0].cause}) == 2
        assert await failures.discard(True, {"error.cause": groups[1].cause}) == 1
        assert await failures.by_cause(True, {}) == []

    async def test_nothing_out_of_reach(self, film: Film) -> None:
        assert await failures.by_cause(False, {}) == []


class TestRetention:
    async def test_ended_tasks_move_after_thirty_days(self, film: Film, store: Store) -> None:
        old, fresh, queued = (job(film) for _ in range(3))
        for task, days in ((old, 31), (fresh, 29)):
            task.status, task.completed_at = "completed", now() - timedelta(days=days)
        await tasks.add([old, fresh, queued])
        assert await retention.archive_batch(store) == 1
        assert await retention.archive_batch(store) == 0
        assert {task.id for task in await Task.all_in(True, {})} == {fresh.id, queued.id}
        archived = await ArchivedTask.one_in(True, old.id)
        assert archived is not None
        assert archived.completed_at == old.completed_at

    async def test_unfinished_pipelines_keep_their_tasks(self, film: Film, store: Store) -> None:
        pipeline = await make_pipeline(film)
        old, queued = job(film, pipeline), job(film, pipeline)
        old.status, old.completed_at = "completed", now() - timedelta(days=90)
        await tasks.add([old, queued])
        assert await retention.archive_batch(store) == 0
