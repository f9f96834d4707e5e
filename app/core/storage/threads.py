"""Blocking calls off the event loop, in a bounded pool, none of them left behind by a cancel."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Threads:
    """A pool for blocking calls. `count` is also the most that run at the same time."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="storage")

    async def run(
        self,
        function: Callable[Parameters, Result],
        *arguments: Parameters.args,
        **named: Parameters.kwargs,
    ) -> Result:
        """Call the function in a thread.

        Once this has returned or raised, the function is no longer running. A thread cannot be
        stopped, so a cancel that comes while it runs is raised when it has ended.
        """
        submitted = self._pool.submit(partial(function, *arguments, **named))
        future = asyncio.wrap_future(submitted)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if not submitted.cancel():
                await settled([future])
            raise
        finally:
            # An error's traceback holds this frame, and the future holds the error: left alone,
            # the circle keeps the connection open until the garbage collector comes by.
            del submitted, future

    async def close(self) -> None:
        """Wait for what runs, and end the threads."""
        await asyncio.to_thread(self._pool.shutdown)


async def settled(futures: Iterable[asyncio.Future[Any]]) -> bool:
    """Wait until all have ended in whatever way, also if cancelled meanwhile: then True."""
    futures, cancelled = list(futures), False
    while any(not future.done() for future in futures):
        try:
            await asyncio.wait(futures)
        except asyncio.CancelledError:
            cancelled = True
    for future in futures:
        # Looking at an error marks it as seen; asyncio would log it as lost otherwise.
        _ = future.cancelled() or future.exception()
    return cancelled


async def surely(work: Coroutine[Any, Any, Result]) -> Result:
    """Finish the work, and raise a cancel that came meanwhile only then."""
    task = asyncio.ensure_future(work)
    if await settled([task]):
        raise asyncio.CancelledError
    return task.result()
