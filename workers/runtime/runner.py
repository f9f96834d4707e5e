"""The loop of a worker: claim, run, finish, until told to stop."""

import asyncio
import contextlib
import logging
import os
import random
import shutil
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic
from typing import Final
from uuid import uuid4

from pydantic import ValidationError
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError

from app.core.background import end
from app.core.storage import StorageError
from app.production.ledger import BudgetReached
from documents.production import Queue, Task, TaskOutput
from documents.values import Id
from workers.providers.errors import ProviderError
from workers.render.errors import RenderError
from workers.runtime import calls, claims
from workers.runtime.alarm import Alarm
from workers.runtime.claims import Failure, LeaseLost
from workers.runtime.context import Context, Resources
from workers.runtime.fairness import FairShare, scheduling_weights
from workers.runtime.handlers import FOLLOWERS, HANDLERS, GiveUp, Outcome, kind_of
from workers.runtime.sweep import BACKOFF_SECONDS, runnable, sweep
from workers.temporary import new_folder, remove_orphans

CANCEL_POLL_SECONDS: Final = 0.5
STORE_PAUSE_SECONDS: Final = 1.0
"""How long to wait before asking a store again that does not answer."""
STORE_PATIENCE_SECONDS: Final = 10
FINISHED_AT_ONCE: Final = 500
WEIGHTS_SECONDS: Final = 10
PASS_ON_SECONDS: Final = 0.5
FOLLOWED_SECONDS: Final = 0.5
PLAYS_SECONDS: Final = 5.0
LOOK_ROUND_SECONDS: Final = 0.5
"""So long after a task has ended all queues are asked: it may have added tasks to any of them."""
REFILL_SECONDS: Final = 0.2
"""A busy queue's slots are filled so long after they became free, several by one claim; where half
of them are free that is done at once. Tasks that are new are asked for at once in any case."""

logger = logging.getLogger(__name__)


