"""How a file came about: what was sent to providers, what came back, what it cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.core.answer import dumps
from app.production.templates import masking
from documents.base import Scope
from documents.ledger import GenerationCost
from documents.library import Media
from documents.production import PromptExecution, PromptTemplate
from documents.values import Id

MOST_CALLS: Final = 100
MOST_KEPT_BYTES: Final = 200_000
"""Of what was sent or came back, larger values are told by their size alone."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as far as its record tells; without secrets."""

    execution: PromptExecution
    template: PromptTemplate | None
    costs: list[GenerationCost]

    @property
    def sent(self) -> dict[str, Any]:
        """The prompt and its inputs."""
        inputs, prompt = self.execution.inputs, self.execution.resolved_prompt
        return {
            "prompt": masking.masked_prompt(prompt, inputs),
            "inputs": _bounded(masking.masked(inputs)),
        }

    @property
    def came_back(self) -> Any:
        """The raw output."""
        return _bounded(masking.masked(self.execution.output_raw))

    @property
    def seconds(self) -> float | None:
        """From the intent to the outcome."""
        started, finished = self.execution.started_at, self.execution.finished_at
        return (finished - started).total_seconds() if finished else None


@dataclass(frozen=True, slots=True)
class Provenance:
    """The calls that made a file, oldest first."""

    calls: list[Call]
    hidden: int
    """Calls that the asker may not see: keepers of the books and editors see them."""


async def of(media: Media, scope: Scope) -> Provenance:
    """The calls that the file is made of, as far as the scope reaches their records."""
    made = media.generation_metadata
    ways: list[dict[str, Any]] = [{"media_id": media.id}]
    if made is not None and made.execution_id is not None:
        ways.append({"_id": made.execution_id})
    elif made is not None and made.task_id is not None:
        ways.append({"task_id": made.task_id})
    query = {"workspace_id": media.workspace_id, "$or": ways}
    total = await PromptExecution.collection().count_documents({**query, "deleted_at": None})
    order = [("started_at", 1), ("_id", 1)]
    found = await PromptExecution.all_in(scope, query, sort=order, limit=MOST_CALLS)
    templates = await _templates(found)
    rows = await _costs([each.id for each in found], scope)
    calls = [
        Call(each, templates.get(each.template_id or each.id), rows.get(each.id, []))
        for each in found
    ]
    return Provenance(calls, max(total - len(calls), 0))


async def _templates(executions: Iterable[PromptExecution]) -> dict[Id, PromptTemplate]:
    keys = [each.template_id for each in executions if each.template_id is not None]
    found = await PromptTemplate.all_in(True, {"_id": {"$in": keys}}) if keys else []
    return {each.id: each for each in found}


async def _costs(keys: Sequence[Id], scope: Scope) -> dict[Id, list[GenerationCost]]:
    rows: dict[Id, list[GenerationCost]] = {}
    if keys:
        for row in await GenerationCost.all_in(scope, {"execution_id": {"$in": [*keys]}}):
            assert row.execution_id is not None
            rows.setdefault(row.execution_id, []).append(row)
    return rows


def _bounded(value: Any) -> Any:
    """The value as JSON has it, unless it is too large to show."""
    text = dumps(value)
    return orjson.loads(text) if len(text) <= MOST_KEPT_BYTES else {"left_out_bytes": len(text)}
