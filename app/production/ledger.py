"""Budgets: setting money aside before a call, counting what it cost, and letting work wait.

A reservation is one conditional `$inc` for each budget that the call counts for: its workspace,
that workspace today, its project, and the campaign or ad session that it is about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal, TypeAlias

from bson import Decimal128

from app.production import holds
from documents.ads import AdSession
from documents.base import Hold, NotUnique, Scope, Session, Subject, touched
from documents.ledger import Budget, GenerationCost
from documents.production import Task
from documents.values import Id, now

OWN_BUDGETS: Final = ("video_campaigns", "story_campaigns", "ad_sessions")
"""Subjects with a budget of their own, beside projects and workspaces."""
Owner: TypeAlias = Literal[
    "workspaces", "projects", "video_campaigns", "story_campaigns", "ad_sessions"
]
"""What may have a budget."""
NOTHING: Final = Decimal(0)
SETTLING_SECONDS: Final = 60
"""Rows younger than this may not have reached their budgets yet."""


class BudgetReached(Exception):
    """There is not enough left in a budget: the work has to wait until it is raised."""

    def __init__(self, budget: Budget) -> None:
        when = f" on {budget.day}" if budget.day else ""
        super().__init__(
            f"The budget of {budget.limit} {budget.currency} for {budget.owner.collection} "
            f"{budget.owner.id}{when} is reached; raise it and the work goes on."
        )
        self.budget = budget

    @property
    def hold(self) -> Hold:
        """How the work waits."""
        return Hold(reason=holds.BUDGET, since=now(), budget_id=self.budget.id)


async def budgets_of(task: Task, subject: Subject, currency: str) -> list[Budget]:
    """The budgets that a call for this task counts for; made where they are not there yet."""
    if task.workspace_id is None:
        return []
    house = Subject(collection="workspaces", id=task.workspace_id)
    owners = [house]
    if task.project_id is not None:
        owners.append(Subject(collection="projects", id=task.project_id))
    about = {each.id: each for each in (subject, task.subject) if each is not None}
    owners += [each for each in about.values() if each.collection in OWN_BUDGETS]
    found = [await _ensured(task.workspace_id, owner, currency) for owner in owners]
    return [*found, await _today(found[0])]


async def reserve(budgets: Sequence[Budget], estimate: Decimal | None) -> None:
    """Set the estimate aside in all of these budgets, or in none. Raises BudgetReached.

    A call of unknown price sets nothing aside, and waits once a budget is used up.
    """
    amount = NOTHING if estimate is None else estimate
    done: list[Budget] = []
    for budget in budgets:
        if not await _reserve(budget, amount, strictly=estimate is None):
            await _move(done, reserved=-amount)
            raise BudgetReached(await _fresh(budget))
        done.append(budget)


async def settle(cost: GenerationCost) -> None:
    """Count a settled or released row in its budgets; once a row, after it is written."""
    set_aside = cost.reserved_amount or NOTHING
    spent = (cost.amount or NOTHING) if cost.state == "settled" else NOTHING
    for key in cost.budget_ids:
        moved = {"$inc": {"spent": spent, "reserved": -set_aside}}
        budget = await Budget.advance_one({"_id": key}, moved)
        if budget is not None and budget.owner.collection == "ad_sessions":
            await _write_session_total(budget)


async def set_limits(
    owner: Subject,
    workspace_id: Id,
    *,
    limit: Decimal | None,
    daily_limit: Decimal | None = None,
    currency: str = "USD",
    session: Session = None,
) -> Budget:
    """Set the limits of an owner; work that waited for more money goes on."""
    budget = await _ensured(workspace_id, owner, currency)
    values = {"limit": limit, "daily_limit": daily_limit}
    changed = await Budget.write_one({"_id": budget.id}, {"$set": values}, session)
    days = {"owner.id": owner.id, "currency": currency, "day": {"$ne": None}}
    today = {**days, "day": {"$gte": _midnight()}}
    await Budget.collection().update_many(
        today, touched({"$set": {"limit": daily_limit}}), session=session
    )
    keys = await Budget.collection().distinct("_id", {"owner.id": owner.id}, session=session)
    await holds.resume_tasks(True, {"hold.budget_id": {"$in": keys}}, holds.BUDGET)
    return changed or budget


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A budget whose sums are not those of its rows."""

    budget_id: Id
    spent: Decimal
    spent_by_rows: Decimal
    reserved: Decimal
    reserved_by_rows: Decimal


