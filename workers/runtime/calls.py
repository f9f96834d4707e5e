"""Calls of providers, made once: the intent is written before the call, the outcome after it; that
of a call of our own code together with what became of its task.

The same call (provider, model, request, take) gets the stored result. An intent without an outcome
is simply made again where calls are free; where they cost money, it becomes `unknown` and waits
for a person: nothing is paid twice without somebody's word.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any, Final, TypeVar

import numpy as np
import orjson
from bson import Binary
from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.storage import ObjectMissing
from app.library.errors import QuotaReached
from app.production import ledger
from app.production.templates import masking
from documents.base import NotUnique, Session, StoredDocument, Subject, touched, within
from documents.ledger import CostCategory, GenerationCost
from documents.production import PromptExecution, PromptTemplate, Task
from documents.values import FreeMap, Id, now, to_floats, to_vector
from workers.providers.base import FileResult, Provider, Request, Result
from workers.providers.embedding import EmbeddingProvider, EmbeddingRequest, EmbeddingResult
from workers.providers.errors import ProviderError
from workers.providers.text import TextProvider, TextRequest, TextResult
from workers.runtime.context import Context, OwnCall
from workers.runtime.handlers import GiveUp

R = TypeVar("R", bound=Result)
F = TypeVar("F", bound=FileResult)

FREE: Final = Decimal(0)
CURRENCY: Final = "USD"
"""Estimates are in this currency; providers bill in theirs."""
HELD: Final = ("pending", "success", "unknown")
"""The states in which an execution holds its call key."""


@dataclass(frozen=True, slots=True)
class Call:
    """One thing asked of a provider, and on whose behalf."""

    provider: Provider
    request: Request
    category: CostCategory
    feature: str
    stage: str
    prompt: str
    subject: Subject
    template: PromptTemplate | None = None
    """The version of a template that the prompt was made from."""
    take: int = 1
    prefix: str | None = None
    """Where in the file store a file is kept; None: beside all others of the workspace."""
    ask: Callable[[str], Awaitable[Result | None]] | None = None
    """Asks the provider for the job that was made under this call's key: its result, or None where
    there was no such job. Without it nobody knows what became of a call that a crash cut off."""

    @property
    def key(self) -> str:
        """The same for the same call, whoever makes it and whenever.

        The prompt counts as it is sent, not the template: another version that says the same asks
        for the same.
        """
        parts = [self.provider.provider, self.provider.model, type(self.request).__name__]
        content = orjson.dumps([*parts, self.take, self.prompt]) + self.request.content()
        return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Made:
    """What a call brought, and the record of it."""

    result: Any
    execution: PromptExecution
    storage_key: str
    ours: bool
    """Whether the file was made by this project's own code."""


async def make_file(
    context: Context, call: Call, make: Callable[[Path], Awaitable[F]], path: Path, kind: type[F]
) -> Made:
    """Have a file made at `path` and keep it in the file store; or fetch the one made before."""

    async def remember(result: F) -> FreeMap:
        prefix = call.prefix or str(context.workspace_id)
        stored = await context.storage.put_file(
            result.path, prefix=prefix, content_type=result.media_type, is_new=True
        )
        kept = result.model_dump(mode="json", exclude={"path"})
        return {**kept, "storage_key": stored.key}

    async def recall(kept: FreeMap) -> F:
        values = dict(kept)
        await context.storage.get_file(values.pop("storage_key"), path)
        return kind.model_validate({**values, "path": path})

    result, execution = await _once(context, call, lambda: make(path), remember, recall)
    return Made(result, execution, execution.output_raw["storage_key"], call.provider.ours)


async def write_text(context: Context, call: Call, provider: TextProvider) -> TextResult:
    """Have a text written, or take the one written before."""
    request = call.request
    assert isinstance(request, TextRequest)

    async def remember(result: TextResult) -> FreeMap:
        return result.model_dump(mode="json")

    async def recall(kept: FreeMap) -> TextResult:
        return TextResult.model_validate(kept)

    result, _ = await _once(context, call, lambda: provider.write(request), remember, recall)
    return result


async def embed(context: Context, call: Call, provider: EmbeddingProvider) -> EmbeddingResult:
    """Have texts embedded, or take the vectors of before."""
    request = call.request
    assert isinstance(request, EmbeddingRequest)

    async def remember(result: EmbeddingResult) -> FreeMap:
        kept = result.model_dump(mode="json", exclude={"vectors"})
        return {**kept, "vectors": [to_vector(row) for row in result.vectors]}

    async def recall(kept: FreeMap) -> EmbeddingResult:
        rows: list[Binary] = kept["vectors"]
        vectors = np.stack([to_floats(row) for row in rows])
        return EmbeddingResult.model_validate({**kept, "vectors": vectors})

    result, _ = await _once(context, call, lambda: provider.embed(request), remember, recall)
    return result


