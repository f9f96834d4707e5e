"""Claiming tasks, keeping them and letting go of them: every write to a task that a worker makes.

All times are the store's (`$$NOW`), so that a worker whose clock is off neither steals nor loses
leases. A write carries the fence of its claim and changes nothing once that claim was lost.
"""

import asyncio
import contextlib
import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from pymongo import ReturnDocument, UpdateMany, UpdateOne
from pymongo.errors import DuplicateKeyError

from app.core.kinds import TaskKind
from app.production.holds import READY
from documents.base import Hold, Session, StoredDocument
from documents.production import CLAIM_INDEX, Queue, Task, TaskOutput
from documents.values import Id
from workers.runtime.fairness import FairShare, Tenant

WAITING: Final = {"status": "queued", "ready": True}
"""What a task is that nothing but time may stand in the way of."""
VARIABLE = re.compile(r"[0-9a-f]{12,}|\d+(\.\d+)?|'[^']*'|\"[^\"]*\"|/[\w./-]+")


class LeaseLost(Exception):
    """The task is no longer this worker's: it was cancelled, or its lease ran out."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed, and whether another one may succeed."""

    message: str
    code: str
    retryable: bool

    @property
    def cause(self) -> str:
        """The same for failures of the same kind: without ids, numbers and quoted words."""
        words = VARIABLE.sub("…", self.message)
        return f"{self.code}: {words}"[:255]


async def claim(
    worker_id: str,
    free: Mapping[Queue, int],
    lease_seconds: float,
    shares: FairShare | None = None,
) -> list[Task]:
    """The best runnable tasks for these free slots, now this worker's: as many as there are.

    `shares` choose the workspaces; inside one priority goes before age.
    """
    shares = shares or FairShare()
    left = Counter(free)
    claimed: list[Task] = []
    while True:
        found = [await _candidates(each, left[each], shares) for each in free if left[each] > 0]
        candidates = list(itertools.chain.from_iterable(found))
        taken = await _take(candidates, worker_id, lease_seconds) if candidates else []
        claimed += taken
        left.subtract(task.queue for task in taken)
        for task in taken:
            shares.serve(task.workspace_id)
        # Where others took some of them meanwhile there may be more.
        if not taken or len(taken) == len(candidates):
            return claimed


async def _take(
    candidates: Sequence[StoredDocument], worker_id: str, lease_seconds: float
) -> list[Task]:
    """Those of them that nobody else has taken."""
    name = uuid4().hex
    update = _claim_update(worker_id, name, lease_seconds)
    laned = [each["_id"] for each in candidates if each.get("lane")]
    free_ids = [each["_id"] for each in candidates if not each.get("lane")]
    taken: list[Task] = []
    if len(free_ids) == 1:
        taken += await _take_one(free_ids[0], update)
    elif free_ids:
        query = {"_id": {"$in": free_ids}, **WAITING}
        if (await Task.collection().update_many(query, update)).modified_count:
            taken += await Task.all_in(True, {"_id": {"$in": free_ids}, "worker.claim": name})
    for key in laned:
        # The unique key of running lanes lets one through; the others stay queued.
        with contextlib.suppress(DuplicateKeyError):
            taken += await _take_one(key, update)
    return sorted(taken, key=lambda task: (-task.priority, task.queued_at))


async def _take_one(key: Id, update: Sequence[StoredDocument]) -> list[Task]:
    """The task, if nobody else has taken it."""
    document = await Task.collection().find_one_and_update(
        {"_id": key, **WAITING}, update, return_document=ReturnDocument.AFTER
    )
    return [] if document is None else [Task.model_validate(document)]


async def _candidates(queue: Queue, slots: int, shares: FairShare) -> list[StoredDocument]:
    """The tasks that should run next, as far as can be told without claiming them."""
    runnable = {"queue": queue, **WAITING}
    # Served by a skip scan of the claim index: as many steps as workspaces, not as tasks.
    waiting = await Task.collection().distinct("workspace_id", runnable)
    found: list[StoredDocument] = []
    while waiting and slots > len(found):
        plan = shares.plan(waiting, slots - len(found))
        batches = await asyncio.gather(
            *(_best(queue, tenant, count, found) for tenant, count in plan.items())
        )
        waiting = [
            tenant
            for (tenant, count), batch in zip(plan.items(), batches, strict=True)
            if len(batch) == count
        ]
        found += itertools.chain.from_iterable(batches)
    return found