async def compare(scope: Scope = True, *, mend: bool = False) -> list[Mismatch]:
    """The budgets that differ from the sums of their rows; with `mend` they are set right.

    Budgets with rows of the last minute are passed over: their sums may still be on the way.
    """
    sums = await _sums_of_rows()
    settling = set(await GenerationCost.collection().distinct("budget_ids", _recent()))
    wrong = []
    for budget in await Budget.all_in(scope, {}):
        spent, reserved = sums.get(budget.id, (NOTHING, NOTHING))
        if budget.id in settling or (spent, reserved) == (budget.spent, budget.reserved):
            continue
        wrong.append(Mismatch(budget.id, budget.spent, spent, budget.reserved, reserved))
        if mend:
            unchanged = {
                "_id": budget.id,
                "spent": Decimal128(budget.spent),
                "reserved": Decimal128(budget.reserved),
            }
            await Budget.advance_one(unchanged, {"$set": {"spent": spent, "reserved": reserved}})
    return wrong


async def _ensured(workspace_id: Id, owner: Subject, currency: str) -> Budget:
    query = {"workspace_id": workspace_id, "owner.id": owner.id, "currency": currency}
    return await _one_of(
        {**query, "day": None}, Budget(workspace_id=workspace_id, owner=owner, currency=currency)
    )


async def _today(total: Budget) -> Budget:
    """The budget of this day, with the daily limit of the one for all time."""
    query = {
        "workspace_id": total.workspace_id,
        "owner.id": total.owner.id,
        "currency": total.currency,
        "day": _midnight(),
    }
    return await _one_of(
        query,
        Budget(
            workspace_id=total.workspace_id,
            owner=total.owner,
            day=now().date(),
            limit=total.daily_limit,
            currency=total.currency,
        ),
    )


async def _one_of(query: Mapping[str, Any], new: Budget) -> Budget:
    if found := await Budget.first_in(True, query):
        return found
    try:
        return await new.insert()
    except NotUnique:  # made by somebody else in this moment
        return await Budget.first_in(True, query) or new


async def _reserve(budget: Budget, amount: Decimal, *, strictly: bool) -> bool:
    used = {"$add": ["$spent", "$reserved", Decimal128(amount)]}
    fits = {"$lt" if strictly else "$lte": [used, "$limit"]}
    query = {"_id": budget.id, "$or": [{"limit": None}, {"$expr": fits}]}
    update = touched({"$inc": {"reserved": amount}})
    return (await Budget.collection().update_one(query, update)).matched_count == 1


async def _move(budgets: Sequence[Budget], *, reserved: Decimal) -> None:
    query = {"_id": {"$in": [budget.id for budget in budgets]}}
    await Budget.collection().update_many(query, touched({"$inc": {"reserved": reserved}}))


async def _fresh(budget: Budget) -> Budget:
    return await Budget.one_in(True, budget.id) or budget


async def _write_session_total(budget: Budget) -> None:
    total = budget.spent.quantize(Decimal("0.0001"), ROUND_HALF_UP)
    await AdSession.advance_one({"_id": budget.owner.id}, {"$set": {"total_cost": total}})


async def _sums_of_rows() -> dict[Id, tuple[Decimal, Decimal]]:
    def sum_of(field: str, state: str) -> dict[str, Any]:
        of_state = {"$eq": ["$state", state]}
        return {"$sum": {"$cond": [of_state, {"$ifNull": [field, Decimal128("0")]}, 0]}}

    cursor = await GenerationCost.collection().aggregate(
        [
            {"$match": {"budget_ids.0": {"$exists": True}}},
            {"$unwind": "$budget_ids"},
            {
                "$group": {
                    "_id": "$budget_ids",
                    "spent": sum_of("$amount", "settled"),
                    "reserved": sum_of("$reserved_amount", "reserved"),
                }
            },
        ]
    )
    return {row["_id"]: (_decimal(row["spent"]), _decimal(row["reserved"])) async for row in cursor}


def _decimal(value: Any) -> Decimal:
    return value.to_decimal() if isinstance(value, Decimal128) else Decimal(value)


def _recent() -> dict[str, Any]:
    return {"updated_at": {"$gte": now() - timedelta(seconds=SETTLING_SECONDS)}}


def _midnight() -> Any:
    return now().replace(hour=0, minute=0, second=0, microsecond=0)
