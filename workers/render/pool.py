"""The rendering processes of one render: each does one job at a time, all end with the render."""

import asyncio
import json
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from workers.render.errors import RenderError
from workers.render.jobs import Job
from workers.render.processes import bare_environment, last_words, python_module, running

MOST_PROCESSES = 4
Facts = TypeVar("Facts", bound=BaseModel)


def process_count() -> int:
    """How many processes a render uses: one for each core it may use, four at most."""
    return max(1, min(MOST_PROCESSES, len(os.sched_getaffinity(0))))


class _Child:
    """A process and the reading of its last words."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._words = asyncio.create_task(last_words(process))

    async def do(self, job: Job, told: Callable[[int], None] | None) -> None:
        """Raises RenderError."""
        reading, writing = self._process.stdout, self._process.stdin
        assert reading is not None
        assert writing is not None
        try:
            writing.write(job.model_dump_json().encode() + b"\n")
            await writing.drain()
            while line := await reading.readline():
                answer = json.loads(line)
                if "error" in answer:
                    raise RenderError(answer["error"])
                if "done" in answer:
                    return
                if told is not None:
                    told(answer["frames"])
        except ConnectionError:
            pass
        words = (await self._words).splitlines()
        raise RenderError(
            f"A rendering process ended: {words[-1] if words else 'it was ended from outside'}; "
            "render again, what is encoded stays."
        )

    async def close(self) -> None:
        """Stop reading."""
        self._words.cancel()
        await asyncio.gather(self._words, return_exceptions=True)
        if self._process.stdin is not None:
            self._process.stdin.close()


class Pool:
    """Runs jobs on the first process that is free."""

    def __init__(self, folder: Path, stack: AsyncExitStack, count: int) -> None:
        self._folder = folder
        self._stack = stack
        self._left = count
        self._free: asyncio.Queue[_Child] = asyncio.Queue()

    async def run(
        self, job: Job, facts: type[Facts], told: Callable[[int], None] | None = None
    ) -> Facts:
        """Do a job; `told` hears of encoded pictures. Raises RenderError."""
        child = await self._child()
        await child.do(job, told)  # a process that failed is not used again
        self._free.put_nowait(child)
        return facts.model_validate_json(await asyncio.to_thread(job.facts.read_bytes))

    async def _child(self) -> _Child:
        if self._free.empty() and self._left:
            self._left -= 1
            environment = bare_environment(HOME=str(self._folder), TMPDIR=str(self._folder))
            process = await self._stack.enter_async_context(
                running(
                    python_module("workers.render.segment_child"),
                    stdin=PIPE,
                    stdout=PIPE,
                    folder=self._folder,
                    environment=environment,
                )
            )
            child = _Child(process)
            self._stack.push_async_callback(child.close)
            return child
        return await self._free.get()


@asynccontextmanager
async def rendering_processes(folder: Path, count: int | None = None) -> AsyncIterator[Pool]:
    """A pool for the length of the block; when it is left, its processes are gone."""
    async with AsyncExitStack() as stack:
        yield Pool(folder, stack, count or process_count())
