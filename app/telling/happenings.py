"""From what was seen in the store to events: what it was, whose it was, what to say about it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app.production.holds import BUDGET
from app.telling.events import Event
from app.telling.pipelines import End, ended_pipelines
from app.telling.stream import TASKS, Seen
from documents.base import StoredDocument, Subject
from documents.identity import Workspace
from documents.ledger import Budget
from documents.production import Pipeline, Task
from documents.publishing import Publication
from documents.registry import COLLECTIONS
from documents.values import Id

LONGEST_NAME: Final = 100
LONGEST_BODY: Final = 500
TASK_FIELDS: Final = (
    *("workspace_id", "project_id", "pipeline_id", "created_by", "subject", "kind", "optional"),
    *("error.code", "error.message", "output.media_id"),
)


async def events_of(seen: Sequence[Seen]) -> list[Event]:
    """What these changes mean to people and programs, in their order as far as it matters."""
    by_task = [each for each in seen if each.collection == TASKS]
    ends = [each for each in by_task if each.state != BUDGET]
    posts = [each for each in seen if each.collection != TASKS]
    tasks = await _records(Task, (each.id for each in by_task), TASK_FIELDS)
    names = await _names(tasks.values())
    events = [
        _task_event(each, task, names) for each in ends if (task := tasks.get(each.id)) is not None
    ]
    pipelines = {task["pipeline_id"] for task in tasks.values() if task.get("pipeline_id")}
    events += await _pipeline_events(pipelines) if ends else []
    events += await _budget_events([each for each in by_task if each.state == BUDGET], tasks)
    return events + await _publication_events(posts)


def _task_event(seen: Seen, task: StoredDocument, names: Mapping[Id, str]) -> Event:
    failed = seen.state == "failed"
    error = task.get("error") or {} if failed else {}
    # What stands in a pipeline is told of when it fails; its success is a step of the whole.
    concerns = not task["optional"] if failed else task.get("pipeline_id") is None
    author = task.get("created_by")
    return Event(
        name=f"task.{seen.state}",
        key=f"{task['_id']}:{seen.at.timestamp():.3f}",
        workspace_id=task["workspace_id"],
        subject=Subject(collection=TASKS, id=task["_id"]),
        at=seen.at,
        data={
            "id": task["_id"],
            "kind": task["kind"],
            "status": seen.state,
            "optional": task["optional"],
            **_shared(task, "pipeline_id"),
            "media_id": (task.get("output") or {}).get("media_id"),
            "error": _error(error) if failed else None,
        },
        title=_title(task, names, "failed" if failed else "is done"),
        body=str(error.get("message", ""))[:LONGEST_BODY],
        link=f"/api/v1/tasks/{task['_id']}",
        users=frozenset({author} if concerns and author else ()),
    )


async def _pipeline_events(keys: Iterable[Id]) -> list[Event]:
    ends = await ended_pipelines([*keys])
    wanted = ("workspace_id", "project_id", "created_by", "subject", "kind")
    pipelines = await _records(Pipeline, ends.keys(), wanted)
    names = await _names(pipelines.values())
    return [_pipeline_event(row, ends[key], names) for key, row in pipelines.items()]


def _pipeline_event(pipeline: StoredDocument, end: End, names: Mapping[Id, str]) -> Event:
    failed = end.outcome == "failed"
    author = pipeline.get("created_by")
    count = end.by_status.get("failed", 0)
    steps = f"{count} step{'s' if count != 1 else ''} failed."
    return Event(
        name=f"pipeline.{end.outcome}",
        key=f"{pipeline['_id']}:{end.at.timestamp():.3f}",
        workspace_id=pipeline["workspace_id"],
        subject=Subject(collection="pipelines", id=pipeline["_id"]),
        at=end.at,
        data={
            "id": pipeline["_id"],
            "kind": pipeline["kind"],
            "status": end.outcome,
            **_shared(pipeline),
            "tasks": dict(end.by_status),
        },
        title=_title(pipeline, names, "failed" if failed else "is done"),
        body=f"{steps} {end.example}"[:LONGEST_BODY] if failed else "",
        link=f"/api/v1/pipelines/{pipeline['_id']}",
        users=frozenset({author} if author else ()),
    )


async def _budget_events(seen: Sequence[Seen], tasks: Mapping[Id, StoredDocument]) -> list[Event]:
    """One for each budget and day; the owners hear of it, and whose work waits."""
    if not seen:
        return []
    keys = {each.budget_id for each in seen if each.budget_id is not None}
    budgets = {each.id: each for each in await Budget.all_in(True, {"_id": {"$in": [*keys]}})}
    houses = {each.workspace_id for each in budgets.values()}
    owners = await _owners(houses)
    events: dict[str, Event] = {}
    for each in seen:
        budget = budgets.get(each.budget_id) if each.budget_id else None
        if budget is None:
            continue
        author = tasks.get(each.id, {}).get("created_by")
        users = owners.get(budget.workspace_id, frozenset()) | ({author} if author else set())
        event = _budget_event(budget, each.at, frozenset(users))
        earlier = events.get(event.key)
        if earlier is not None:
            event = _budget_event(budget, earlier.at, earlier.users | event.users)
        events[event.key] = event
    return [*events.values()]


def _budget_event(budget: Budget, at: datetime, users: frozenset[Id]) -> Event:
    day = f" for {budget.day}" if budget.day else ""
    return Event(
        name="budget.reached",
        key=f"{budget.id}:{at:%Y-%m-%d}",
        workspace_id=budget.workspace_id,
        subject=Subject(collection="budgets", id=budget.id),
        at=at,
        data={
            "id": budget.id,
            "workspace_id": budget.workspace_id,
            "owner": budget.owner.model_dump(),
            "day": str(budget.day) if budget.day else None,
            "limit": budget.limit,
            "currency": budget.currency,
        },
        title=f"A budget is reached: {budget.limit} {budget.currency}{day}",
        body="Work waits until the budget is raised; then it goes on by itself.",
        link=f"/api/v1/budgets/{budget.id}",
        users=users,
    )


async def _publication_events(seen: Sequence[Seen]) -> list[Event]:
    wanted = (
        *("workspace_id", "created_by", "title", "publisher", "platform", "platform_url"),
        *("fence", "error"),
    )
    rows = await _records(Publication, (each.id for each in seen), wanted)
    return [_publication_event(each, rows[each.id]) for each in seen if each.id in rows]


def _publication_event(seen: Seen, row: StoredDocument) -> Event:
    failed = seen.state == "failed"
    error = row.get("error") or {} if failed else {}
    name = f"“{row['title'][:LONGEST_NAME]}” " if row.get("title") else ""
    verb = "could not be published" if failed else "is published"
    return Event(
        name=f"publication.{seen.state}",
        key=f"{row['_id']}:{row['fence']}",
        workspace_id=row["workspace_id"],
        subject=Subject(collection="publications", id=row["_id"]),
        at=seen.at,
        data={
            "id": row["_id"],
            "status": seen.state,
            "workspace_id": row["workspace_id"],
            "publisher": row["publisher"],
            "platform": row["platform"],
            "platform_url": None if failed else row.get("platform_url"),
            "error": _error(error) if failed else None,
        },
        title=f"A post {name}{verb} on {row['platform']}",
        body=str(error.get("message", ""))[:LONGEST_BODY],
        link=f"/api/v1/publications/{row['_id']}",
        users=frozenset({row["created_by"]}),
    )


async def _records(
    model: Any, keys: Iterable[Id], fields: Iterable[str]
) -> dict[Id, StoredDocument]:
    """The fields of these records by their ids, as far as they are there and in a workspace."""
    wanted = [*dict.fromkeys(keys)]
    if not wanted:
        return {}
    query = {"_id": {"$in": wanted}, "workspace_id": {"$ne": None}, "deleted_at": None}
    rows = model.collection().find(query, dict.fromkeys(fields, 1))
    return {row["_id"]: row async for row in rows}


async def _owners(houses: Iterable[Id]) -> dict[Id, frozenset[Id]]:
    found = await Workspace.all_in(True, {"_id": {"$in": [*houses]}})
    return {
        house.id: frozenset(each.user_id for each in house.members if each.role == "owner")
        for house in found
    }


async def _names(rows: Iterable[StoredDocument]) -> dict[Id, str]:
    """What people call the subjects of these records."""
    wanted: dict[str, set[Id]] = {}
    for row in rows:
        if subject := row.get("subject"):
            wanted.setdefault(subject["collection"], set()).add(subject["id"])
    names: dict[Id, str] = {}
    for collection, keys in wanted.items():
        if (model := COLLECTIONS.get(collection)) is None:
            continue
        cursor = model.collection().find({"_id": {"$in": [*keys]}}, {"title": 1, "name": 1})
        async for found in cursor:
            if name := found.get("title") or found.get("name"):
                names[found["_id"]] = str(name)[:LONGEST_NAME]
    return names


def _title(row: StoredDocument, names: Mapping[Id, str], verb: str) -> str:
    """Such as: Make episode of “The Fox” is done."""
    what = row["kind"].partition(".")[2].replace("_", " ").capitalize()
    name = names.get(row["subject"]["id"]) if row.get("subject") else None
    return f"{what} of “{name}” {verb}" if name else f"{what} {verb}"


def _shared(row: StoredDocument, *more: str) -> StoredDocument:
    names = ("workspace_id", "project_id", *more, "subject")
    return {name: row.get(name) for name in names}


def _error(error: Mapping[str, Any]) -> StoredDocument:
    return {"code": error.get("code"), "message": str(error.get("message", ""))[:LONGEST_BODY]}
