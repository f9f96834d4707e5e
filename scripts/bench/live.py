"""Live progress: a thousand clients of one API process, and one that comes back late.

The clients and the writer are one process, the API another one, so one clock tells how long an
event takes from the call that writes it to the client that has read it.
"""

import asyncio
import contextlib
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psutil
import uvloop
from pymongo import UpdateOne

from app.identity.tokens import Tokens
from app.settings import Settings
from documents.films import Project
from documents.identity import Member, User, Workspace
from documents.production import Pipeline, Task
from documents.store import Store
from scripts.bench.live_client import LiveClient
from scripts.bench.report import Bar, Report
from scripts.migrate import migrated
from scripts.processes import Child, children
from scripts.stack import Stack, environment
from scripts.stack.ports import choose
from scripts.up import await_ready

BARS: Final = (
    Bar("progress_p99_ms", "<=", 250),
    Bar("live_memory_mib", "<=", 400),
    Bar("catchup_ms", "<=", 500),
    Bar("deliveries_wrong", "<=", 0),
)
SUBJECTS: Final = 100
CLIENTS_OF_A_SUBJECT: Final = 10
SUBJECT_EVENTS_PER_SECOND: Final = 50
SECONDS: Final = 20
WARM_UP_SECONDS: Final = 3
MISSED: Final = 10_000
CATCH_UPS: Final = 5
CONNECTING_AT_ONCE: Final = 50
PATIENCE: Final = 30.0


def measure(settings: Settings) -> Report:
    """Measure on one API process with a store of its own."""
    with Stack(settings, temporary=settings.mongo_uri is None) as running:
        changes = {"mongo_database": f"bench_{os.getpid()}", "rate_limits": False}
        own = running.model_copy(update=changes)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            figures = runner.run(_figures(own))
    return Report("live", figures, BARS)


async def _figures(settings: Settings) -> dict[str, float]:
    await migrated(settings)
    uri = settings.address("mongo_uri")
    async with await Store.open(uri, settings.mongo_database) as store:
        try:
            studio = await _Studio.made(settings)
            port = choose(["api"], {}, ())["api"]
            address = f"ws://127.0.0.1:{port}/api/v1/live"
            log = settings.data / "logs" / "bench-api.log"

            def api() -> Child:
                return Child(["api", "--port", str(port)], environment(settings), log)

            with children(api()) as (process,):
                await asyncio.to_thread(await_ready, f"http://127.0.0.1:{port}/healthz", process)
                crowd = await _crowd(studio, address, process.process.pid)
                late, cursor = await _catching_up(studio, address)
            with children(api()) as (process,):
                await asyncio.to_thread(await_ready, f"http://127.0.0.1:{port}/healthz", process)
                restarted = await _caught_up(studio, address, cursor)
        finally:
            await store.client.drop_database(settings.mongo_database)
    return {**crowd, "catchup_ms": late, "catchup_after_restart_ms": restarted}


@dataclass(frozen=True, slots=True)
class _Studio:
    """A user and a task for every ten clients, and what all of them follow."""

    tokens: Sequence[str]
    tasks: Sequence[Task]
    everybody: Project
    pipeline: Pipeline
    pipeline_tasks: Sequence[Task]

    @classmethod
    async def made(cls, settings: Settings) -> "_Studio":
        users = [
            User(email=f"bench-{number}@example.com", name="Bench", password_hash="none")  # noqa: S106
            for number in range(SUBJECTS)
        ]
        first, *others = users
        members = [Member(user_id=first.id, role="owner")]
        members += [Member(user_id=each.id, role="viewer") for each in others]
        workspace = Workspace(name="Bench", created_by=first.id, members=members)
        project = Project(workspace_id=workspace.id, created_by=first.id, title="For everybody")
        pipeline = Pipeline(
            workspace_id=workspace.id,
            kind="bench.pipeline",
            subject={"collection": "projects", "id": project.id},
        )
        tasks = [_task(workspace) for _ in range(SUBJECTS)]
        pipeline_tasks = [_task(workspace, pipeline_id=pipeline.id) for _ in range(SUBJECTS)]
        await User.insert_all(users)
        for record in (workspace, project, pipeline):
            await record.insert()
        await Task.insert_all([*tasks, *pipeline_tasks])
        issuer = Tokens.of(settings)
        tokens = [issuer.issue(each.id) for each in users]
        return cls(tokens, tasks, project, pipeline, pipeline_tasks)


def _task(workspace: Workspace, **given: Any) -> Task:
    # Far in the future, so that no worker takes it.
    return Task(
        workspace_id=workspace.id,
        kind="bench.task",
        task_type="maintenance",
        ready=False,
        **given,
    )


@dataclass(slots=True)
class _Heard:
    """When each event was written and how long it took to each client."""

    written: dict[str, float] = field(default_factory=dict)
    of_subjects: list[float] = field(default_factory=list)
    of_all: list[float] = field(default_factory=list)

    def note(self, message: dict[str, Any]) -> None:
        """A message has arrived."""
        moment = time.perf_counter()
        for event in message.get("events", ()):
            data = event["data"]
            mark = data["title"] if "title" in data else data["progress"]["current_step"]
            into = self.of_all if "title" in data else self.of_subjects
            if mark in self.written:
                into.append((moment - self.written[mark]) * 1000)

    def count(self) -> int:
        return len(self.of_subjects) + len(self.of_all)