async def _best(
    queue: Queue, tenant: Tenant, count: int, known: Sequence[StoredDocument]
) -> list[StoredDocument]:
    query: StoredDocument = {
        "queue": queue,
        **WAITING,
        "workspace_id": tenant,
        "deleted_at": None,
        "$expr": {"$lte": ["$run_after", "$$NOW"]},
    }
    if known:
        query["_id"] = {"$nin": [each["_id"] for each in known]}
    found = await _first(query, count)
    # Few tasks have a lane, so that the busy ones are asked for only where it matters.
    lanes = {each["lane"] for each in found if each.get("lane")}
    if lanes and lanes.intersection(busy := await _busy_lanes(tenant)):
        return await _first({**query, "lane": {"$nin": busy}}, count)
    return found


async def _first(query: StoredDocument, count: int) -> list[StoredDocument]:
    sort = [("priority", -1), ("queued_at", 1)]
    # Named, so that no trial of other indexes costs time or goes wrong.
    rows = Task.collection().find(query, {"lane": 1}, sort=sort, limit=count, hint=CLAIM_INDEX)
    return await rows.to_list()


async def _busy_lanes(tenant: Tenant) -> list[str]:
    running = {"workspace_id": tenant, "status": "processing", "lane": {"$gte": ""}}
    return await Task.collection().distinct("lane", running)


def _claim_update(worker_id: str, name: str, lease_seconds: float) -> list[StoredDocument]:
    return [
        {
            "$set": {
                "status": "processing",
                "updated_at": "$$NOW",
                "fence": {"$add": ["$fence", 1]},
                "progress": {"percentage": 0, "current_step": ""},
                "worker": {
                    "worker_id": worker_id,
                    "claim": name,
                    "started_at": "$$NOW",
                    "heartbeat": "$$NOW",
                    "lease_until": _in_seconds(lease_seconds),
                },
            }
        }
    ]


async def renew(tasks: Sequence[Task], lease_seconds: float) -> tuple[set[Id], set[Id]]:
    """Lengthen the leases; answers which tasks are lost and which shall be cancelled."""
    mine = {"$or": [_held(task) for task in tasks]}
    await Task.collection().update_many(
        mine,
        [
            {
                "$set": {
                    "worker.heartbeat": "$$NOW",
                    "worker.lease_until": _in_seconds(lease_seconds),
                    "updated_at": "$$NOW",
                }
            }
        ],
    )
    return await look_after(tasks)


async def look_after(tasks: Sequence[Task]) -> tuple[set[Id], set[Id]]:
    """Which of these tasks are lost, and which shall be cancelled."""
    rows = Task.collection().find(
        {"$or": [_held(task) for task in tasks]}, {"cancel_requested_at": 1}
    )
    held = {row["_id"]: row.get("cancel_requested_at") async for row in rows}
    lost = {task.id for task in tasks} - held.keys()
    return lost, {key for key, asked in held.items() if asked is not None}


async def report_progress(task: Task, percentage: float, step: str) -> None:
    """Write how far the task has come, unless it is lost."""
    await Task.collection().update_one(
        _held(task),
        [
            {
                "$set": {
                    "progress.percentage": min(max(percentage, 0), 100),
                    "progress.current_step": {"$literal": step},
                    "updated_at": "$$NOW",
                }
            }
        ],
    )


async def complete(task: Task, output: TaskOutput | None, session: Session = None) -> int:
    """End the task with success; answers how many others waited for it.

    Raises LeaseLost where it is no longer this worker's.
    """
    done = await Task.collection().bulk_write(
        [
            # The only one that changes nothing: what is found beyond what is changed is the task.
            UpdateOne(_held(task), {"$set": {"status": "processing"}}),
            UpdateOne(_held(task), _completion(output)),
            UpdateMany({"waiting_for": task.id}, _released([task.id])),
        ],
        session=session,
    )
    if done.matched_count == done.modified_count:
        raise LeaseLost(str(task.id))
    return done.modified_count - 1


async def made_ready(task: Task) -> list[Queue]:
    """The queues of those that waited for the task, which has ended, and may run now."""
    ready = {"input.dependencies": task.id, **WAITING}
    return await Task.collection().distinct("queue", ready)


async def complete_many(done: Sequence[tuple[Task, TaskOutput | None]]) -> bool:
    """End several tasks in one round trip; answers whether that made others runnable."""
    writes = [UpdateOne(_held(task), _completion(output)) for task, output in done]
    result = await Task.collection().bulk_write(writes, ordered=False)
    ids = [task.id for task, _ in done]
    if result.matched_count < len(ids):
        rows = Task.collection().find({"_id": {"$in": ids}, "status": "completed"}, {"_id": 1})
        ids = [row["_id"] async for row in rows]
    return await release_dependents(ids) > 0


async def release_dependents(done: Sequence[Id]) -> int:
    """Tell the tasks that waited for these; safe to repeat."""
    result = await Task.collection().update_many(
        {"waiting_for": {"$in": list(done)}}, _released(done)
    )
    return result.modified_count


