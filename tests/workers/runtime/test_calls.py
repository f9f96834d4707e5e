"""Calls of providers: recorded before and after, made once, paid once."""

import asyncio
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from bson import Decimal128

from documents.base import Subject
from documents.ledger import GenerationCost
from documents.production import PromptExecution, Task
from documents.values import Id
from tests.factories import valid
from tests.factories.films import Film, make_film
from tests.support.charging import PRICE, ChargingText, Till
from tests.support.drawing import drawn
from workers.providers.errors import ProviderError
from workers.providers.text import TextProvider, TextRequest, TextResult
from workers.runtime import calls
from workers.runtime.calls import Call
from workers.runtime.context import Context, Resources
from workers.runtime.handlers import GiveUp

STORY = TextRequest(purpose="screenplay", inputs={"text": "A fox met a goat. They talked."})


async def task_of(film: Film) -> Task:
    return await valid(
        Task,
        workspace_id=film.workspace.id,
        project_id=film.project.id,
        status="processing",
        kind="films.write_screenplay",
    ).insert()


@pytest.fixture
async def film(store: object) -> Film:
    return await make_film()


@pytest.fixture
async def context(film: Film, resources: Resources, tmp_path: Path) -> Context:
    return Context(await task_of(film), resources, tmp_path)


def written_by(provider: TextProvider, film: Film, take: int = 1) -> Call:
    return Call(
        provider,
        STORY,
        category="llm",
        feature="films",
        stage="screenplay",
        prompt="Write!",
        subject=Subject(collection="projects", id=film.project.id),
        take=take,
    )


@pytest.fixture
def till(tmp_path: Path) -> Till:
    return Till(tmp_path / "till")


async def test_call_leaves_its_record_and_its_price(
    context: Context, film: Film, till: Till
) -> None:
    provider = ChargingText(till)
    await calls.write_text(context, written_by(provider, film), provider)

    [execution] = await PromptExecution.all_in(True, {})
    assert execution.status == "success"
    assert (execution.provider, execution.model) == (provider.provider, provider.model)
    assert execution.resolved_prompt == "Write!"
    assert execution.inputs["inputs"] == STORY.inputs
    assert execution.output_raw["output"]["scenes"]
    assert execution.finished_at is not None
    [cost] = await GenerationCost.all_in(True, {})
    assert (cost.amount, cost.tokens_used) == (PRICE, 1000)
    assert (cost.execution_id, cost.project_id) == (execution.id, film.project.id)


async def test_same_call_is_made_once(context: Context, film: Film, till: Till) -> None:
    provider = ChargingText(till)
    first = await calls.write_text(context, written_by(provider, film), provider)
    second = await calls.write_text(context, written_by(provider, film), provider)
    assert second == first
    assert len(till.charges) == 1
    assert await GenerationCost.collection().count_documents({}) == 1


async def test_new_take_is_another_call(context: Context, film: Film, till: Till) -> None:
    provider = ChargingText(till)
    for take in (1, 2):
        await calls.write_text(context, written_by(provider, film, take), provider)
    assert len(till.charges) == 2
    totals = await GenerationCost.collection().distinct("amount")
    assert totals == [Decimal128(PRICE)]


async def test_calls_at_the_same_time_are_charged_once(
    context: Context, film: Film, till: Till, resources: Resources
) -> None:
    provider = ChargingText(till, seconds=0.2)
    other = Context(await task_of(film), resources, context.folder)
    results = await asyncio.gather(
        calls.write_text(context, written_by(provider, film), provider),
        calls.write_text(other, written_by(provider, film), provider),
        return_exceptions=True,
    )
    assert len(till.charges) == 1
    [made] = [each for each in results if isinstance(each, TextResult)]
    [refused] = [each for each in results if isinstance(each, ProviderError)]
    assert refused.retryable
    again = await calls.write_text(other, written_by(provider, film), provider)
    assert again == made


async def test_lost_paid_call_waits_for_a_person(context: Context, film: Film, till: Till) -> None:
    """The worker died between the charge and its outcome."""
    provider = ChargingText(till)
    call = written_by(provider, film)
    await _lost(context, call)
    for _ in range(2):
        with pytest.raises(GiveUp) as waiting:
            await calls.write_text(context, call, provider)
        assert waiting.value.code == "unknown_outcome"
    assert till.charges == []
    [execution] = await PromptExecution.all_in(True, {})
    assert execution.status == "unknown"


