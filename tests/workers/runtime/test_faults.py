"""Faults that the task engine has to survive, with real processes on real servers."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from pymongo.errors import ConnectionFailure
from redis.asyncio import Redis

from app.production import ledger, tasks
from app.production.tasks import Ownership, new_task
from app.settings import Settings
from documents.base import Subject
from documents.films import Project
from documents.ledger import Budget
from documents.production import PromptExecution, Task
from documents.store import Store
from scripts.migrate import migrated
from scripts.stack import Stack, environment
from tests.conftest import bind
from tests.factories.films import Film, make_film
from tests.support.charging import PRICE, Till
from tests.support.kinds import PAY, STURDY, Pay, Work
from tests.workers.conftest import Working, until
from workers.runtime.sweep import sweep

pytestmark = pytest.mark.slow
REDIS_AWAY_SECONDS = 30


@contextmanager
def worker(
    settings: Settings, till: Till, seconds: float = 0, clock: float = 0
) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker process with a charging provider."""
    quick = settings.model_copy(update={"lease_seconds": 1.0, "sweep_seconds": 0.3})
    told = [str(till.path), str(seconds), str(clock)]
    command = [sys.executable, "-m", "tests.support.worker_process", *told]
    process = subprocess.Popen(command, env=environment(quick))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def till(tmp_path: Path) -> Till:
    return Till(tmp_path / "till")


@pytest.fixture
async def film(store: Store) -> Film:
    return await make_film()


def owner_of(film: Film) -> Ownership:
    return Ownership(workspace_id=film.workspace.id, project_id=film.project.id)


def counting(film: Film, number: int, seconds: float = 0.02) -> Task:
    work = Work(name=f"count {number}", seconds=seconds, project_id=film.project.id)
    return new_task(STURDY, work, owner_of(film))


async def all_ended() -> bool:
    unfinished = {"status": {"$in": ["queued", "processing"]}, "kind": {"$regex": "^testing"}}
    return await Task.collection().count_documents(unfinished, limit=1) == 0


async def statuses() -> Counter[str]:
    rows = Task.collection().find({"kind": {"$regex": "^testing"}}, {"status": 1})
    return Counter([row["status"] async for row in rows])


async def counted(film: Film) -> int:
    project = await Project.one_in(True, film.project.id)
    assert project is not None
    return project.episode_count - film.project.episode_count


async def test_worker_killed_ten_times_in_two_hundred_tasks(
    film: Film, settings: Settings, till: Till
) -> None:
    """Every task ends once.

    A provider that can be asked for its jobs is charged once a call, one that can't at most once;
    what nobody knows waits for a person.
    """
    counters = [counting(film, number) for number in range(40)]
    noops = [new_task(STURDY, Work(seconds=0.01), owner_of(film)) for _ in range(130)]
    paid = [
        new_task(PAY, Pay(number=number, askable=number < 15), owner_of(film))
        for number in range(30)
    ]
    await tasks.add([*counters, *noops, *paid])
    for _ in range(10):
        with worker(settings, till, seconds=0.05):
            before = await statuses()

            async def moved_on(before: Counter[str] = before) -> bool:
                return (await statuses())["completed"] > before["completed"] or await all_ended()

            await until(moved_on, patience=60)
    with worker(settings, till, seconds=0.05):
        await until(all_ended, patience=90)

    ended = await statuses()
    unknown = {"status": "failed", "error.code": "unknown_outcome"}
    waiting = await Task.collection().count_documents(unknown)
    assert ended == Counter(completed=200 - waiting, failed=waiting)
    assert await counted(film) == 40
    assert len(till.charges) == len(set(till.charges)) <= 30
    askable = [line for line in till.charges if _number(line) < 15]
    assert len(askable) == 15
    failed = await Task.all_in(True, unknown)
    assert all(not task.input.parameters["askable"] for task in failed)
    paid_for = await PromptExecution.collection().count_documents({"status": "success"})
    assert paid_for == 30 - waiting


async def test_flushed_redis_loses_nothing(film: Film, settings: Settings, till: Till) -> None:
    await tasks.add([counting(film, number) for number in range(20)])
    with worker(settings, till):
        async with Redis.from_url(settings.address("redis_url")) as redis:
            await redis.flushdb()
        await until(all_ended, patience=60)
    assert await counted(film) == 20


async def test_frozen_worker_writes_nothing_when_it_wakes(
    film: Film, settings: Settings, till: Till
) -> None:
    await tasks.add([counting(film, 1, seconds=1.5)])
    with worker(settings, till) as frozen:
        await until(_is_running)
        os.kill(frozen.pid, signal.SIGSTOP)
        with worker(settings, till):
            await until(all_ended, patience=60)
        os.kill(frozen.pid, signal.SIGCONT)
        await asyncio.sleep(2.5)
    assert await counted(film) == 1


async def test_clocks_five_minutes_off_neither_steal_nor_lose_leases(
    film: Film, settings: Settings, till: Till
) -> None:
    """Leases run by the store's clock, whatever the workers believe."""
    work = [counting(film, number, seconds=1.5) for number in range(12)]
    await tasks.add(work)
    with worker(settings, till, clock=300), worker(settings, till, clock=-300):
        await until(all_ended, patience=60)
    done = await Task.all_in(True, {"kind": STURDY.name})
    assert {(task.status, task.fence, task.error) for task in done} == {("completed", 1, None)}
    assert await counted(film) == 12


