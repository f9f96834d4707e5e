"""One pipeline over time: what each task waited for, what it did, which calls it made, their cost.

Times are the store's. A task waits for others until the last of its dependencies is done, then for
a worker until it is claimed; the times of earlier attempts are part of that second wait.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from graphlib import TopologicalSorter
from typing import Final

from app.production.estimates import usual_seconds
from documents.base import Scope
from documents.films import Character
from documents.ledger import GenerationCost
from documents.production import ArchivedTask, Pipeline, PromptExecution, Queue, Task, TaskStatus
from documents.scenes import Scene
from documents.values import Id, now

MOST_TASKS: Final = 5_000
STUCK: Final = ("failed", "cancelled")
ENDED: Final = ("completed", *STUCK)
FILM: Final = "Film"
"""The group of what belongs to no scene and no character."""


@dataclass(frozen=True, slots=True)
class TaskCall:
    """A call of a provider that a task made."""

    execution_id: Id
    provider: str
    model: str
    stage: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    cost: Decimal | None
    """Null while the price is not known."""
    currency: str | None


@dataclass(slots=True)
class Bar:
    """One task over time."""

    task: Task
    group: str
    created_at: datetime
    ready_at: datetime | None
    """When the last of its dependencies was done; None while it waits for one."""
    started_at: datetime | None
    ended_at: datetime | None
    calls: list[TaskCall] = field(default_factory=list)
    expected_seconds: float | None = None
    """How long such tasks took in the past."""
    critical: bool = False
    """On the chain of tasks that decides when the pipeline ends."""

    @property
    def cost(self) -> dict[str, Decimal]:
        """What its calls cost, by currency, as far as it is known."""
        sums: dict[str, Decimal] = {}
        for call in self.calls:
            if call.cost is not None and call.currency is not None:
                sums[call.currency] = sums.get(call.currency, Decimal(0)) + call.cost
        return sums

    def waited_for_others(self, until: datetime) -> float:
        """Seconds until its dependencies were done."""
        return _seconds(self.created_at, self.ready_at or self.ended_at or until)

    def waited_for_worker(self, until: datetime) -> float:
        """Seconds in which nothing but a free worker was missing."""
        if self.ready_at is None:
            return 0.0
        return _seconds(self.ready_at, self.started_at or self.ended_at or until)

    def ran(self, until: datetime) -> float:
        """Seconds of its last attempt."""
        if self.started_at is None:
            return 0.0
        return _seconds(self.started_at, self.ended_at or until)

    def remaining(self, at: datetime) -> float | None:
        """Seconds that it will still run; None where nothing is known of such tasks."""
        if self.task.status in ENDED:
            return 0.0
        if self.expected_seconds is None:
            return None
        return max(self.expected_seconds - self.ran(at), 0.0)


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A pipeline and its tasks, in the order in which they were made, by group."""

    pipeline: Pipeline
    bars: list[Bar]
    at: datetime
    """The moment of the picture."""
    estimated_completion: datetime | None
    """None when it has ended, stands still, or nothing is known of such tasks."""
    critical_path: list[Id]
    """The tasks that decide the end, first to last."""

    @property
    def begins_at(self) -> datetime:
        return min([each.created_at for each in self.bars], default=self.pipeline.created_at)

    @property
    def ended_at(self) -> datetime | None:
        """When the last task ended; None while one is unfinished."""
        ends = [each.ended_at for each in self.bars]
        return max((end for end in ends if end is not None), default=None) if all(ends) else None

    @property
    def by_status(self) -> dict[TaskStatus, int]:
        counts: dict[TaskStatus, int] = {}
        for bar in self.bars:
            counts[bar.task.status] = counts.get(bar.task.status, 0) + 1
        return counts

    @property
    def cost(self) -> dict[str, Decimal]:
        sums: dict[str, Decimal] = {}
        for bar in self.bars:
            for currency, amount in bar.cost.items():
                sums[currency] = sums.get(currency, Decimal(0)) + amount
        return sums

    @property
    def unpriced_calls(self) -> int:
        return sum(call.cost is None for bar in self.bars for call in bar.calls)


async def of(pipeline: Pipeline, slots: Mapping[Queue, int], costs: Scope) -> Waterfall:
    """The pipeline as it stands; `costs` is the scope in which calls and their cost are shown.

    `slots` are the places for tasks that the workers are thought to have: with them the remaining
    work of each queue and the longest chain give the expected end.
    """
    tasks = await _tasks(pipeline.id)
    at = max([now(), *(task.updated_at for task in tasks)])
    groups = await _groups(tasks)
    bars = [_bar(task, groups) for task in tasks]
    by_id = {bar.task.id: bar for bar in bars}
    for bar in bars:
        bar.ready_at = _ready_at(bar, by_id)
    await _add_calls(by_id, costs)
    await _add_expectations(pipeline, bars)
    ends = _expected_ends(by_id, at)
    path = _critical_path(by_id, ends)
    for key in path:
        by_id[key].critical = True
    bars.sort(key=lambda bar: (_order(bar.group), bar.created_at, bar.task.id))
    return Waterfall(pipeline, bars, at, _completion(bars, ends, slots, at), path)


async def _tasks(pipeline_id: Id) -> list[Task]:
    query, order = {"pipeline_id": pipeline_id}, [("_id", 1)]
    live = await Task.all_in(True, query, sort=order, limit=MOST_TASKS)
    archived = await ArchivedTask.all_in(True, query, sort=order, limit=MOST_TASKS)
    return [*archived, *live][:MOST_TASKS]


