"""What things cost: sums of the ledger by what one likes to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

from bson import Decimal128

from documents.base import Scope, within
from documents.ledger import GenerationCost
from documents.library import Media
from documents.values import Id

Dimension = Literal["category", "provider", "model", "day", "project"]

GROUPED: Final[Mapping[Dimension, Any]] = {
    "category": "$category",
    "provider": "$provider",
    "model": "$model_name",
    "project": "$project_id",
    "day": {"$dateToString": {"date": "$created_at", "format": "%Y-%m-%d"}},
}
MOST_GROUPS: Final = 1_000


@dataclass(frozen=True, slots=True)
class CostSum:
    """One line of a report. `unpriced` calls have no price yet and are not in `amount`."""

    key: Any
    currency: str
    amount: Decimal
    calls: int
    unpriced: int
    failed: int
    latency_ms: float | None
    """On average."""


async def by(
    dimension: Dimension,
    scope: Scope,
    query: Mapping[str, Any],
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[CostSum]:
    """Sums per value of the dimension and currency, dearest first."""
    if scope is False:
        return []
    times = {"$gte": since, "$lt": until}
    limits = {name: moment for name, moment in times.items() if moment is not None}
    wanted = {**query, **({"created_at": limits} if limits else {})}
    cursor = await GenerationCost.collection().aggregate(
        [
            {"$match": within(scope, wanted)},
            {
                "$group": {
                    "_id": {"key": GROUPED[dimension], "currency": "$currency"},
                    "amount": {"$sum": "$amount"},
                    "calls": {"$sum": 1},
                    "unpriced": {"$sum": {"$cond": [_UNPRICED, 1, 0]}},
                    "failed": {"$sum": {"$cond": ["$success", 0, 1]}},
                    "latency_ms": {"$avg": "$api_latency_ms"},
                }
            },
            {"$sort": {"amount": -1, "_id.key": 1}},
            {"$limit": MOST_GROUPS},
        ]
    )
    return [
        CostSum(**row.pop("_id"), **{**row, "amount": _decimal(row["amount"])})
        async for row in cursor
    ]


async def per_finished_minute(scope: Scope, project_id: Id) -> dict[str, Decimal]:
    """What a minute of the project's finished films cost, per currency; empty without a film."""
    cursor = await Media.collection().aggregate(
        [
            {"$match": within(scope, {"project_id": project_id, "media_type": "final_video"})},
            {"$sort": {"_id": 1}},
            {"$group": {"_id": "$episode_id", "last": {"$last": "$technical_data.duration"}}},
            {"$group": {"_id": None, "seconds": {"$sum": "$last"}}},
        ]
    )
    rows = await cursor.to_list()
    minutes = Decimal(str(rows[0]["seconds"])) / 60 if rows else Decimal(0)
    if not minutes:
        return {}
    totals: dict[str, Decimal] = {}
    for row in await by("category", scope, {"project_id": project_id}):
        totals[row.currency] = totals.get(row.currency, Decimal(0)) + row.amount
    return {currency: total / minutes for currency, total in totals.items()}


async def unpriced(
    scope: Scope, query: Mapping[str, Any], limit: int = 100
) -> list[GenerationCost]:
    """The newest calls whose price nobody knows yet."""
    wanted = {**query, "amount": None, "state": {"$in": ["settled", "reserved"]}}
    return await GenerationCost.all_in(scope, wanted, sort=[("created_at", -1)], limit=limit)


_UNPRICED: Final = {
    "$and": [{"$eq": [{"$ifNull": ["$amount", None]}, None]}, {"$ne": ["$state", "released"]}]
}


def _decimal(value: Any) -> Decimal:
    return value.to_decimal() if isinstance(value, Decimal128) else Decimal(value)