class Runner:
    """Runs tasks for one worker process.

    `poke` says that there may be work; without pokes it looks by itself at every sweep. Only
    queues in which there may be work, and a slot free for it, are asked for it.
    """

    def __init__(self, resources: Resources) -> None:
        self.resources = resources
        self.worker_id = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
        settings = resources.settings
        self._slots: dict[Queue, int] = {
            "cpu": settings.worker_cpu,
            "io": settings.worker_io,
            "light": settings.worker_light,
        }
        self._running: dict[Id, tuple[Task, asyncio.Task[None]]] = {}
        self._finished: asyncio.Queue[tuple[Task, TaskOutput | None]] = asyncio.Queue()
        self._done: list[tuple[Task, TaskOutput | None]] = []
        self._ended: list[Task] = []
        """Those that are to be followed up."""
        self._poked = asyncio.Event()
        self._to_ask = set(self._slots)
        """The queues in which there may be work that nobody has looked for yet."""
        self._look_round = Alarm(LOOK_ROUND_SECONDS, self.poke)
        self._refills = {
            each: Alarm(REFILL_SECONDS, partial(self.poke, each)) for each in self._slots
        }
        self._stopping = False
        self._shares = FairShare()
        self._weighed_at = self._passed_on_at = float("-inf")
        self._scratch = new_folder("worker")

    def poke(self, *queues: Queue) -> None:
        """There may be work in these queues; in all of them, where none is named."""
        self._to_ask.update(queues or self._slots)
        self._poked.set()

    async def run(self, grace_seconds: float = 5) -> None:
        """Work until `stop`; then let tasks finish for a while, and hand the rest back."""
        if count := await asyncio.to_thread(remove_orphans):
            logger.info("removed %d folders that killed workers left", count)
        helpers = [
            asyncio.create_task(self._persistently(each))
            for each in (
                self._finish_in_bulk,
                self._keep_leases,
                self._sweep,
                self._follow_up,
                self._ask_for_plays,
            )
        ]
        try:
            await self._persistently(self._claim_and_start)
            await self._drain(grace_seconds)
        finally:
            for alarm in (self._look_round, *self._refills.values()):
                alarm.cancel()
            await end(helpers)
            await asyncio.to_thread(shutil.rmtree, self._scratch, ignore_errors=True)

    def stop(self) -> None:
        """Claim nothing more; `run` returns soon."""
        self._stopping = True
        self.poke()

    async def _persistently(self, work: Callable[[], Awaitable[None]]) -> None:
        """Go on with the work although the store is away for a while."""
        while True:
            try:
                await work()
            except PyMongoError as exc:
                logger.warning("the document store does not answer, trying again: %s", exc)
                await asyncio.sleep(STORE_PAUSE_SECONDS)
            else:
                return

    async def _claim_and_start(self) -> None:
        lease = self.resources.settings.lease_seconds
        while not self._stopping:
            self._poked.clear()
            asked, self._to_ask = self._to_ask, set()
            free = {queue: slots for queue, slots in self._free_slots().items() if queue in asked}
            try:
                tasks = await self._claim(free, lease)
            except PyMongoError:
                self._to_ask |= asked
                raise
            for task in tasks:
                self._start(task)
            await self._pass_on(free, tasks)
            await self._poked.wait()

    async def _claim(self, free: dict[Queue, int], lease: float) -> list[Task]:
        if not any(slots > 0 for slots in free.values()):
            return []
        if monotonic() - self._weighed_at > WEIGHTS_SECONDS:
            self._weighed_at = monotonic()
            self._shares.weigh(await scheduling_weights())
        return await claims.claim(self.worker_id, free, lease, self._shares)

    async def _pass_on(self, free: dict[Queue, int], tasks: list[Task]) -> None:
        """Where a queue's slots are all taken there may be more: wake another worker."""
        taken = Counter(task.queue for task in tasks)
        if any(0 < slots == taken[queue] for queue, slots in free.items()) and (
            monotonic() - self._passed_on_at > PASS_ON_SECONDS
        ):
            self._passed_on_at = monotonic()
            await self.resources.wakeups.wake()

    def _free_slots(self) -> dict[Queue, int]:
        taken = Counter(task.queue for task, _ in self._running.values())
        return {queue: slots - taken[queue] for queue, slots in self._slots.items()}

    def _start(self, task: Task) -> None:
        running = asyncio.create_task(self._attempt(task), name=f"{task.kind} {task.id}")
        self._running[task.id] = (task, running)

    async def _attempt(self, task: Task) -> None:
        """One attempt, to whatever end; the slot is free again afterwards."""
        try:
            await self._run_handler(task)
        except LeaseLost:
            logger.warning("%s %s: the lease was lost, nothing was written", task.kind, task.id)
        except asyncio.CancelledError:
            if self._stopping:
                await claims.give_back(task)
        except PyMongoError as exc:
            logger.warning("%s %s: left to the sweep: %s", task.kind, task.id, exc)
        finally:
            self._running.pop(task.id, None)
            self._refill(task.queue)
            self._look_round.soon()

    def _refill(self, queue: Queue) -> None:
        if 2 * self._free_slots()[queue] >= self._slots[queue]:
            self.poke(queue)
        else:
            self._refills[queue].soon()

    async def _run_handler(self, task: Task) -> None:
        folder = self._scratch / str(task.id)
        context = Context(task, self.resources, folder)
        try:
            kind = kind_of(task.kind)
            parameters = claims.parameters_of(task, kind)
            if kind.queue != "light":
                folder.mkdir(exist_ok=True)
            async with asyncio.timeout(task.timeout_seconds):
                outcome = await HANDLERS[task.kind](context, parameters) or Outcome()
            await self._finish(context, outcome)
        except (LeaseLost, PyMongoError):
            raise
        except BudgetReached as exc:
            logger.info("%s %s waits: %s", task.kind, task.id, exc)
            await claims.hold_back(task, exc.hold, str(exc))
        except Exception as exc:
            failure = _failure(task, exc)
            level = logging.WARNING if isinstance(exc, GiveUp | ProviderError) else logging.ERROR
            logger.log(level, "%s %s: %s", task.kind, task.id, failure.message, exc_info=exc)
            await claims.fail(task, failure, BACKOFF_SECONDS)
        finally:
            if task.queue != "light":
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            await self._write_own_calls(context)

    async def _finish(self, context: Context, outcome: Outcome) -> None:
        task, write = context.task, outcome.write
        if write is None:
            await self._write_own_calls(context)
            self._finished.put_nowait((task, outcome.output))
            return

        async def together(session: AsyncClientSession) -> int:
            released = await claims.complete(task, outcome.output, session)
            await calls.write_own(context.own_calls, session)
            await write(session)
            return released

        released = await self.resources.store.in_transaction(together)
        context.own_calls.clear()
        # Often it was one of many that they wait for.
        if released and (queues := await claims.made_ready(task)):
            self.poke(*queues)
        self._ended.append(task)

    async def _write_own_calls(self, context: Context) -> None:
        """Those that were not written with the task's outcome: they were made, whatever became of
        the task."""
        if made := context.own_calls:
            await self.resources.store.in_transaction(partial(calls.write_own, made))
            made.clear()

    async def _follow_up(self) -> None:
        """What is done afterwards, every half second; the tasks have ended, whatever becomes of
        that."""
        while True:
            await asyncio.sleep(FOLLOWED_SECONDS)
            await self._follow()

    async def _follow(self) -> None:
        ended, self._ended = self._ended, []
        for kinds, follower in FOLLOWERS:
            if followed := [task for task in ended if task.kind.startswith(kinds)]:
                try:
                    await follower(followed, self.resources.store)
                except PyMongoError as exc:
                    logger.warning("%d of %s*: not followed up: %s", len(followed), kinds, exc)
                except Exception:  # nobody else would follow up those that come after them
                    logger.exception("%d of %s*: not followed up", len(followed), kinds)

    async def _finish_in_bulk(self) -> None:
        """Completions that write nothing else: as many as there are, in one round trip."""
        while True:
            if not self._done:
                self._done.append(await self._finished.get())
            while not self._finished.empty() and len(self._done) < FINISHED_AT_ONCE:
                self._done.append(self._finished.get_nowait())
            if await claims.complete_many(self._done):
                self.poke()
            for _ in self._done:
                self._finished.task_done()
            self._done.clear()

    async def _keep_leases(self) -> None:
        """Renew leases at a third of their length; hear of cancellations sooner."""
        lease = self.resources.settings.lease_seconds
        pause = min(CANCEL_POLL_SECONDS, lease / 3)
        since_renewal = 0.0
        while True:
            await asyncio.sleep(pause)
            since_renewal += pause
            tasks = [task for task, _ in self._running.values()]
            if not tasks:
                continue
            if since_renewal >= lease / 3:
                lost, asked = await claims.renew(tasks, lease)
                since_renewal = 0.0
            else:
                lost, asked = await claims.look_after(tasks)
            for key in lost | asked:
                if entry := self._running.get(key):
                    await self._end_early(*entry, lost=key in lost)

    async def _end_early(self, task: Task, running: asyncio.Task[None], *, lost: bool) -> None:
        running.cancel()
        await asyncio.wait([running], timeout=10)
        if not lost:
            await claims.cancelled(task)

    async def _sweep(self) -> None:
        pause = self.resources.settings.sweep_seconds
        while True:
            if await sweep():
                self.poke()
                if await runnable(2) > 1:
                    await self.resources.wakeups.wake()
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))

    async def _ask_for_plays(self) -> None:
        while True:
            await asyncio.sleep(PLAYS_SECONDS)
            await self.resources.plays.ask()

    async def _drain(self, grace_seconds: float) -> None:
        running = [running for _, running in self._running.values()]
        if running:
            _, late = await asyncio.wait(running, timeout=grace_seconds)
            for each in late:
                each.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        with contextlib.suppress(TimeoutError, PyMongoError):
            async with asyncio.timeout(STORE_PATIENCE_SECONDS):
                await self._finished.join()
                await self._follow()
                await self.resources.plays.ask()


def _failure(task: Task, exc: Exception) -> Failure:
    """What went wrong, in words and in a code that stays the same."""
    if isinstance(exc, GiveUp):
        return Failure(str(exc), exc.code, retryable=False)
    if isinstance(exc, ProviderError):
        return Failure(str(exc), exc.code, exc.retryable)
    if isinstance(exc, TimeoutError):
        sentence = f"Not done within {task.timeout_seconds:g} seconds."
        return Failure(sentence, "timeout", retryable=True)
    if isinstance(exc, RenderError):
        return Failure(str(exc), "render_failed", retryable=True)
    if isinstance(exc, StorageError):
        return Failure(str(exc), "storage", retryable=True)
    if isinstance(exc, ValidationError):
        return Failure(f"Not usable as it is: {exc}", "invalid", retryable=False)
    return Failure(f"{type(exc).__name__}: {exc}", "internal", retryable=True)