async def test_lost_free_call_is_simply_made_again(context: Context, film: Film) -> None:
    provider = context.providers.text
    call = written_by(provider, film)
    lost = await _lost(context, call)
    assert (await calls.write_text(context, call, provider)).output["scenes"]
    [execution] = await PromptExecution.all_in(True, {})
    assert (execution.id, execution.status) == (lost, "success")


async def test_failed_call_is_recorded_and_may_be_tried_again(
    context: Context, film: Film, till: Till
) -> None:
    class Overloaded(ChargingText):
        async def write(self, request: TextRequest) -> TextResult:
            raise ProviderError("Too busy.", code="overloaded", retryable=True)

    broken, working = Overloaded(till), ChargingText(till)
    with pytest.raises(ProviderError, match="Too busy"):
        await calls.write_text(context, written_by(broken, film), broken)
    await calls.write_text(context, written_by(working, film), working)

    failed, made = await PromptExecution.all_in(True, {}, sort=[("_id", 1)])
    assert (failed.status, failed.error_message, made.status) == ("error", "Too busy.", "success")
    amounts = {cost.success: cost.amount for cost in await GenerationCost.all_in(True, {})}
    assert amounts == {False: None, True: PRICE}


async def write_own(context: Context) -> None:
    await context.store.in_transaction(partial(calls.write_own, context.own_calls))


@pytest.mark.parametrize("written", [True, False])
async def test_file_of_an_earlier_call_is_fetched(
    written: bool, context: Context, tmp_path: Path
) -> None:
    first = await drawn(context, tmp_path / "first")
    if written:
        await write_own(context)
        context.own_calls.clear()
    made_at = (tmp_path / "first").stat().st_mtime_ns
    second = await drawn(context, tmp_path / "second")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    assert (tmp_path / "first").stat().st_mtime_ns == made_at
    assert first.storage_key == second.storage_key
    assert first.result.usage.cost == Decimal(0)
    assert second.execution.id == first.execution.id
    assert len(context.own_calls) == (0 if written else 1), "it was not made again"


async def test_a_call_of_our_own_is_written_with_its_task(context: Context, tmp_path: Path) -> None:
    made = await drawn(context, tmp_path / "picture")
    [intended] = await PromptExecution.all_in(True, {})
    assert intended.status == "pending"
    assert await GenerationCost.collection().count_documents({}) == 0

    await write_own(context)
    [written] = await PromptExecution.all_in(True, {})
    assert (written.id, written.status) == (made.execution.id, "success")
    assert written.output_raw["storage_key"] == made.storage_key
    [cost] = await GenerationCost.all_in(True, {})
    assert (cost.execution_id, cost.amount, cost.state) == (written.id, Decimal(0), "settled")


async def test_a_call_of_our_own_that_two_tasks_have_made_counts_once(
    context: Context, film: Film, resources: Resources, tmp_path: Path
) -> None:
    other = Context(await task_of(film), resources, tmp_path)
    made = [await drawn(each, tmp_path / str(each.task.id)) for each in (context, other)]
    assert made[0].execution.id == made[1].execution.id
    for each in (context, other):
        await write_own(each)
    assert await PromptExecution.collection().distinct("status") == ["success"]
    assert await GenerationCost.collection().count_documents({}) == 1


async def test_what_was_made_is_made_again_where_it_was_deleted(
    context: Context, tmp_path: Path
) -> None:
    first = await drawn(context, tmp_path / "first")
    await context.storage.delete([first.storage_key])
    second = await drawn(context, tmp_path / "second")
    assert await context.storage.exists(second.storage_key)


async def test_embeddings_of_an_earlier_call_are_the_same(context: Context, film: Film) -> None:
    from workers.providers.embedding import EmbeddingRequest

    provider = context.providers.embedding
    call = Call(
        provider,
        EmbeddingRequest(texts=("a fox", "a goat")),
        category="llm",
        feature="library",
        stage="embedding",
        prompt="2 descriptions",
        subject=Subject(collection="projects", id=film.project.id),
    )
    first = await calls.embed(context, call, provider)
    second = await calls.embed(context, call, provider)
    assert first.vectors.shape == (2, provider.dimensions)
    assert (first.vectors == second.vectors).all()


async def _lost(context: Context, call: Call) -> Id:
    """The record that a worker leaves which dies while it makes this call."""
    intent = valid(
        PromptExecution,
        workspace_id=context.workspace_id,
        task_id=context.task.id,
        call_key=call.key,
        provider=call.provider.provider,
        model=call.provider.model,
    )
    await intent.insert()
    return intent.id
