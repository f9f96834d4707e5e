"""The task engine's figures, beside what bare arq does with the same no-ops."""

import asyncio
import os
import statistics
import sys
import time
from typing import Final

import psutil
from arq import create_pool

from app.core.wakeups import Wakeups, redis_settings
from app.production import tasks
from app.production.kinds import PING, Ping
from app.production.tasks import Ownership, new_task
from app.settings import Settings
from documents.production import Task
from documents.store import Store
from documents.values import Id
from scripts.bench.report import Bar, Report
from scripts.migrate import migrated
from scripts.processes import Child, children
from scripts.stack import Stack, environment
from workers.runtime import claims

BARS: Final = (
    Bar("tasks_per_s", ">=", 500),
    Bar("arq_ratio", ">=", 0.5),
    Bar("ready_to_started_ms_p50", "<=", 20),
    Bar("idle_cpu_percent", "<=", 3),
    Bar("claim_growth", "<=", 1.5),
    Bar("graph_1000_s", "<=", 1),
)
MANY: Final = 3_000
ROUNDS: Final = 3
SINGLE: Final = 60
IDLE_SECONDS: Final = 10
FEW_QUEUED: Final = 1_000
MANY_QUEUED: Final = 1_000_000
CLAIMS: Final = 200
GRAPH: Final = 1_000
ARQ_QUEUE: Final = "bench:arq"


def measure(settings: Settings) -> Report:
    """Measure on one worker process; the claim figure without any."""
    with Stack(settings, temporary=settings.mongo_uri is None) as running:
        own = running.model_copy(update={"mongo_database": f"bench_{os.getpid()}"})
        figures = asyncio.run(_figures(own))
    return Report("tasks", figures, BARS)


async def _figures(settings: Settings) -> dict[str, float]:
    await migrated(settings)
    async with (
        await Store.open(settings.address("mongo_uri"), settings.mongo_database) as store,
        Wakeups(settings.address("redis_url")) as wakeups,
    ):
        try:
            worked = await _with_worker(settings, wakeups)
            graph = await _graph_seconds(store)
            growth = await _claim_growth()
        finally:
            await store.client.drop_database(settings.mongo_database)
    return {**worked, "claim_growth": growth, "graph_1000_s": graph}


async def _with_worker(settings: Settings, wakeups: Wakeups) -> dict[str, float]:
    log = settings.data / "logs" / "bench-worker.log"
    worker = Child(["worker"], environment(settings), log)
    with children(worker):
        await ping(wakeups, worker, 200)  # the worker is up and warm afterwards
        await asyncio.sleep(2)
        idle = await _cpu_percent(worker.process.pid)
        waits = [_wait(*await ping(wakeups, worker, 1)) for _ in range(SINGLE)]
        ours, arqs = [], []
        for _ in range(ROUNDS):
            ours.append(rate(await ping(wakeups, worker, MANY)))
            arqs.append(await _arq_rate(settings))
    ratios = [mine / bare for mine, bare in zip(ours, arqs, strict=True)]
    return {
        "tasks_per_s": statistics.median(ours),
        "arq_per_s": statistics.median(arqs),
        "arq_ratio": statistics.median(ratios),
        "ready_to_started_ms_p50": statistics.median(waits),
        "idle_cpu_percent": idle,
    }


async def ping(wakeups: Wakeups, worker: Child, count: int) -> list[Task]:
    """Queue so many no-op tasks, wait until all are done, and answer them.

    Raises ProcessEnded when the worker does not live to do them.
    """
    batch = [new_task(PING, Ping(), Ownership()) for _ in range(count)]
    await Task.insert_all(batch)
    await wakeups.wake()
    query = {"_id": {"$in": [task.id for task in batch]}, "status": "completed"}
    while await Task.collection().count_documents(query) < count:
        worker.check()
        await asyncio.sleep(0.02)
    return await Task.all_in(True, query)


def rate(done: list[Task]) -> float:
    """Tasks a second, from the first that was queued to the last that ended."""
    ends = [task.completed_at for task in done if task.completed_at is not None]
    return len(done) / (max(ends) - min(task.created_at for task in done)).total_seconds()


def _wait(task: Task) -> float:
    if task.worker is None:
        raise RuntimeError("a task ended without a worker")
    return (task.worker.started_at - task.created_at).total_seconds() * 1000


async def _cpu_percent(pid: int) -> float:
    process = psutil.Process(pid)
    before = sum(process.cpu_times()[:2])
    await asyncio.sleep(IDLE_SECONDS)
    return 100 * (sum(process.cpu_times()[:2]) - before) / IDLE_SECONDS


async def _arq_rate(settings: Settings) -> float:
    """What arq alone does: the same number of jobs that do nothing, from queued to done."""
    redis_url = settings.address("redis_url")
    pool = await create_pool(redis_settings(redis_url), default_queue_name=ARQ_QUEUE)
    started = time.perf_counter()
    await asyncio.gather(*(pool.enqueue_job("nothing") for _ in range(MANY)))
    command = [sys.executable, "-m", "scripts.bench.bare_arq", redis_url, ARQ_QUEUE]
    worker = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    enqueued = time.perf_counter() - started
    answer, _ = await worker.communicate()
    await pool.aclose()
    return MANY / (enqueued + float(answer))


async def _graph_seconds(store: Store) -> float:
    """Writing a graph in which every task depends on the two before it."""
    graph: list[Task] = []
    for _ in range(GRAPH):
        graph.append(new_task(PING, Ping(), Ownership(), after=graph[-2:]))
    started = time.perf_counter()
    await store.in_transaction(lambda session: tasks.add(graph, session))
    seconds = time.perf_counter() - started
    await Task.collection().delete_many({})
    return seconds


async def _claim_growth() -> float:
    """How much longer a claim takes with a million tasks queued than with a thousand."""
    few = await _claim_milliseconds(FEW_QUEUED)
    many = await _claim_milliseconds(MANY_QUEUED)
    return many / few


async def _claim_milliseconds(queued: int) -> float:
    await Task.collection().delete_many({})
    tenants = [Id() for _ in range(20)]
    template = new_task(PING, Ping(), Ownership()).stored()
    for start in range(0, queued, 10_000):
        documents = [
            {
                **template,
                "_id": Id(),
                "workspace_id": tenants[number % len(tenants)],
                "priority": 1 + number % 10,
            }
            for number in range(start, min(start + 10_000, queued))
        ]
        await Task.collection().insert_many(documents, ordered=False)
    times = []
    for _ in range(CLAIMS):
        started = time.perf_counter()
        if not await claims.claim("bench", {"light": 1}, 600):
            raise RuntimeError("nothing was claimed though tasks are queued")
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)