async def test_two_sweeps_at_once_agree(film: Film, working: Working) -> None:
    abandoned = [counting(film, number) for number in range(20)]
    await tasks.add(abandoned)
    await Task.collection().update_many(
        {},
        [
            {
                "$set": {
                    "status": "processing",
                    "fence": 1,
                    "worker": {
                        "worker_id": "gone",
                        "claim": "gone",
                        "started_at": "$$NOW",
                        "heartbeat": "$$NOW",
                        "lease_until": {"$subtract": ["$$NOW", 1000]},
                    },
                }
            }
        ],
    )
    await asyncio.gather(*(sweep() for _ in range(5)))
    queued = await Task.all_in(True, {})
    assert {(task.status, task.fence) for task in queued} == {("queued", 2)}
    assert {task.error.retry_count for task in queued if task.error} == {1}
    async with working():
        await until(all_ended, patience=30)
    assert await counted(film) == 20


async def test_budget_reached_in_mid_flight_pauses_and_goes_on(
    film: Film, settings: Settings, till: Till
) -> None:
    house = Subject(collection="workspaces", id=film.workspace.id)
    await ledger.set_limits(house, film.workspace.id, limit=4 * PRICE)
    await tasks.add([new_task(PAY, Pay(number=n), owner_of(film)) for n in range(10)])

    async def six_wait() -> bool:
        held = {"status": "queued", "hold.reason": "budget"}
        return await Task.collection().count_documents(held) == 6

    with worker(settings, till):
        await until(six_wait, patience=60)
        assert len(till.charges) == 4
        assert (await statuses())["failed"] == 0
        await ledger.set_limits(house, film.workspace.id, limit=100 * PRICE)
        await until(all_ended, patience=60)
    assert (await statuses()) == Counter(completed=10)
    assert {each.spent for each in await Budget.all_in(True, {"day": None})} == {10 * PRICE}


class TestServersGone:
    """On servers of their own: they are stopped and killed."""

    @pytest.fixture
    async def own(self) -> AsyncIterator[Settings]:
        free = Settings(_env_file=None).model_copy(
            update={"mongo_uri": None, "redis_url": None, "s3_endpoint": None}
        )
        stack = Stack(free, temporary=True)
        settings = await asyncio.to_thread(stack.start)
        await migrated(settings)
        store = await Store.open(settings.address("mongo_uri"), settings.mongo_database)
        await bind(store.database)
        try:
            yield settings
        finally:
            await store.close()
            await asyncio.to_thread(stack.stop)

    async def test_redis_frozen_while_work_is_done(self, own: Settings, till: Till) -> None:
        film = await make_film()
        with worker(own, till):
            await tasks.add([counting(film, 0)])
            await until(all_ended, patience=60)
            redis = _server("redis-server", own)
            redis.suspend()
            try:
                await tasks.add([counting(film, number) for number in range(1, 11)])
                await until(all_ended, patience=60)
            finally:
                redis.resume()
            await tasks.add([counting(film, 11)])
            await until(all_ended, patience=60)
        assert await counted(film) == 12

    async def test_redis_stopped_for_half_a_minute(self, own: Settings, till: Till) -> None:
        """Tasks from before, from the beginning and the end of that time, and from after it."""
        film = await make_film()
        with worker(own, till):
            await tasks.add([counting(film, number, seconds=1) for number in range(10)])
            await until(_is_running, patience=60)
            redis = _server("redis-server", own)
            port = own.address("redis_url").rsplit(":", 1)[1]
            command = [redis.exe(), "--port", port, "--bind", "127.0.0.1", "--save", ""]
            folder = redis.cwd()
            redis.terminate()
            await asyncio.to_thread(redis.wait, 10)
            away = asyncio.create_task(asyncio.sleep(REDIS_AWAY_SECONDS))
            await tasks.add([counting(film, number) for number in range(10, 20)])
            await until(all_ended, patience=60)
            await away
            await tasks.add([counting(film, number) for number in range(20, 30)])
            again = await asyncio.to_thread(
                subprocess.Popen, command, cwd=folder, stdout=subprocess.DEVNULL
            )
            try:
                await tasks.add([counting(film, number) for number in range(30, 40)])
                await until(all_ended, patience=60)
            finally:
                again.terminate()
                await asyncio.to_thread(again.wait, 10)
        assert await statuses() == Counter(completed=40)
        assert await counted(film) == 40

    async def test_mongod_killed_and_started_again(self, own: Settings, till: Till) -> None:
        film = await make_film()
        await tasks.add([counting(film, number, seconds=0.2) for number in range(40)])
        with worker(own, till):
            await until(_is_running, patience=30)
            mongod = _server("mongod", own)
            command, folder = mongod.cmdline(), mongod.cwd()
            mongod.kill()
            await asyncio.to_thread(mongod.wait, 10)
            again = await asyncio.to_thread(
                subprocess.Popen, command, cwd=folder, stdout=subprocess.DEVNULL
            )
            try:
                await until(_answered_and_all_ended, patience=90)
                assert await counted(film) == 40
            finally:
                again.terminate()
                await asyncio.to_thread(again.wait, 20)


async def _answered_and_all_ended() -> bool:
    """A busy machine's mongod takes longer than the client waits until it is itself again."""
    try:
        return await all_ended()
    except ConnectionFailure:
        return False


def _number(charge: str) -> int:
    text: str = json.loads(charge)["inputs"]["text"]
    return int(text.removeprefix("Story ").split(".")[0])


async def _is_running() -> bool:
    return bool(await Task.collection().count_documents({"status": "processing"}, limit=1))


def _server(name: str, settings: Settings) -> psutil.Process:
    """The process of ours that serves this stack."""
    address = settings.address("mongo_uri" if name == "mongod" else "redis_url")
    port = address.rsplit(":", 1)[1].split("/")[0]
    for process in psutil.process_iter(["name", "cmdline"]):
        line = process.info["cmdline"] or []
        if name in (process.info["name"] or "") and any(port in part for part in line):
            return process
    raise AssertionError(f"{name} at {port} is not there")
