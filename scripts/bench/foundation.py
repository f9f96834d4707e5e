"""The foundation's figures: starting up, memory at rest, the demo film, no-op tasks."""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import psutil

from app.core.wakeups import Wakeups
from app.settings import Settings
from documents.production import Task
from documents.store import Store
from scripts.bench.report import Bar, Report, Unmeasured
from scripts.bench.tasks import ping, rate
from scripts.demo.film import STORY
from scripts.migrate import migrated
from scripts.processes import Child, children
from scripts.stack import Stack, environment
from scripts.stack.ports import choose
from scripts.up import await_ready

BARS: Final = (
    Bar("up_seconds", "<=", 10),
    Bar("idle_memory_mib", "<=", 1.2 * 1024),
    Bar("demo_wall_seconds", "<=", 120),
    Bar("demo_film_seconds", ">=", 45),
    Bar("noop_ready_to_done_ms_p50", "<=", 50),
    Bar("noop_tasks_per_s", ">=", 300),
)
STARTS: Final = 3
SETTLE_SECONDS: Final = 5.0
SINGLE_PINGS: Final = 60
MANY_PINGS: Final = 3_000
ROUNDS: Final = 3
SHARED_STORY: Final = Path("../shared/data/stories/fox-and-goat.txt")


def measure(settings: Settings) -> Report:
    """Run everything once, starting up three times."""
    with tempfile.TemporaryDirectory(prefix="backlot-bench-") as folder:
        data = Path(folder)
        figures = {
            **_starting(data / "up"),
            **_filming(data / "demo"),
            **_tasks(settings),
        }
    return Report("foundation", figures, BARS)


def _starting(data: Path) -> dict[str, float]:
    seconds, memory = [], 0.0
    for attempt in range(STARTS):
        port = choose(["api"], {}, ())["api"]
        arguments = ["up", "--port", str(port)]
        started = time.perf_counter()
        process = Child(arguments, {"BACKLOT_DATA": str(data)}, data.parent / "up.log")
        with children(process):
            await_ready(f"http://127.0.0.1:{port}/readyz", process)
            seconds.append(time.perf_counter() - started)
            if attempt == STARTS - 1:
                time.sleep(SETTLE_SECONDS)
                memory = _memory_of(process.process.pid)
    return {"up_seconds": statistics.median(seconds), "idle_memory_mib": memory}


def _memory_of(pid: int) -> float:
    """MiB of the process and all below it, each shared page counted once (PSS)."""
    parent = psutil.Process(pid)
    whole = [parent, *parent.children(recursive=True)]
    return sum(each.memory_full_info().pss for each in whole) / 1024**2


def _filming(data: Path) -> dict[str, float]:
    story = SHARED_STORY if SHARED_STORY.exists() else STORY
    command = [sys.executable, "-m", "scripts.cli", "demo", "--story", str(story)]
    done = subprocess.run(
        command,
        env={**os.environ, "BACKLOT_DATA": str(data)},
        stdout=subprocess.PIPE,
        check=False,
        text=True,
    )
    if done.returncode:
        raise Unmeasured(f"the demo ended with code {done.returncode}, so it has no figures")
    film = Path(done.stdout.strip().splitlines()[-1].removeprefix("MP4 "))
    facts = json.loads(film.with_name("demo.json").read_text())
    return {
        "demo_wall_seconds": facts["wall_seconds"],
        "demo_film_seconds": facts["film_seconds"],
    }


def _tasks(settings: Settings) -> dict[str, float]:
    with Stack(settings, temporary=settings.mongo_uri is None) as running:
        own = running.model_copy(update={"mongo_database": f"bench_{os.getpid()}"})
        worker = Child(["worker"], environment(own), own.data / "logs" / "bench-worker.log")
        with children(worker):
            return asyncio.run(_pings(own, worker))


async def _pings(settings: Settings, worker: Child) -> dict[str, float]:
    await migrated(settings)
    async with (
        await Store.open(settings.address("mongo_uri"), settings.mongo_database) as store,
        Wakeups(settings.address("redis_url")) as wakeups,
    ):
        try:
            await ping(wakeups, worker, 200)  # the worker is up and warm afterwards
            latencies = [_latency(*await ping(wakeups, worker, 1)) for _ in range(SINGLE_PINGS)]
            rates = [rate(await ping(wakeups, worker, MANY_PINGS)) for _ in range(ROUNDS)]
        finally:
            await store.client.drop_database(settings.mongo_database)
    return {
        "noop_ready_to_done_ms_p50": statistics.median(latencies),
        "noop_tasks_per_s": statistics.median(rates),
    }


def _latency(task: Task) -> float:
    assert task.completed_at is not None
    return (task.completed_at - task.created_at).total_seconds() * 1000
