"""What the demos share: servers and a worker for as long as they make something."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar

from app.core.deletion import PURGE_TREE, REMOVE_OBJECTS
from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.identity.service import Account
from app.production import tasks
from app.production.tasks import PipelineState, pipeline_state
from app.settings import Settings
from documents.base import StoredDocument
from documents.ledger import GenerationCost
from documents.production import Task
from documents.store import Store
from documents.values import Id
from scripts.migrate import migrated
from scripts.processes import Child, ProcessEnded, children, stopped_by_signals
from scripts.progress import ProgressReport
from scripts.seed import ensure_demo_account
from scripts.servers import servers
from scripts.stack import ServerDied, Stack, environment

POLL_SECONDS: Final = 0.3
PATIENCE_SECONDS: Final = 10.0

R = TypeVar("R")


class Unfinished(Exception):
    """A demo did not come to its end; the message says why and how to go on."""


@dataclass(frozen=True, slots=True)
class Studio:
    """The parts of an installation with a worker, and who uses them."""

    settings: Settings
    stack: Stack | None
    """The servers, where they are this run's own; None where others work on them too."""
    account: Account
    store: Store
    storage: Storage
    wakeups: Wakeups

    async def finished(self, pipeline_id: Id, title: str, noun: str) -> None:
        """Wait until the pipeline is done, telling how far it is. Raises Unfinished if it fails."""
        with ProgressReport(title) as report:
            while True:
                state = await pipeline_state(pipeline_id)
                report.tell(state.completed, state.total, await _running(pipeline_id))
                if state.is_done:
                    return
                if state.is_stuck and not state.by_status.get("processing"):
                    raise Unfinished(_why(pipeline_id, state, noun))
                await asyncio.sleep(POLL_SECONDS)

    async def stopped(self, query: Mapping[str, Any]) -> None:
        """End these tasks, and wait for those that run."""
        await tasks.cancel(True, query)
        await _ended({**query, "status": "processing"})

    async def removed(self) -> None:
        """Wait until the files of what was deleted are gone.

        The next run may make the same files: they must not go while it begins.
        """
        await self.wakeups.wake()
        kinds = [PURGE_TREE.name, REMOVE_OBJECTS.name]
        await _ended({"kind": {"$in": kinds}, "status": {"$in": ["queued", "processing"]}})

    @asynccontextmanager
    async def undone_when_stopped(
        self, query: Mapping[str, Any], undo: Callable[[], Awaitable[object]]
    ) -> AsyncIterator[None]:
        """A block that is stopped ends these tasks, and what was begun is taken away."""
        try:
            yield
        except (asyncio.CancelledError, KeyboardInterrupt):
            if self.stack is not None:
                self.stack.check()  # without its servers the next run has to clear up
            await self.stopped(query)
            await undo()
            await self.removed()
            raise


def made_by(make: Callable[[Studio], Coroutine[Any, Any, R]]) -> R:
    """What `make` answers, with servers and a worker at its side.

    Servers of a run that is on are used; else there are own ones, stopped in the end. Raises
    ServerDied or ProcessEnded as soon as one of them ends.
    """
    with stopped_by_signals(), servers(Settings()) as (settings, stack):
        asyncio.run(migrated(settings))
        worker = Child(["worker"], environment(settings), settings.data / "logs" / "worker.log")
        with children(worker):
            return asyncio.run(_watched(_opened(make, settings, stack), stack, worker))


async def cost_of(query: Mapping[str, Any]) -> Decimal:
    """What the calls that the query finds cost."""
    stages: list[StoredDocument] = [
        {"$match": query},
        {"$group": {"_id": None, "sum": {"$sum": "$amount"}}},
    ]
    rows = await (await GenerationCost.collection().aggregate(stages)).to_list()
    return Decimal(str(rows[0]["sum"])) if rows else Decimal(0)


async def _opened(
    make: Callable[[Studio], Coroutine[Any, Any, R]], settings: Settings, stack: Stack | None
) -> R:
    account = await ensure_demo_account(settings)
    async with (
        await Store.open(settings.address("mongo_uri"), settings.mongo_database) as store,
        Storage(settings) as storage,
        Wakeups(settings.address("redis_url")) as wakeups,
    ):
        return await make(Studio(settings, stack, account, store, storage, wakeups))


async def _watched(work: Coroutine[Any, Any, R], stack: Stack | None, worker: Child) -> R:
    making = asyncio.create_task(work)
    try:
        while not making.done():
            _check(stack, worker)
            await asyncio.wait([making], timeout=POLL_SECONDS)
    except (ServerDied, ProcessEnded):
        making.cancel()
        await asyncio.wait([making], timeout=POLL_SECONDS)
        making.cancel()  # it may wait for the server that has died
        await asyncio.gather(making, return_exceptions=True)
        raise
    except BaseException:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
        raise
    if making.exception() is not None:
        _check(stack, worker)  # then the work failed because of that
    return making.result()


def _check(stack: Stack | None, worker: Child) -> None:
    if stack is not None:
        stack.check()
    worker.check()


async def _running(pipeline_id: Id) -> str:
    """The steps that run, and how far those are that tell."""
    query = {"pipeline_id": pipeline_id, "status": "processing"}
    running: dict[str, int] = {}
    async for row in Task.collection().find(query, {"kind": 1, "progress.percentage": 1}):
        step = row["kind"].split(".")[1].replace("_", " ")
        running[step] = max(running.get(step, 0), int(row["progress"]["percentage"]))
    return ", ".join(f"{step} {far} %" if far else step for step, far in sorted(running.items()))


def _why(pipeline_id: Id, state: PipelineState, noun: str) -> str:
    failures = [task for task in state.failures if not task.optional]
    errors = {task.error.message for task in failures if task.error}
    return (
        f"the {noun} could not be finished: {'; '.join(sorted(errors)) or 'it was cancelled'} — "
        "when that is mended, start `backlot up` and run "
        f"`backlot tasks retry --pipeline {pipeline_id}`; what is made already is kept"
    )


async def _ended(query: StoredDocument) -> None:
    """Wait until no task is found any more, for a while."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and await Task.collection().count_documents(query, limit=1):
        await asyncio.sleep(POLL_SECONDS)
