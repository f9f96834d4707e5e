"""Looking closely: the graph and waterfall of a pipeline, and how a file came about."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from app.core.actor import Actor, CurrentActor, demand
from app.core.errors import Invalid, NotFound, documented
from app.core.parts import CurrentParts, Parts
from app.core.resource import SIGNED_IN
from app.library.access import MEDIA
from app.production import access, provenance, waterfall
from app.production.queues import slots_of
from app.production.waterfall import Bar, Waterfall
from app.production.waterfall_picture import drawn
from documents.library import Media
from documents.production import Pipeline, TaskStatus
from documents.values import Id

router = APIRouter(tags=["production"])
COMMON: Final = documented(NotFound, Invalid, *SIGNED_IN)
SVG: Final = "image/svg+xml"


class Node(BaseModel):
    """A task of the graph."""

    id: Id
    kind: str
    group: str
    status: TaskStatus
    depends_on: list[Id]
    optional: bool
    on_hold: bool
    critical: bool
    percentage: float
    expected_seconds: float | None = Field(description="By the past of such tasks.")
    error: str | None


class Graph(BaseModel):
    """A pipeline as a graph with states."""

    id: Id
    kind: str
    on_hold: bool
    by_status: dict[TaskStatus, int]
    critical_path: list[Id] = Field(description="The tasks that decide the end, first to last.")
    estimated_completion: datetime | None
    tasks: list[Node]


class MadeCall(BaseModel):
    """A call of a provider."""

    model_config = ConfigDict(from_attributes=True)

    execution_id: Id
    provider: str
    model: str
    stage: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    cost: Decimal | None
    currency: str | None


class Row(BaseModel):
    """One task over time."""

    task_id: Id
    kind: str
    group: str
    status: TaskStatus
    critical: bool
    created_at: datetime
    ready_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    waited_for_others_seconds: float
    waited_for_worker_seconds: float
    ran_seconds: float
    retries: int
    error: str | None
    calls: list[MadeCall]
    cost: dict[str, Decimal]


class WaterfallShown(BaseModel):
    """A pipeline over time."""

    id: Id
    kind: str
    begins_at: datetime
    ended_at: datetime | None
    estimated_completion: datetime | None
    by_status: dict[TaskStatus, int]
    cost: dict[str, Decimal]
    unpriced_calls: int
    tasks: list[Row]


class Price(BaseModel):
    """One row of the ledger; a price that nobody knows yet is null."""

    model_config = ConfigDict(from_attributes=True)

    id: Id
    state: str
    basis: str
    amount: Decimal | None
    estimated_amount: Decimal | None
    currency: str
    tokens_used: int | None
    api_latency_ms: int | None


class ProvenCall(BaseModel):
    """What was sent, what came back, what it cost."""

    execution_id: Id
    provider: str
    model: str
    stage: str
    status: str
    take: int
    template: str | None = Field(description="The name and version of the template.")
    prompt: str
    inputs: dict[str, Any]
    output: Any
    error: str | None
    tokens_used: int | None
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None
    costs: list[Price]


class Proven(BaseModel):
    """How a file came about; nothing of it where no provider was called."""

    media_id: Id
    hidden: int = Field(description="Calls that only editors and keepers of the books see.")
    calls: list[ProvenCall]


@router.get("/pipelines/{id}/graph", operation_id="read_pipeline_graph", responses=COMMON)
async def read_graph(id: Id, actor: CurrentActor, parts: CurrentParts) -> Graph:
    """The tasks with their states, the path that decides the end, and when that will be."""
    found = await _waterfall(id, actor, parts)
    return Graph(
        id=id,
        kind=found.pipeline.kind,
        on_hold=found.pipeline.hold is not None,
        by_status=found.by_status,
        critical_path=found.critical_path,
        estimated_completion=found.estimated_completion,
        tasks=[_node(bar) for bar in found.bars],
    )


@router.get("/pipelines/{id}/waterfall", operation_id="read_pipeline_waterfall", responses=COMMON)
async def read_waterfall(id: Id, actor: CurrentActor, parts: CurrentParts) -> WaterfallShown:
    """What each task waited for, when it ran, which calls it made and what they cost."""
    found = await _waterfall(id, actor, parts)
    return WaterfallShown(
        id=id,
        kind=found.pipeline.kind,
        begins_at=found.begins_at,
        ended_at=found.ended_at,
        estimated_completion=found.estimated_completion,
        by_status=found.by_status,
        cost=found.cost,
        unpriced_calls=found.unpriced_calls,
        tasks=[_row(bar, found.at) for bar in found.bars],
    )


@router.get(
    "/pipelines/{id}/waterfall.svg",
    operation_id="draw_pipeline_waterfall",
    response_class=Response,
    responses={200: {"content": {SVG: {"schema": {"type": "string"}}}}, **COMMON},
)
async def draw_waterfall(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """The same as a picture."""
    found = await _waterfall(id, actor, parts)
    # It may be opened as a page of its own: nothing in it runs or loads.
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": policy}
    return Response(drawn(found), media_type=SVG, headers=headers)


@router.get("/media/{id}/provenance", operation_id="read_media_provenance", responses=COMMON)
async def read_provenance(id: Id, actor: CurrentActor) -> Proven:
    """What was sent to make this file, what came back, what it cost."""
    demand(actor, "read", Media.collection_name())
    media = await Media.one_in(MEDIA.read(actor), id)
    if media is None:
        raise NotFound("There is no such file, or none that you may see.")
    found = await provenance.of(media, access.COSTS.read(actor))
    return Proven(media_id=id, hidden=found.hidden, calls=[_proven(each) for each in found.calls])


async def _waterfall(key: Id, actor: Actor, parts: Parts) -> Waterfall:
    demand(actor, "read", Pipeline.collection_name())
    pipeline = await Pipeline.one_in(access.WORK.read(actor), key)
    if pipeline is None:
        raise NotFound("There is no such pipeline, or none that you may see.")
    return await waterfall.of(pipeline, slots_of(parts.settings), access.COSTS.read(actor))


def _node(bar: Bar) -> Node:
    task = bar.task
    return Node(
        id=task.id,
        kind=task.kind,
        group=bar.group,
        status=task.status,
        depends_on=task.input.dependencies,
        optional=task.optional,
        on_hold=task.hold is not None,
        critical=bar.critical,
        percentage=task.progress.percentage,
        expected_seconds=bar.expected_seconds,
        error=task.error and task.error.message,
    )


def _row(bar: Bar, at: datetime) -> Row:
    task = bar.task
    return Row(
        task_id=task.id,
        kind=task.kind,
        group=bar.group,
        status=task.status,
        critical=bar.critical,
        created_at=bar.created_at,
        ready_at=bar.ready_at,
        started_at=bar.started_at,
        ended_at=bar.ended_at,
        waited_for_others_seconds=bar.waited_for_others(at),
        waited_for_worker_seconds=bar.waited_for_worker(at),
        ran_seconds=bar.ran(at),
        retries=task.error.retry_count if task.error else 0,
        error=task.error and task.error.message,
        calls=[MadeCall.model_validate(call) for call in bar.calls],
        cost=bar.cost,
    )


def _proven(call: provenance.Call) -> ProvenCall:
    execution, template = call.execution, call.template
    return ProvenCall(
        execution_id=execution.id,
        provider=execution.provider,
        model=execution.model,
        stage=execution.stage,
        status=execution.status,
        take=execution.take,
        template=template and f"{template.name} version {template.version}",
        **call.sent,
        output=call.came_back,
        error=execution.error_message,
        tokens_used=execution.tokens_used,
        started_at=execution.started_at,
        finished_at=execution.finished_at,
        seconds=call.seconds,
        costs=[Price.model_validate(row) for row in call.costs],
    )