async def _once(
    context: Context,
    call: Call,
    make: Callable[[], Awaitable[R]],
    remember: Callable[[R], Awaitable[FreeMap]],
    recall: Callable[[FreeMap], Awaitable[R]],
) -> tuple[R, PromptExecution]:
    while (execution := await _known(context, call)).status == "success":
        try:
            return await recall(execution.output_raw), execution
        except ObjectMissing:
            context.own_calls.pop(execution.id, None)
            await _forget(execution)
    started = monotonic()
    try:
        result = await _asked_for(call, execution) or await _paid_for(
            context, call, execution, make
        )
        kept = await remember(result)
    except ProviderError as exc:
        await _settle_failure(context, call, execution, exc, monotonic() - started)
        raise
    except asyncio.CancelledError:
        if call.provider.free:
            await _note(execution, {"status": "error", "error_message": "cancelled"})
        raise
    settled = await _settle(context, call, execution, result, kept, monotonic() - started)
    return result, settled


async def _known(context: Context, call: Call) -> PromptExecution:
    """See `_intend`; what this task itself has had made is known before it is written."""
    execution = await _intend(context, call)
    own = context.own_calls.get(execution.id)
    return execution.model_copy(update=own.outcome) if own else execution


async def _asked_for(call: Call, execution: PromptExecution) -> Any:
    """What came of a paid call that a crash cut off, if the provider knows it."""
    if call.ask is None or execution.status != "unknown":
        return None
    return await call.ask(call.key)


async def _paid_for(
    context: Context, call: Call, execution: PromptExecution, make: Callable[[], Awaitable[R]]
) -> R:
    await _set_aside(context, call, execution)
    return await make()


async def _count(context: Context) -> None:
    """Count one more call. Raises GiveUp where the owner's tier allows no more in this month."""
    try:
        await context.resources.calls.take(context.workspace_id)
    except QuotaReached as exc:
        raise GiveUp(str(exc), code=exc.code) from exc


async def _intend(context: Context, call: Call) -> PromptExecution:
    """The record of this call: an earlier success, or a pending one that is now ours to make."""
    intent = PromptExecution(
        workspace_id=context.workspace_id,
        template_id=call.template and call.template.id,
        project_id=context.task.project_id,
        task_id=context.task.id,
        subject=call.subject,
        tags_snapshot=call.template.tags if call.template else [],
        app="backlot",
        feature=call.feature,
        stage=call.stage,
        inputs=masking.masked(call.request.model_dump(mode="json")),
        resolved_prompt=masking.masked_text(call.prompt),
        provider=call.provider.provider,
        model=call.provider.model,
        call_key=call.key,
        take=call.take,
    )
    held = within(
        True,
        {
            "workspace_id": context.workspace_id,
            "call_key": intent.call_key,
            "status": {"$in": [*HELD]},
        },
    )
    if await context.resources.calls.are_limited(context.workspace_id):
        if earlier := await PromptExecution.first_in(True, held):
            return await _take_up(context, call, earlier)
        await _count(context)
    try:
        execution = await intent.insert_unless(held)
    except NotUnique as exc:
        raise ProviderError("Made at the same time.", code="busy", retryable=True) from exc
    return intent if execution is intent else await _take_up(context, call, execution)


async def _take_up(context: Context, call: Call, earlier: PromptExecution) -> PromptExecution:
    if earlier.status == "success":
        return earlier
    if call.provider.free:
        return earlier
    if earlier.status == "pending" and earlier.task_id != context.task.id:
        running = {"_id": earlier.task_id, "status": "processing"}
        if await Task.collection().find_one(running, {"_id": 1}):
            raise ProviderError("Another task makes this call.", code="busy", retryable=True)
    await _note(earlier, {"status": "unknown"})
    if call.ask is not None:
        earlier.status = "unknown"
        return earlier
    raise GiveUp(
        f"{call.provider.provider} was asked before and the outcome is unknown: look the job up "
        "there; then pay again with `backlot tasks retry --pay-again`, or give the task up.",
        code="unknown_outcome",
    )


async def _set_aside(context: Context, call: Call, execution: PromptExecution) -> None:
    """Reserve what a paid call will probably cost. Raises BudgetReached: then it is not made."""
    if call.provider.free:
        return
    estimate = call.provider.estimate(call.request)
    budgets = await ledger.budgets_of(context.task, call.subject, CURRENCY)
    row = _cost(context, call, execution, 0).model_copy(
        update={
            "state": "reserved",
            "basis": "estimated",
            "estimated_amount": estimate,
            "reserved_amount": estimate,
            "budget_ids": [budget.id for budget in budgets],
        }
    )
    if await GenerationCost.collection().find_one({"execution_id": execution.id}, {"_id": 1}):
        return  # set aside by the attempt that was cut off
    try:
        await ledger.reserve(budgets, estimate)
    except ledger.BudgetReached:
        await _note(execution, {"status": "error", "error_message": "budget reached"})
        raise
    await row.insert()


