"""Asking for work: single tasks and graphs of them, and what people may do about them.

All of it only writes to the store; whoever calls wakes a worker afterwards.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import bson
from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.kinds import KINDS, P, TaskKind
from app.production import holds
from documents.base import Scope, Session, Subject, touched, within
from documents.production import Pipeline, Task, TaskInput
from documents.values import Id, now

MOST_PARAMETER_BYTES: Final = 2**20
FRONT: Final = datetime(1970, 1, 1, tzinfo=UTC)


class BadGraph(Exception):
    """The tasks do not form a graph that can be worked off."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """To whom a task belongs and what it is about; decides who sees it and what it is lost with."""

    workspace_id: Id | None = None
    project_id: Id | None = None
    episode_id: Id | None = None
    scene_id: Id | None = None
    character_id: Id | None = None
    pipeline_id: Id | None = None
    created_by: Id | None = None
    subject: Subject | None = None


def new_task(
    kind: TaskKind[P],
    parameters: P,
    owner: Ownership,
    *,
    after: Iterable[Task] = (),
    priority: int = 5,
    optional: bool = False,
    key: str | None = None,
    lane: str | None = None,
) -> Task:
    """A queued task, not written yet; it starts when all of `after` are done.

    Of a `key` there is one unfinished task at most; of a `lane` one runs at a time.
    """
    dependencies = list(dict.fromkeys(each.id for each in after))
    owned = {name: getattr(owner, name) for name in Ownership.__slots__}
    return Task(
        **owned,
        kind=kind.name,
        task_type=kind.task_type,
        queue=kind.queue,
        priority=priority,
        optional=optional,
        key=key,
        lane=lane,
        max_retries=kind.max_retries,
        timeout_seconds=kind.timeout_seconds,
        input=TaskInput(parameters=parameters.model_dump(), dependencies=dependencies),
        waiting_for=dependencies,
        ready=not dependencies,
    )


async def add(tasks: Sequence[Task], session: Session = None) -> None:
    """Write a graph of tasks. Raises BadGraph on a cycle or a dependency out of reach.

    Tasks of a paused pipeline or workspace are on hold from the start. Raises NotUnique where an
    unfinished task has the same key.
    """
    await _check_graph(tasks, session)
    await holds.inherit(tasks, session)
    await Task.insert_all(tasks, session)


async def replace(task: Task, session: AsyncClientSession) -> None:
    """Write the task and end those with its key: the newest wins."""
    same = {"workspace_id": task.workspace_id, "key": task.key}
    moment = now()
    queued, running = {**same, "status": "queued"}, {**same, "status": "processing"}
    ended = {"status": "cancelled", "ready": False, "completed_at": moment}
    await Task.collection().update_many(
        queued,
        touched({"$set": ended}) | {"$inc": {"fence": 1}, "$unset": {"key": ""}},
        session=session,
    )
    await Task.collection().update_many(
        running,
        touched({"$set": {"cancel_requested_at": moment}}) | {"$unset": {"key": ""}},
        session=session,
    )
    await add([task], session)


async def start_pipeline(pipeline: Pipeline, tasks: Sequence[Task], session: Session) -> None:
    """Write a pipeline and its first tasks as one."""
    await pipeline.insert(session=session)
    await add(tasks, session)


async def cancel(scope: Scope, query: Mapping[str, Any]) -> int:
    """End unfinished tasks: at once what is queued, as soon as the worker hears of it the rest."""
    moment = now()
    waiting = await Task.collection().update_many(
        within(scope, {**query, "status": "queued"}),
        touched({"$set": {"status": "cancelled", "ready": False, "completed_at": moment}})
        | {"$inc": {"fence": 1}, "$unset": {"key": ""}},
    )
    running = await Task.collection().update_many(
        within(scope, {**query, "status": "processing", "cancel_requested_at": None}),
        touched({"$set": {"cancel_requested_at": moment}}),
    )
    return waiting.modified_count + running.modified_count


async def to_front(scope: Scope, query: Mapping[str, Any]) -> int:
    """Serve these queued tasks before all others of their workspace."""
    first = touched({"$set": {"priority": 10, "queued_at": FRONT}})
    waiting = within(scope, {**query, "status": "queued"})
    return (await Task.collection().update_many(waiting, first)).modified_count


async def retry(scope: Scope, query: Mapping[str, Any]) -> int:
    """Queue failed and cancelled tasks again; what is done is not repeated."""
    update = [
        {
            "$set": {
                "status": "queued",
                "ready": {
                    "$and": [
                        {"$eq": [{"$size": "$waiting_for"}, 0]},
                        {"$eq": [{"$ifNull": ["$hold", None]}, None]},
                    ]
                },
                "run_after": "$$NOW",
                "queued_at": "$$NOW",
                "updated_at": "$$NOW",
                "completed_at": None,
                "cancel_requested_at": None,
                "worker": None,
                "error": {
                    "$cond": [
                        {"$eq": [{"$type": "$error"}, "object"]},
                        {"$mergeObjects": ["$error", {"retry_count": 0}]},
                        None,
                    ]
                },
            }
        }
    ]
    again = within(scope, {**query, "status": {"$in": ["failed", "cancelled"]}})
    return (await Task.collection().update_many(again, update)).modified_count


@dataclass(slots=True)
class PipelineState:
    """How far a pipeline has come."""

    by_status: dict[str, int] = field(default_factory=dict)
    failures: list[Task] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.by_status.values())

    @property
    def completed(self) -> int:
        return self.by_status.get("completed", 0)

    @property
    def is_done(self) -> bool:
        """Nothing is left to do: every step completed, or an optional one failed."""
        optional = sum(task.optional for task in self.failures)
        return self.total > 0 and self.completed + optional == self.total

    @property
    def is_stuck(self) -> bool:
        """A required step failed or was cancelled."""
        return any(not task.optional for task in self.failures)


async def pipeline_state(pipeline_id: Id) -> PipelineState:
    """The counts by status, and the tasks that ended without success."""
    query = {"pipeline_id": pipeline_id, "deleted_at": None}
    cursor = await Task.collection().aggregate(
        [{"$match": query}, {"$group": {"_id": "$status", "count": {"$sum": 1}}}]
    )
    counts = {row["_id"]: row["count"] async for row in cursor}
    ended = {**query, "status": {"$in": ["failed", "cancelled"]}}
    failures = (
        await Task.all_in(True, ended, limit=100)
        if counts.keys()
        & {
            "failed",
            "cancelled",
        }
        else []
    )
    return PipelineState(counts, failures)


async def _check_graph(tasks: Sequence[Task], session: Session) -> None:
    for task in tasks:
        if len(bson.encode(task.input.parameters)) > MOST_PARAMETER_BYTES:
            raise BadGraph(f"{task.kind}: parameters are ids and small values, up to 1 MiB")
        if task.kind not in KINDS:
            raise BadGraph(f"there is no task kind {task.kind}")
    inside = {task.id: set(task.input.dependencies) for task in tasks}
    outside = {key for needed in inside.values() for key in needed} - inside.keys()
    if outside:
        workspaces = {task.workspace_id for task in tasks}
        query = {"_id": {"$in": [*outside]}, "workspace_id": {"$in": [*workspaces]}}
        found = await Task.collection().distinct("_id", query, session=session)
        if missing := outside - set(found):
            raise BadGraph(f"depends on tasks out of reach: {sorted(map(str, missing))}")
    waiting = {key: needed & inside.keys() for key, needed in inside.items()}
    while free := {key for key, needed in waiting.items() if not needed}:
        waiting = {k: needed - free for k, needed in waiting.items() if k not in free}
    if waiting:
        raise BadGraph(f"{len(waiting)} tasks wait for each other in a circle")
