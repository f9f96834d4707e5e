"""Holding work back and letting it go on: a task, a pipeline, a workspace.

A hold stands beside the status: a queued task that is held stays queued and is claimed by nobody.
What runs already is not touched; it ends by itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from documents.base import Hold, Scope, Session, touched, within
from documents.identity import Workspace
from documents.production import Pipeline, Task
from documents.values import Id, now

PAUSED: Final = "paused"
"""The reason of a person's hold."""
BUDGET: Final = "budget"
"""The reason where money ran out; released when the budget is raised."""

READY: Final = {
    "$and": [
        {"$eq": ["$waiting_for", []]},
        {"$eq": [{"$ifNull": ["$hold", None]}, None]},
        {"$eq": ["$status", "queued"]},
    ]
}
"""Whether nothing but time stands between a task and a worker, as an aggregation expression."""


def paused(by: Id | None) -> Hold:
    """Somebody's pause, from now on."""
    return Hold(reason=PAUSED, since=now(), by=by)


async def hold_tasks(scope: Scope, query: Mapping[str, Any], hold: Hold) -> int:
    """Hold the queued tasks that the query finds; a person's pause goes before a budget's."""
    free = {} if hold.reason == PAUSED else {"hold": None}
    found = within(scope, {**query, "status": "queued", **free})
    update = touched({"$set": {"hold": hold.model_dump(), "ready": False}})
    return (await Task.collection().update_many(found, update)).modified_count


async def resume_tasks(scope: Scope, query: Mapping[str, Any], reason: str = PAUSED) -> int:
    """Let tasks go on that were held for this reason."""
    found = within(scope, {**query, "hold.reason": reason})
    update: list[dict[str, Any]] = [
        {"$set": {"hold": None, "updated_at": "$$NOW"}},
        {"$set": {"ready": READY}},
    ]
    return (await Task.collection().update_many(found, update)).modified_count


async def hold_pipeline(scope: Scope, key: Id, by: Id | None) -> int | None:
    """Pause a pipeline; answers how many tasks wait now, or None where there is no such one."""
    hold = paused(by)
    query, update = within(scope, {"_id": key}), {"$set": {"hold": hold.model_dump()}}
    if await Pipeline.advance_one(query, update) is None:
        return None
    return await hold_tasks(scope, {"pipeline_id": key}, hold)


async def resume_pipeline(scope: Scope, key: Id) -> int | None:
    """Let a paused pipeline go on."""
    if await Pipeline.advance_one(within(scope, {"_id": key}), {"$set": {"hold": None}}) is None:
        return None
    return await resume_tasks(scope, {"pipeline_id": key})


async def hold_workspace(scope: Scope, key: Id, by: Id | None) -> int | None:
    """Pause all work of a workspace."""
    hold = paused(by)
    query, update = within(scope, {"_id": key}), {"$set": {"hold": hold.model_dump()}}
    if await Workspace.advance_one(query, update) is None:
        return None
    return await hold_tasks(True, {"workspace_id": key}, hold)


async def resume_workspace(scope: Scope, key: Id) -> int | None:
    """Let all work of a workspace go on, but for what is paused by itself."""
    if await Workspace.advance_one(within(scope, {"_id": key}), {"$set": {"hold": None}}) is None:
        return None
    held = await Pipeline.collection().distinct("_id", {"workspace_id": key, "hold.reason": PAUSED})
    return await resume_tasks(True, {"workspace_id": key, "pipeline_id": {"$nin": held}})


async def inherit(tasks: Sequence[Task], session: Session) -> None:
    """New tasks of what is paused are on hold from the start."""
    pipelines = {task.pipeline_id for task in tasks} - {None}
    workspaces = {task.workspace_id for task in tasks} - {None}
    held: dict[Id, Hold] = {}
    for model, keys in ((Pipeline, pipelines), (Workspace, workspaces)):
        if not keys:
            continue
        query = {"_id": {"$in": [*keys]}, "hold.reason": PAUSED}
        rows = model.collection().find(query, {"hold": 1}, session=session)
        held |= {row["_id"]: Hold.model_validate(row["hold"]) async for row in rows}
    for task in tasks:
        hold = held.get(task.pipeline_id or task.id) or held.get(task.workspace_id or task.id)
        if hold is not None:
            task.hold, task.ready = hold, False