async def _crowd(studio: _Studio, address: str, pid: int) -> dict[str, float]:
    """A thousand clients for twenty seconds."""
    heard, memory = _Heard(), _Memory(pid)
    places = asyncio.Semaphore(CONNECTING_AT_ONCE)
    count = SUBJECTS * CLIENTS_OF_A_SUBJECT
    begun = time.perf_counter()
    clients = await asyncio.gather(
        *(_opened(studio, address, number % SUBJECTS, places) for number in range(count))
    )
    connected = time.perf_counter() - begun
    for each in clients:
        each.listener = heard.note
    await _write(studio, _Heard(), WARM_UP_SECONDS)
    watching = asyncio.create_task(memory.watch())
    before = psutil.Process(pid).cpu_times()
    await _write(studio, heard, SECONDS)
    after = psutil.Process(pid).cpu_times()
    expected = SECONDS * (SUBJECT_EVENTS_PER_SECOND * CLIENTS_OF_A_SUBJECT + count)
    await _until(lambda: heard.count() >= expected)
    watching.cancel()
    if ended := [each.closed_because for each in clients if each.closed_because]:
        raise RuntimeError(f"{len(ended)} connections have ended: {ended[0]}")
    for each in clients:
        each.close()
    latencies = sorted([*heard.of_subjects, *heard.of_all])
    worked = after.user + after.system - before.user - before.system
    return {
        "progress_p99_ms": _percentile(latencies, 99),
        "progress_p50_ms": _percentile(latencies, 50),
        "subject_p99_ms": _percentile(sorted(heard.of_subjects), 99),
        "deliveries": float(len(latencies)),
        "deliveries_wrong": float(abs(expected - len(latencies))),
        "connecting_1000_s": connected,
        "api_cpu_percent": 100 * worked / SECONDS,
        "live_memory_mib": memory.most,
    }


async def _opened(
    studio: _Studio, address: str, number: int, places: asyncio.Semaphore
) -> LiveClient:
    """A client that follows its task and what everybody follows, and has the state of both."""
    async with places:
        client = await LiveClient.connected(address)
        subjects = [("tasks", studio.tasks[number].id), ("projects", studio.everybody.id)]
        client.hello(studio.tokens[number], *subjects)
        await client.hear("resync")
        return client


async def _write(studio: _Studio, heard: _Heard, seconds: int) -> None:
    """Fifty changes of subjects a second, and one of what everybody follows."""
    begun = time.perf_counter()
    for number in range(seconds * SUBJECT_EVENTS_PER_SECOND):
        await asyncio.sleep(begun + number / SUBJECT_EVENTS_PER_SECOND - time.perf_counter())
        mark = f"{id(heard)} {number}"
        heard.written[mark] = time.perf_counter()
        task = studio.tasks[number % SUBJECTS]
        change = {"progress.percentage": number % 100, "progress.current_step": mark}
        await Task.collection().update_one({"_id": task.id}, {"$set": change})
        if number % SUBJECT_EVENTS_PER_SECOND == 0:
            mark = f"{mark} for everybody"
            heard.written[mark] = time.perf_counter()
            change = {"title": mark}
            await Project.collection().update_one({"_id": studio.everybody.id}, {"$set": change})


async def _catching_up(studio: _Studio, address: str) -> tuple[float, str]:
    """How long a client that missed 10,000 events needs for them; and the cursor it had."""
    witness = await LiveClient.connected(address)
    witness.hello(studio.tokens[0], ("pipelines", studio.pipeline.id))
    cursor = (await witness.hear("resync"))["cursor"]
    arrived = _Arrived(witness)
    await _change_often(studio.pipeline_tasks)
    await _until(lambda: arrived.count >= MISSED)
    witness.close()
    times = [await _caught_up(studio, address, cursor) for _ in range(CATCH_UPS)]
    return statistics.median(times), cursor


class _Arrived:
    """The events that have come to a client."""

    def __init__(self, client: LiveClient) -> None:
        self.count, self.cursors, self.moment = 0, set[str](), 0.0
        client.listener = self._note

    def _note(self, message: dict[str, Any]) -> None:
        if message["type"] == "resync":
            raise RuntimeError("the cursor was too old: the ring is too small")
        events = message.get("events", ())
        self.count += len(events)
        self.cursors.update(event["cursor"] for event in events)
        self.moment = time.perf_counter()


async def _change_often(tasks: Sequence[Task]) -> None:
    """Ten thousand changes of state, none of which makes another one needless."""
    for number in range(MISSED // len(tasks)):
        change = {"$set": {"priority": 1 + number % 10}}
        writes = [UpdateOne({"_id": task.id}, change) for task in tasks]
        await Task.collection().bulk_write(writes, ordered=False)


async def _caught_up(studio: _Studio, address: str, cursor: str) -> float:
    """Milliseconds from connecting to the last of the missed events, each of which comes once."""
    begun = time.perf_counter()
    client = await LiveClient.connected(address)
    arrived = _Arrived(client)
    client.hello(studio.tokens[0], ("pipelines", studio.pipeline.id), cursor=cursor)
    await _until(lambda: arrived.count >= MISSED)
    client.close()
    if arrived.count != MISSED or len(arrived.cursors) != MISSED:
        raise RuntimeError(f"{arrived.count} events came, {len(arrived.cursors)} different ones")
    return (arrived.moment - begun) * 1000


class _Memory:
    """The most memory that a process held, in MiB."""

    def __init__(self, pid: int) -> None:
        self._process, self.most = psutil.Process(pid), 0.0

    async def watch(self) -> None:
        """Look twice a second, for ever."""
        while True:
            self.most = max(self.most, self._process.memory_info().rss / 1024**2)
            await asyncio.sleep(0.5)


async def _until(done: Callable[[], bool]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while not done():
                await asyncio.sleep(0.02)


def _percentile(ordered: Sequence[float], percent: int) -> float:
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] if ordered else 0.0