async def _groups(tasks: Sequence[Task]) -> dict[Id, str]:
    """The names of the scenes and characters that tasks belong to."""
    scenes = {"_id": {"$in": [*{task.scene_id for task in tasks} - {None}]}}
    cast = {"_id": {"$in": [*{task.character_id for task in tasks} - {None}]}}
    numbers = Scene.collection().find(scenes, {"scene_number": 1})
    names = Character.collection().find(cast, {"name": 1})
    found = {row["_id"]: f"Scene {row['scene_number']}" async for row in numbers}
    return found | {row["_id"]: str(row["name"]) async for row in names}


def _bar(task: Task, groups: Mapping[Id, str]) -> Bar:
    owner = task.scene_id or task.character_id
    return Bar(
        task=task,
        group=groups.get(owner, FILM) if owner else FILM,
        created_at=task.created_at,
        ready_at=None,
        started_at=task.worker.started_at if task.worker else None,
        ended_at=task.completed_at if task.status in ENDED else None,
    )


def _ready_at(bar: Bar, by_id: Mapping[Id, Bar]) -> datetime | None:
    needed = [by_id[key] for key in _needed(bar, by_id)]
    if bar.started_at is None and any(
        each.task.id in bar.task.waiting_for or each.ended_at is None for each in needed
    ):
        return None
    moments = [each.ended_at for each in needed if each.ended_at is not None]
    ready = max([bar.created_at, *moments])
    return min(ready, bar.started_at) if bar.started_at else ready


async def _add_calls(by_id: Mapping[Id, Bar], scope: Scope) -> None:
    keys = {"task_id": {"$in": [*by_id]}}
    prices = {row.execution_id: row for row in await GenerationCost.all_in(scope, keys)}
    order = [("started_at", 1)]
    for each in await PromptExecution.all_in(scope, keys, sort=order):
        row = prices.get(each.id)
        assert each.task_id is not None
        by_id[each.task_id].calls.append(
            TaskCall(
                execution_id=each.id,
                provider=each.provider,
                model=each.model,
                stage=each.stage,
                status=each.status,
                started_at=each.started_at,
                finished_at=each.finished_at,
                cost=row.amount if row and row.state == "settled" else None,
                currency=row.currency if row else None,
            )
        )


async def _add_expectations(pipeline: Pipeline, bars: Iterable[Bar]) -> None:
    """How long such tasks took among the newest finished ones of the workspace."""
    unfinished = [bar for bar in bars if bar.ended_at is None]
    if not unfinished:
        return
    known = await usual_seconds(pipeline.workspace_id)
    usual = sum(known.values()) / len(known) if known else None
    for bar in unfinished:
        bar.expected_seconds = known.get(bar.task.kind, usual)


def _expected_ends(by_id: Mapping[Id, Bar], at: datetime) -> dict[Id, datetime]:
    """When each task ended, or will end if workers are free."""
    needed = {key: _needed(bar, by_id) for key, bar in by_id.items()}
    ends: dict[Id, datetime] = {}
    for key in TopologicalSorter(needed).static_order():
        bar = by_id[key]
        begins = max([at, *(ends[each] for each in needed[key])])
        expected = begins + timedelta(seconds=bar.remaining(at) or 0.0)
        ends[key] = bar.ended_at or expected
    return ends


def _critical_path(by_id: Mapping[Id, Bar], ends: Mapping[Id, datetime]) -> list[Id]:
    """From the task that ends last, back over the dependencies that ended last."""
    path: list[Id] = []
    key = max(ends, key=lambda each: ends[each], default=None)
    while key is not None:
        path.append(key)
        key = max(_needed(by_id[key], by_id), key=lambda each: ends[each], default=None)
    return path[::-1]


def _completion(
    bars: Sequence[Bar], ends: Mapping[Id, datetime], slots: Mapping[Queue, int], at: datetime
) -> datetime | None:
    """When the last task will end: by the longest chain, and by the work left in each queue."""
    left = [bar for bar in bars if bar.ended_at is None]
    stuck = any(bar.task.status in STUCK and not bar.task.optional for bar in bars)
    held = any(bar.task.hold is not None for bar in left)
    if not left or held or stuck:
        return None
    work: dict[Queue, float] = {}
    for bar in left:
        if (seconds := bar.remaining(at)) is None:
            return None
        work[bar.task.queue] = work.get(bar.task.queue, 0.0) + seconds
    busiest = max(seconds / max(slots.get(queue, 1), 1) for queue, seconds in work.items())
    return max(*ends.values(), at + timedelta(seconds=busiest))


def _needed(bar: Bar, by_id: Mapping[Id, Bar]) -> list[Id]:
    """The dependencies that are there; others have been deleted."""
    return [key for key in bar.task.input.dependencies if key in by_id]


def _order(group: str) -> tuple[int, int, str]:
    """The film first, then characters by name, then scenes by number."""
    word, _, number = group.partition(" ")
    if group == FILM:
        return 0, 0, ""
    return (2, int(number), "") if word == "Scene" and number.isdecimal() else (1, 0, group)


def _seconds(begin: datetime, end: datetime) -> float:
    return max((end - begin).total_seconds(), 0.0)
