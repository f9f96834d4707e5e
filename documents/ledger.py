"""The ledger: what may be spent, and what was expected, set aside and paid for every call."""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pymongo import IndexModel

from documents.base import Fixed, Record, Reference, ServerOwned, Subject, index
from documents.values import Balance, Count, Day, FreeMap, Id, Label, Money, Seconds, Text

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Budget(Record):
    """What may be spent on something, in all or on one day, and what has been spent.

    `spent` and `reserved` follow the ledger's rows; they are moved outside of the transactions
    that write the rows, so that no work waits behind a hot document, and compared by a repair.
    """

    workspace_id: Annotated[Id, Reference("workspaces", on_delete="cascade"), ServerOwned()]
    owner: Annotated[Subject, Fixed()]
    day: Annotated[Day | None, Fixed()] = None
    """None: for all time."""
    limit: Money | None = None
    """None: no limit."""
    daily_limit: Money | None = None
    """Of the budget for all time: the limit of every single day."""
    currency: Annotated[Currency, Fixed()] = "USD"
    spent: Annotated[Balance, ServerOwned()] = Decimal(0)
    reserved: Annotated[Balance, ServerOwned()] = Decimal(0)

    class Settings:
        name = "budgets"
        indexes: ClassVar[list[IndexModel]] = [
            index("workspace_id", "owner.id", "day", "currency", unique=True),
            index("workspace_id", "owner.id", "_id"),
            index("owner.id", "_id"),
            index("workspace_id", "_id"),
        ]


CostCategory = Literal[
    "llm",
    "image_generation",
    "video_generation",
    "audio_generation",
    "composition",
    "storage",
    "other",
]


class GenerationCost(Record):
    """One row of the ledger: what was expected, set aside and paid for one call."""

    workspace_id: Annotated[Id, Reference("workspaces"), ServerOwned()]
    project_id: Annotated[Id | None, Reference("projects", on_delete="clear")] = None
    session_id: Annotated[Id | None, Reference("ad_sessions", on_delete="clear")] = None
    asset_id: Annotated[Id | None, Reference("assets", on_delete="clear")] = None
    media_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    task_id: Annotated[Id | None, Reference("tasks", on_delete="clear")] = None
    execution_id: Annotated[Id | None, Reference("prompts_executed", on_delete="clear")] = None
    subject: Subject
    category: CostCategory
    state: Literal["reserved", "settled", "released"] = "settled"
    amount: Money | None = None
    """The settled price; null while it is not known."""
    estimated_amount: Money | None = None
    reserved_amount: Money | None = None
    currency: Currency = "USD"
    budget_ids: Annotated[list[Id], Reference("budgets", on_delete="clear")] = []
    """The budgets that the row counts for."""
    basis: Literal["billed", "estimated"] = "billed"
    provider: Label | None = None
    model_name: Label | None = None
    api_call_id: Label | None = None
    tokens_used: Count | None = None
    seconds_processed: Seconds | None = None
    api_latency_ms: Count | None = None
    success: bool = True
    error_message: Text | None = None
    metadata: FreeMap = {}

    class Settings:
        name = "generation_costs"
        indexes: ClassVar[list[IndexModel]] = [
            index("workspace_id", "-created_at", "_id"),
            index("project_id", "-created_at", "_id"),
            index("session_id"),
            index("asset_id"),
            index("category"),
            index("-created_at"),
            index("provider"),
            index("subject.id"),
            index("execution_id", unique=True, where={"execution_id": {"$type": "objectId"}}),
        ]
