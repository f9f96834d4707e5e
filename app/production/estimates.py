"""What work will probably take and cost, told from what such work took and cost before."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from graphlib import TopologicalSorter
from typing import Any, Final, Protocol

from documents.ledger import CostCategory, GenerationCost
from documents.production import ArchivedTask, Queue, Task
from documents.values import Id

PAST: Final = 2_000
"""How many of the newest tasks, or calls, of the workspace are looked at."""
FIRST_PRICE: Final = Decimal(0)
"""Of a call such as nobody in the workspace has made yet: the local providers are free."""


class Work(Protocol):
    """A task to come."""

    @property
    def key(self) -> Hashable: ...

    @property
    def after(self) -> Sequence[Hashable]: ...

    @property
    def kind(self) -> Any: ...

    @property
    def calls(self) -> int: ...

    @property
    def category(self) -> CostCategory | None: ...


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a graph of tasks will probably cost, in US dollars, and take, in seconds."""

    cost: Decimal
    """Of the calls whose price is known."""
    unpriced_calls: int
    """Calls of a kind whose price nobody has told yet."""
    seconds: float | None
    """With the workers that there are; None where nothing is known of such tasks."""


async def usual_seconds(workspace_id: Id) -> dict[str, float]:
    """How long a task of each kind took, on average of the newest finished ones."""
    stages: list[dict[str, Any]] = [
        {"$match": {"workspace_id": workspace_id, "status": "completed"}},
        {"$sort": {"_id": -1}},
        {"$limit": PAST},
        {"$group": {"_id": "$kind", "seconds": {"$avg": "$output.metrics.processing_time"}}},
    ]
    known: dict[str, float] = {}
    for model in (ArchivedTask, Task):  # the live ones are newer
        cursor = await model.collection().aggregate(stages)
        known |= {row["_id"]: row["seconds"] async for row in cursor if row["seconds"] is not None}
    return known


async def usual_prices(workspace_id: Id) -> dict[str, Decimal | None]:
    """What a call of each category cost, in US dollars, on average of the newest ones.

    None where such calls were made, and none of their prices is known.
    """
    cursor = await GenerationCost.collection().aggregate(
        [
            {"$match": {"workspace_id": workspace_id, "state": "settled", "currency": "USD"}},
            {"$sort": {"created_at": -1}},
            {"$limit": PAST},
            {"$group": {"_id": "$category", "price": {"$avg": "$amount"}}},
        ]
    )
    return {
        row["_id"]: None if row["price"] is None else row["price"].to_decimal()
        async for row in cursor
    }


async def estimate(workspace_id: Id, work: Sequence[Work], slots: Mapping[Queue, int]) -> Estimate:
    """What these tasks will cost and take; `slots` are the places that workers have for them."""
    prices = await usual_prices(workspace_id)
    cost, unpriced = Decimal(0), 0
    for each in work:
        if each.category is None:
            continue
        price = prices.get(each.category, FIRST_PRICE)
        if price is None:
            unpriced += each.calls
        else:
            cost += price * each.calls
    return Estimate(cost, unpriced, _seconds(work, await usual_seconds(workspace_id), slots))


def _seconds(
    work: Sequence[Work], usual: Mapping[str, float], slots: Mapping[Queue, int]
) -> float | None:
    """By the longest chain, and by the work in each queue, whichever is longer."""
    if work and not usual:
        return None
    middle = sum(usual.values()) / len(usual) if usual else 0.0
    lasts = {each.key: usual.get(each.kind.name, middle) for each in work}
    in_queue: dict[Queue, float] = {}
    for each in work:
        in_queue[each.kind.queue] = in_queue.get(each.kind.queue, 0.0) + lasts[each.key]
    ends: dict[Hashable, float] = {}
    needed = {each.key: [key for key in each.after if key in lasts] for each in work}
    for key in TopologicalSorter(needed).static_order():
        ends[key] = lasts[key] + max((ends[each] for each in needed[key]), default=0.0)
    busiest = max(
        (seconds / max(slots.get(queue, 1), 1) for queue, seconds in in_queue.items()), default=0.0
    )
    return round(max([busiest, *ends.values()]), 1)
