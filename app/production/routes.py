"""What people may do about work and money: hold, retry, cancel, look at failures and costs."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.core.actor import Actor, CurrentActor, demand
from app.core.bodies import StrictRoute
from app.core.errors import Invalid, NotFound, Refusal, documented
from app.core.parts import CurrentParts, Parts
from app.core.resource import SIGNED_IN, WITH_BODY
from app.core.schemas import GivenMoment
from app.production import access, costs, failures, holds, ledger, queues, tasks
from app.production.costs import Dimension
from documents.base import Record, Scope, Subject
from documents.films import Project
from documents.identity import Workspace
from documents.ledger import Budget, Currency, GenerationCost
from documents.production import Pipeline, Task
from documents.registry import COLLECTIONS
from documents.values import Id, Money

router = APIRouter(tags=["production"], route_class=StrictRoute)
COMMON: Final = documented(NotFound, Invalid, *SIGNED_IN)
WRITTEN: Final = documented(NotFound, *WITH_BODY, *SIGNED_IN)
Verb = Literal["cancel", "retry", "hold", "resume", "front"]


class NotPossible(Refusal):
    """The task or pipeline is in no state for this."""

    status, code = 409, "not_possible"


class Changed(BaseModel):
    """How many tasks were changed."""

    changed: int = Field(examples=[3])


class Failures(BaseModel):
    """Failed tasks with the same cause."""

    model_config = ConfigDict(from_attributes=True)

    kind: str
    code: str
    cause: str
    count: int
    example: str
    task_ids: list[Id]
    first_at: datetime
    last_at: datetime


class Cause(BaseModel):
    """Names a group of the failure desk; the other fields narrow it."""

    model_config = ConfigDict(extra="forbid")

    cause: Annotated[str, Field(max_length=255, examples=["overloaded: The model is busy."])]
    project_id: Id | None = None
    pipeline_id: Id | None = None

    def query(self) -> dict[str, Any]:
        return {"error.cause": self.cause, **_given(self.project_id, self.pipeline_id)}


class QueueDepth(BaseModel):
    """How much waits or runs in one queue of the workers."""

    model_config = ConfigDict(from_attributes=True)

    queue: str
    status: str
    count: int
    oldest_seconds: float


class CostLine(BaseModel):
    """One line of a cost report."""

    model_config = ConfigDict(from_attributes=True)

    key: Id | str | None
    currency: str
    amount: Decimal
    calls: int
    unpriced: int
    failed: int
    latency_ms: float | None


class PerMinute(BaseModel):
    """What a finished minute cost, by currency."""

    per_finished_minute: dict[str, Decimal]


class Limits(BaseModel):
    """What may be spent; null is no limit."""

    model_config = ConfigDict(extra="forbid")

    limit: Money | None = Field(None, examples=["250.00"])
    daily_limit: Money | None = Field(None, examples=["20.00"])
    currency: Currency = "USD"


class BudgetState(BaseModel):
    """A budget, and what has been used of it."""

    model_config = ConfigDict(from_attributes=True)

    id: Id
    owner: Subject
    limit: Decimal | None
    daily_limit: Decimal | None
    currency: str
    spent: Decimal
    reserved: Decimal


@router.post(
    "/tasks/{id}/{verb}", operation_id="act_on_task", responses=COMMON | documented(NotPossible)
)
async def act_on_task(id: Id, verb: Verb, actor: CurrentActor, parts: CurrentParts) -> Changed:
    """Cancel, retry, hold, resume a task, or move it to the front."""
    demand(actor, "write", Task.collection_name())
    return await _act(Task, id, {"_id": id}, verb, actor, parts)


@router.post(
    "/pipelines/{id}/{verb}",
    operation_id="act_on_pipeline",
    responses=COMMON | documented(NotPossible),
)
async def act_on_pipeline(id: Id, verb: Verb, actor: CurrentActor, parts: CurrentParts) -> Changed:
    """The same for all tasks of a pipeline; a paused one holds what is added later as well."""
    demand(actor, "write", Pipeline.collection_name())
    scope = access.CONTROL(actor)
    if verb == "hold" and await holds.hold_pipeline(scope, id, actor.id) is None:
        raise NotFound("There is no such pipeline within reach.")
    if verb == "resume":
        changed = await holds.resume_pipeline(scope, id)
        if changed is None:
            raise NotFound("There is no such pipeline within reach.")
        await parts.wakeups.wake()
        return Changed(changed=changed)
    if verb == "hold":
        held = {"pipeline_id": id, "hold.reason": holds.PAUSED}
        return Changed(changed=await Task.collection().count_documents(held))
    return await _act(Pipeline, id, {"pipeline_id": id}, verb, actor, parts)


@router.post("/workspaces/{id}/{verb}-work", operation_id="act_on_workspace_work", responses=COMMON)
async def act_on_workspace(
    id: Id, verb: Literal["hold", "resume"], actor: CurrentActor, parts: CurrentParts
) -> Changed:
    """Pause all work of a workspace, or let it go on."""
    demand(actor, "write", Workspace.collection_name())
    scope = access.OWNED(actor)
    if verb == "hold":
        changed = await holds.hold_workspace(scope, id, actor.id)
    else:
        changed = await holds.resume_workspace(scope, id)
        await parts.wakeups.wake()
    if changed is None:
        raise NotFound("There is no such workspace within reach.")
    return Changed(changed=changed)


@router.get("/failures", operation_id="list_failures", responses=COMMON)
async def list_failures(
    actor: CurrentActor, project_id: Id | None = None, pipeline_id: Id | None = None
) -> list[Failures]:
    """What failed for good, grouped by cause, largest groups first."""
    demand(actor, "read", Task.collection_name())
    found = await failures.by_cause(access.WORK.read(actor), _given(project_id, pipeline_id))
    return [Failures.model_validate(each) for each in found]


@router.post("/failures/retry", operation_id="retry_failures", responses=WRITTEN)
async def retry_failures(body: Cause, actor: CurrentActor, parts: CurrentParts) -> Changed:
    """Try all tasks again that failed for this cause."""
    demand(actor, "write", Task.collection_name())
    changed = await tasks.retry(access.CONTROL(actor), {**body.query(), "status": "failed"})
    await parts.wakeups.wake()
    return Changed(changed=changed)


@router.post("/failures/discard", operation_id="discard_failures", responses=WRITTEN)
async def discard_failures(body: Cause, actor: CurrentActor) -> Changed:
    """Give all tasks up that failed for this cause."""
    demand(actor, "write", Task.collection_name())
    return Changed(changed=await failures.discard(access.CONTROL(actor), body.query()))


@router.get("/queues", operation_id="read_queues", responses=COMMON)
async def read_queues(actor: CurrentActor) -> list[QueueDepth]:
    """How much waits and runs, and for how long; of one's own workspaces, or of all."""
    demand(actor, "read", Task.collection_name())
    found = await queues.depths(access.WORK.read(actor))
    return [QueueDepth.model_validate(each) for each in found]


