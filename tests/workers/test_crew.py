"""Our own work is done beside the worker, with its own errors, and goes on when a process dies."""

import asyncio
import os
import time

import pytest

from tests.workers import crew_work
from workers import crew
from workers.crew import Deserted, aside
from workers.render.servants import Servant


async def test_what_a_function_answers_comes_back() -> None:
    assert await aside(crew_work.joined, "a", "b", between="-") == "a-b"
    assert await aside(os.getpid) != os.getpid()


async def test_large_arguments_and_answers_pass() -> None:
    content = os.urandom(3 * 2**20)
    assert await aside(crew_work.reversed_bytes, content) == content[::-1]


async def test_what_it_raises_is_raised_here() -> None:
    with pytest.raises(KeyError, match="no such thing"):
        await aside(crew_work.failing, KeyError("no such thing"))


async def test_an_error_that_cannot_be_pickled_is_told_in_words() -> None:
    with pytest.raises(RuntimeError, match="Peculiar: 1 of 2"):
        await aside(crew_work.peculiar)


async def test_calls_run_side_by_side_on_all_cores() -> None:
    cores = len(os.sched_getaffinity(0))
    await aside(os.getpid)
    started = time.monotonic()
    done = await asyncio.gather(*(aside(crew_work.slow, 0.5) for _ in range(cores)))
    assert len(set(done)) == cores
    assert time.monotonic() - started < 0.5 * cores or cores == 1


async def test_a_process_that_ends_deserts_its_call_alone() -> None:
    with pytest.raises(Deserted):
        await aside(crew_work.ending)
    assert await aside(crew_work.joined, "still", "there") == "still there"


async def test_a_caller_who_goes_leaves_the_crew_at_work() -> None:
    waiting = asyncio.create_task(aside(crew_work.slow, 0.2))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await aside(crew_work.joined, "a", "b") == "a b"


async def test_one_that_cannot_be_reached_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable() -> str:
        raise FileNotFoundError("no such folder")

    lost = Servant("workers.crew_child")
    monkeypatch.setattr(lost, "_address", unreachable)
    monkeypatch.setattr(crew, "_crew", lost)
    with pytest.raises(Deserted, match="no such folder"):
        await aside(os.getpid)