async def _settle(
    context: Context,
    call: Call,
    execution: PromptExecution,
    result: Result,
    kept: FreeMap,
    seconds: float,
) -> PromptExecution:
    """Write the outcome and its price as one; whoever is second takes what the first wrote."""
    usage = result.usage
    outcome = {
        "status": "success",
        "output_raw": kept,
        "finished_at": now(),
        "tokens_used": usage.tokens,
        "provider_job_id": usage.provider_job_id,
    }
    price = {
        "state": "settled",
        "basis": "billed",
        "amount": usage.cost,
        "currency": usage.currency,
        "tokens_used": usage.tokens,
        "seconds_processed": usage.seconds,
        "api_call_id": usage.provider_job_id,
        "api_latency_ms": round(seconds * 1000),
    }
    settled: PromptExecution = execution.model_copy(update=outcome)
    if call.provider.ours:
        row = _cost(context, call, execution, seconds).model_copy(update=price)
        context.own_calls[execution.id] = OwnCall(outcome, row)
        return settled

    async def together(session: AsyncClientSession) -> GenerationCost | None:
        if not await _note(execution, outcome, session):
            return None
        return await _write_price(context, call, execution, price, session)

    cost = await context.store.in_transaction(together)
    if cost is None:
        return await _settled_by_other(execution)
    await ledger.settle(cost)
    return settled


async def write_own(calls: Mapping[Id, OwnCall], session: AsyncClientSession) -> None:
    """Write the outcomes and rows of the ledger of a task's calls of our own providers, which are
    here by their executions.

    Nothing outside depends on these, and they can be made again: they are written with the outcome
    of their task. Of what another task has settled meanwhile nothing is written.
    """
    if not calls:
        return
    rows = {key: each.row for key, each in calls.items()}
    writes = [UpdateOne(_open(key), touched({"$set": each.outcome})) for key, each in calls.items()]
    done = await PromptExecution.collection().bulk_write(writes, ordered=False, session=session)
    if done.matched_count < len(calls):
        there = {"execution_id": {"$in": [*rows]}}
        for key in await GenerationCost.collection().distinct("execution_id", there, session):
            del rows[key]
    await GenerationCost.insert_all(rows.values(), session)


async def _write_price(
    context: Context,
    call: Call,
    execution: PromptExecution,
    price: dict[str, Any],
    session: AsyncClientSession | None = None,
) -> GenerationCost:
    """The call's row of the ledger, with its end: the reserved one, or a new one of a free call."""
    row: GenerationCost | None = None
    if not call.provider.free:
        reserved = {"execution_id": execution.id, "state": "reserved"}
        row = await GenerationCost.advance_one(reserved, {"$set": price}, session)
    if row is None:
        seconds = price["api_latency_ms"] / 1000
        row = _cost(context, call, execution, seconds).model_copy(update=price)
        await row.insert(session=session)
    return row


async def _settled_by_other(execution: PromptExecution) -> PromptExecution:
    found = await PromptExecution.first_in(True, {"_id": execution.id, "status": "success"})
    if found is None:
        raise ProviderError("The call's record is gone.", code="record_gone", retryable=True)
    return found


async def _settle_failure(
    context: Context, call: Call, execution: PromptExecution, exc: ProviderError, seconds: float
) -> None:
    """A call that failed: what was set aside is free again; whether it was billed is not known."""
    price = {
        "state": "settled" if call.provider.free else "released",
        "amount": FREE if call.provider.free else None,
        "success": False,
        "error_message": str(exc),
        "api_latency_ms": round(seconds * 1000),
    }
    await _note(execution, {"status": "error", "error_message": str(exc), "finished_at": now()})
    await ledger.settle(await _write_price(context, call, execution, price))


async def _forget(execution: PromptExecution) -> None:
    """What the call made was deleted: the next one like it is a new call."""
    gone = {"status": "error", "error_message": "what it made was deleted"}
    query = {"_id": execution.id, "status": "success"}
    await PromptExecution.collection().update_one(query, touched({"$set": gone}))


async def _note(
    execution: PromptExecution, values: dict[str, Any], session: Session = None
) -> bool:
    """Write to the record of a call that has not ended; answers whether it was so."""
    update = touched({"$set": values})
    done = await PromptExecution.collection().update_one(
        _open(execution.id), update, session=session
    )
    return done.matched_count > 0


def _open(key: Id) -> StoredDocument:
    """The record of a call, as long as it has not ended."""
    return {"_id": key, "status": {"$in": ["pending", "unknown"]}}


def _cost(
    context: Context, call: Call, execution: PromptExecution, seconds: float
) -> GenerationCost:
    return GenerationCost(
        workspace_id=context.workspace_id,
        project_id=context.task.project_id,
        task_id=context.task.id,
        execution_id=execution.id,
        subject=call.subject,
        category=call.category,
        provider=call.provider.provider,
        model_name=call.provider.model,
        api_latency_ms=round(seconds * 1000),
    )