def _released(done: Sequence[Id]) -> list[StoredDocument]:
    left = {"$setDifference": ["$waiting_for", list(done)]}
    return [
        {"$set": {"waiting_for": left, "updated_at": "$$NOW"}},
        {"$set": {"ready": READY}},
    ]


async def fail(task: Task, failure: Failure, backoff_seconds: float) -> None:
    """End an attempt without success: queue the task again while tries are left, else fail it."""
    await Task.collection().update_one(
        _held(task), failed_attempt(failure, backoff_seconds, "$max_retries")
    )
    if task.optional:
        query = {"_id": task.id, "status": "failed"}
        if await Task.collection().find_one(query, {"_id": 1}):
            await release_dependents([task.id])


async def give_back(task: Task) -> None:
    """Queue the task again as if it had not been claimed: the worker stops."""
    await Task.collection().update_one(
        _held(task),
        [
            {
                "$set": {
                    "status": "queued",
                    "worker": None,
                    "fence": {"$add": ["$fence", 1]},
                    "updated_at": "$$NOW",
                }
            }
        ],
    )


async def hold_back(task: Task, hold: Hold, why: str) -> None:
    """Queue the task again, on hold: it is not its fault, so no try is used up."""
    await Task.collection().update_one(
        _held(task),
        [
            {
                "$set": {
                    "status": "queued",
                    "ready": False,
                    "hold": {"$literal": hold.model_dump()},
                    "progress.current_step": {"$literal": why},
                    "worker": None,
                    "fence": {"$add": ["$fence", 1]},
                    "updated_at": "$$NOW",
                }
            }
        ],
    )


async def cancelled(task: Task) -> None:
    """End the task as cancelled."""
    await Task.collection().update_one(
        _held(task), [{"$set": _ended("cancelled")}, {"$unset": "key"}]
    )


def failed_attempt(
    failure: Failure, backoff_seconds: float, max_retries: Any
) -> list[StoredDocument]:
    """The update after an attempt that failed; the pause doubles with every retry."""
    retries = {"$ifNull": ["$error.retry_count", 0]}
    again = {"$and": [failure.retryable, {"$lt": [retries, max_retries]}]}
    pause = {"$multiply": [backoff_seconds * 1000, {"$pow": [2, retries]}]}
    return [
        {"$set": {"_again": again, "_retries": retries, "_pause": pause}},
        {
            "$set": {
                "status": {"$cond": ["$_again", "queued", "failed"]},
                "fence": {"$add": ["$fence", 1]},
                "run_after": {"$cond": ["$_again", {"$add": ["$$NOW", "$_pause"]}, "$run_after"]},
                "completed_at": {"$cond": ["$_again", None, "$$NOW"]},
                "key": {"$cond": ["$_again", "$key", "$$REMOVE"]},
                "worker": {"$cond": ["$_again", None, "$worker"]},
                "updated_at": "$$NOW",
                "error": {
                    "message": {"$literal": failure.message[:10_000]},
                    "code": {"$literal": failure.code},
                    "cause": {"$literal": failure.cause},
                    "retry_count": {"$add": ["$_retries", {"$cond": ["$_again", 1, 0]}]},
                    "last_retry": {"$cond": ["$_again", "$$NOW", "$error.last_retry"]},
                },
            }
        },
        {"$unset": ["_again", "_retries", "_pause"]},
    ]


def parameters_of(task: Task, kind: TaskKind[Any]) -> Any:
    """The task's parameters as its kind declares them. Raises pydantic's ValidationError."""
    return kind.parameters.model_validate(task.input.parameters)


def _held(task: Task) -> StoredDocument:
    """The task, as long as this claim of it holds."""
    return {"_id": task.id, "fence": task.fence, "status": "processing"}


def _completion(output: TaskOutput | None) -> list[StoredDocument]:
    running = {"$divide": [{"$subtract": ["$$NOW", "$worker.started_at"]}, 1000]}
    stored = (output or TaskOutput()).model_dump()
    metrics = {**stored.pop("metrics"), "processing_time": running}
    literal = {name: {"$literal": value} for name, value in stored.items()}
    finished = {"percentage": 100, "current_step": ""}
    return [
        {
            "$set": {
                **_ended("completed"),
                "progress": finished,
                "output": {**literal, "metrics": metrics},
            }
        },
        {"$unset": "key"},
    ]


def _ended(status: str) -> StoredDocument:
    return {"status": status, "completed_at": "$$NOW", "updated_at": "$$NOW"}


def _in_seconds(seconds: float) -> StoredDocument:
    return {"$add": ["$$NOW", int(seconds * 1000)]}
