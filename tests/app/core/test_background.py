"""Ending what runs beside."""

import asyncio
import contextlib

import pytest

from app.core.background import end


async def test_it_ends_what_runs() -> None:
    running = [asyncio.create_task(asyncio.sleep(1000)) for _ in range(3)]
    await end(running)
    assert all(task.cancelled() for task in running)


async def test_what_swallows_the_first_cancel_is_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.core.background.PATIENCE_SECONDS", 0.01)
    told = 0

    async def deaf() -> None:
        nonlocal told
        while told < 3:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(1000)
            told += 1

    running = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await end([running])
    assert told == 3
    assert running.done()


async def test_what_fails_meanwhile_has_ended_too() -> None:
    async def failing() -> None:
        raise ValueError("nothing to do with the end")

    failed = asyncio.create_task(failing())
    await asyncio.sleep(0)
    await end([failed, asyncio.create_task(asyncio.sleep(1000))])
    assert isinstance(failed.exception(), ValueError)


async def test_nothing_ends_at_once() -> None:
    await end([])