@router.get("/costs/report", operation_id="report_costs", responses=COMMON)
async def report_costs(
    actor: CurrentActor,
    by: Annotated[Dimension, Query(description="What to sum by.")] = "category",
    project_id: Id | None = None,
    since: GivenMoment | None = None,
    until: GivenMoment | None = None,
) -> list[CostLine]:
    """Sums of the ledger, dearest first."""
    demand(actor, "read", GenerationCost.collection_name())
    query = {} if project_id is None else {"project_id": project_id}
    lines = await costs.by(by, access.COSTS.read(actor), query, since, until)
    return [CostLine.model_validate(line) for line in lines]


@router.get("/costs/per-minute", operation_id="read_cost_per_minute", responses=COMMON)
async def read_cost_per_minute(project_id: Id, actor: CurrentActor) -> PerMinute:
    """What a minute of the project's finished films cost; empty without one."""
    demand(actor, "read", GenerationCost.collection_name())
    scope = access.COSTS.read(actor)
    if await Project.one_in(access.PROJECT(actor), project_id) is None:
        raise NotFound("There is no such project, or none that you may see.")
    found = await costs.per_finished_minute(scope, project_id)
    return PerMinute(per_finished_minute=found)


@router.put("/budgets/{collection}/{owner_id}", operation_id="set_budget", responses=WRITTEN)
async def set_budget(
    collection: ledger.Owner, owner_id: Id, body: Limits, actor: CurrentActor, parts: CurrentParts
) -> BudgetState:
    """Limit what may be spent on a workspace, project, campaign or ad session.

    Reaching a limit pauses the work; raising it lets the work go on.
    """
    demand(actor, "write", Budget.collection_name())
    owner = Subject(collection=collection, id=owner_id)
    workspace_id = await _workspace_of(owner, actor)
    budget = await ledger.set_limits(
        owner,
        workspace_id,
        limit=body.limit,
        daily_limit=body.daily_limit,
        currency=body.currency,
    )
    await parts.wakeups.wake()
    return BudgetState.model_validate(budget)


async def _workspace_of(owner: Subject, actor: Actor) -> Id:
    """The tenant of a budget's owner, where the actor keeps its books."""
    is_workspace = owner.collection == "workspaces"
    scope = access.KEPT(actor) if is_workspace else access.BOOKS(actor)
    record: Any = await COLLECTIONS[owner.collection].one_in(scope, owner.id)
    if record is None:
        raise NotFound("There is no such record within reach.")
    tenant: Id = record.id if is_workspace else record.workspace_id
    return tenant


async def _act(
    model: type[Record], key: Id, query: dict[str, Any], verb: Verb, actor: Actor, parts: Parts
) -> Changed:
    scope = access.CONTROL(actor)
    if await model.one_in(scope, key) is None:
        raise NotFound("There is no such record within reach.")
    changed = await _VERBS[verb](scope, query, actor)
    if not changed:
        raise NotPossible(f"There is nothing to {verb} in this state.")
    await parts.wakeups.wake()
    return Changed(changed=changed)


async def _hold(scope: Scope, query: dict[str, Any], actor: Actor) -> int:
    return await holds.hold_tasks(scope, query, holds.paused(actor.id))


_VERBS: Final[dict[Verb, Callable[[Scope, dict[str, Any], Actor], Awaitable[int]]]] = {
    "cancel": lambda scope, query, _: tasks.cancel(scope, query),
    "retry": lambda scope, query, _: tasks.retry(scope, query),
    "hold": _hold,
    "resume": lambda scope, query, _: holds.resume_tasks(scope, query),
    "front": lambda scope, query, _: tasks.to_front(scope, query),
}


def _given(project_id: Id | None, pipeline_id: Id | None) -> dict[str, Any]:
    named = {"project_id": project_id, "pipeline_id": pipeline_id}
    return {name: value for name, value in named.items() if value is not None}
