"""Money: set aside, settled, released, and work that waits instead of failing."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from app.production import costs, executions, ledger, tasks
from app.production.tasks import Ownership, new_task
from documents.ads import AdSession
from documents.base import Subject
from documents.ledger import Budget, GenerationCost
from documents.production import PromptExecution, Task
from documents.values import now
from tests.factories import valid
from tests.factories.films import Film, make_film, make_media
from tests.support.charging import PRICE, ChargingText, Till
from tests.support.kinds import WORK, Work
from tests.workers.runtime.test_calls import task_of, written_by
from workers.providers.errors import ProviderError
from workers.providers.text import TextRequest, TextResult
from workers.runtime import calls, claims
from workers.runtime.context import Context, Resources


@pytest.fixture
async def film(store: object) -> Film:
    return await make_film()


@pytest.fixture
async def context(film: Film, resources: Resources, tmp_path: Path) -> Context:
    return Context(await task_of(film), resources, tmp_path)


@pytest.fixture
def provider(tmp_path: Path) -> ChargingText:
    return ChargingText(Till(tmp_path / "till"))


async def make_call(context: Context, film: Film, provider: ChargingText, take: int = 1) -> None:
    await calls.write_text(context, written_by(provider, film, take), provider)


async def budget_of(owner: Subject) -> Budget:
    found = await Budget.first_in(True, {"owner.id": owner.id, "day": None})
    assert found is not None
    return found


def house(film: Film) -> Subject:
    return Subject(collection="workspaces", id=film.workspace.id)


def project(film: Film) -> Subject:
    return Subject(collection="projects", id=film.project.id)


async def limit(film: Film, owner: Subject, amount: str | None, daily: str | None = None) -> None:
    await ledger.set_limits(
        owner,
        film.workspace.id,
        limit=None if amount is None else Decimal(amount),
        daily_limit=None if daily is None else Decimal(daily),
    )


async def test_call_counts_for_workspace_day_and_project(
    context: Context, film: Film, provider: ChargingText
) -> None:
    await make_call(context, film, provider)
    budgets = await Budget.all_in(True, {})
    assert {(each.owner.collection, each.day is None) for each in budgets} == {
        ("workspaces", True),
        ("workspaces", False),
        ("projects", True),
    }
    assert {(each.spent, each.reserved) for each in budgets} == {(PRICE, Decimal(0))}
    [row] = await GenerationCost.all_in(True, {})
    assert (row.state, row.estimated_amount, row.basis) == ("settled", PRICE, "billed")
    assert set(row.budget_ids) == {each.id for each in budgets}


async def test_money_is_set_aside_while_the_call_runs(
    context: Context, film: Film, provider: ChargingText
) -> None:
    seen: list[Decimal] = []

    async def look(request: TextRequest) -> TextResult:
        seen.append((await budget_of(house(film))).reserved)
        return await ChargingText.write(provider, request)

    provider.write = look  # type: ignore[method-assign]
    await make_call(context, film, provider)
    assert seen == [PRICE]


async def test_failed_call_gives_back_what_was_set_aside(
    context: Context, film: Film, provider: ChargingText
) -> None:
    async def overloaded(request: TextRequest) -> TextResult:
        raise ProviderError("Too busy.", code="overloaded", retryable=True)

    provider.write = overloaded  # type: ignore[method-assign]
    with pytest.raises(ProviderError):
        await make_call(context, film, provider)
    budget = await budget_of(house(film))
    assert (budget.spent, budget.reserved) == (Decimal(0), Decimal(0))
    [row] = await GenerationCost.all_in(True, {})
    assert (row.state, row.amount) == ("released", None)


@pytest.mark.parametrize("which", ["workspace", "day", "project"])
async def test_reached_budget_stops_the_call_before_it_is_made(
    which: str, context: Context, film: Film, provider: ChargingText
) -> None:
    if which == "project":
        await limit(film, project(film), "0.02")
    else:
        daily = {"daily": "0.02"} if which == "day" else {}
        await limit(film, house(film), None if daily else "0.02", **daily)
    await make_call(context, film, provider)
    with pytest.raises(ledger.BudgetReached) as reached:
        await make_call(context, film, provider, take=2)
    assert "raise it" in str(reached.value)
    assert len(provider.till.charges) == 1
    assert {each.reserved for each in await Budget.all_in(True, {})} == {Decimal(0)}


async def test_call_of_unknown_price_stays_unpriced_and_waits_at_a_used_up_budget(
    context: Context, film: Film, provider: ChargingText
) -> None:
    await limit(film, house(film), "0.012")
    await make_call(context, film, provider)
    provider.price = None
    with pytest.raises(ledger.BudgetReached):
        await make_call(context, film, provider, take=2)
    await limit(film, house(film), "1")
    await make_call(context, film, provider, take=2)
    rows = await GenerationCost.all_in(True, {}, sort=[("_id", 1)])
    assert [row.estimated_amount for row in rows] == [PRICE, None]


async def test_many_calls_at_once_never_overspend(film: Film, store: object) -> None:
    await limit(film, house(film), "0.05")
    task = await task_of(film)
    budgets = await ledger.budgets_of(task, house(film), "USD")
    results = await asyncio.gather(
        *(ledger.reserve(budgets, PRICE) for _ in range(20)), return_exceptions=True
    )
    assert sum(result is None for result in results) == 4
    assert {each.reserved for each in await Budget.all_in(True, {})} == {4 * PRICE}


async def test_waiting_work_goes_on_when_the_budget_is_raised(context: Context, film: Film) -> None:
    await limit(film, house(film), "0")
    owner = Ownership(workspace_id=film.workspace.id)
    task = new_task(WORK, Work(), owner)
    await tasks.add([task])
    [claimed] = await claims.claim("worker", {"io": 1}, 30)
    budgets = await ledger.budgets_of(claimed, house(film), "USD")
    with pytest.raises(ledger.BudgetReached) as reached:
        await ledger.reserve(budgets, PRICE)
    await claims.hold_back(claimed, reached.value.hold, str(reached.value))

    held = await Task.one_in(True, task.id)
    assert held is not None
    assert held.hold is not None
    assert (held.status, held.hold.reason, held.error) == ("queued", "budget", None)
    assert await claims.claim("worker", {"io": 1}, 30) == []
    await limit(film, house(film), "1")
    assert [each.id for each in await claims.claim("worker", {"io": 1}, 30)] == [task.id]


async def test_paying_again_frees_the_lost_reservation(
    context: Context, film: Film, provider: ChargingText
) -> None:
    call = written_by(provider, film)
    execution = await calls._intend(context, call)
    await calls._set_aside(context, call, execution)
    assert (await budget_of(house(film))).reserved == PRICE
    await PromptExecution.advance_one({"_id": execution.id}, {"$set": {"status": "unknown"}})

    assert await executions.give_up_unknown([context.task.id]) == 1
    assert (await budget_of(house(film))).reserved == Decimal(0)
    await make_call(context, film, provider)
    assert (await budget_of(house(film))).spent == PRICE


class TestRepair:
    async def test_finds_and_mends_what_differs(
        self, context: Context, film: Film, provider: ChargingText
    ) -> None:
        await make_call(context, film, provider)
        budget = await budget_of(house(film))
        await Budget.advance_one({"_id": budget.id}, {"$inc": {"reserved": Decimal(5)}})
        assert await ledger.compare() == []  # the row is too fresh to tell
        await _age_rows()
        [wrong] = await ledger.compare()
        assert (wrong.reserved, wrong.reserved_by_rows) == (Decimal(5), Decimal(0))
        await ledger.compare(mend=True)
        assert await ledger.compare() == []
        assert (await budget_of(house(film))).reserved == Decimal(0)

    async def test_leaves_what_is_right(
        self, context: Context, film: Film, provider: ChargingText
    ) -> None:
        await make_call(context, film, provider)
        await _age_rows()
        assert await ledger.compare(mend=True) == []


async def test_total_of_an_ad_session_follows(
    film: Film, resources: Resources, provider: ChargingText, tmp_path: Path
) -> None:
    session = await valid(
        AdSession, workspace_id=film.workspace.id, created_by=film.user.id
    ).insert()
    task = await task_of(film)
    task.subject = Subject(collection="ad_sessions", id=session.id)
    await make_call(Context(task, resources, tmp_path), film, provider)
    paid = await AdSession.one_in(True, session.id)
    assert paid is not None
    assert paid.total_cost == Decimal("0.012")


class TestReports:
    async def test_sums_by_dimension(
        self, context: Context, film: Film, provider: ChargingText
    ) -> None:
        for take in (1, 2):
            await make_call(context, film, provider, take)
        [line] = await costs.by("category", True, {"project_id": film.project.id})
        assert (line.key, line.amount, line.calls, line.currency) == ("llm", 2 * PRICE, 2, "USD")
        [day] = await costs.by("day", True, {})
        assert day.key == now().strftime("%Y-%m-%d")
        assert await costs.by("provider", False, {}) == []
        tomorrow = now() + timedelta(days=1)
        assert await costs.by("model", True, {}, since=tomorrow) == []

    async def test_cost_of_a_finished_minute(
        self, context: Context, film: Film, provider: ChargingText
    ) -> None:
        assert await costs.per_finished_minute(True, film.project.id) == {}
        await make_call(context, film, provider)
        await make_media(film, media_type="final_video", technical_data={"duration": 30.0})
        assert await costs.per_finished_minute(True, film.project.id) == {"USD": 2 * PRICE}

    async def test_unpriced_calls_are_listed(
        self, context: Context, film: Film, provider: ChargingText
    ) -> None:
        await make_call(context, film, provider)
        row = await valid(GenerationCost, workspace_id=film.workspace.id, amount=None).insert()
        assert [each.id for each in await costs.unpriced(True, {})] == [row.id]


async def test_free_calls_touch_no_budget(context: Context, film: Film) -> None:
    local = context.providers.text
    await calls.write_text(context, written_by(local, film), local)
    assert await Budget.collection().count_documents({}) == 0


async def _age_rows() -> None:
    old = {"updated_at": now() - timedelta(minutes=5)}
    await GenerationCost.collection().update_many({}, {"$set": old})
