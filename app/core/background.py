"""Ending what runs beside."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

PATIENCE_SECONDS: Final = 1.0


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel these and wait until the last has ended, however it does.

    One cancel may get lost where it meets the end of what is awaited (`asyncio.wait_for` up to
    Python 3.11 answers then, as if nobody had asked it to end), so it is said again.
    """
    ending = set(tasks)
    running = {task for task in ending if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=PATIENCE_SECONDS)
    for task in ending:
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not complain of it
