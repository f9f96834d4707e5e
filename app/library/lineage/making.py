"""How files were made, as their records and those of the calls tell."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.library.lineage.walking import inputs_of
from documents.base import Scope, StoredDocument, within
from documents.library import GenerationMetadata, Media
from documents.production import PromptExecution, PromptTemplate
from documents.values import Id

SHOWN: Final = (
    *("kind", "media_type", "filename", "description", "thumbnail_url", "project_id"),
    *("status", "created_at", "generation_metadata"),
)
"""What is fetched of a file."""


@dataclass(frozen=True, slots=True)
class Making:
    """One file, and how it was made."""

    media: StoredDocument
    inputs: list[Id]
    """As far as the asker may see them."""
    hidden_inputs: int
    template: StoredDocument | None
    take: int | None
    recorded: GenerationMetadata | None
    """What its record says; None for a file that somebody brought in."""


async def makings(scope: Scope, calls: Scope, keys: Sequence[Id]) -> dict[Id, Making]:
    """Those of these files that the scope reaches; `calls` reaches the records of calls."""
    query = within(scope, {"_id": {"$in": [*keys]}})
    rows = await Media.collection().find(query, dict.fromkeys(SHOWN, 1)).to_list()
    executions = await _executions(calls, rows)
    templates = await _templates(executions.values())
    visible = await _visible(scope, {key for row in rows for key in inputs_of(row)})
    found = {}
    for row in rows:
        execution = executions.get(_made(row).get("execution_id"), {})
        inputs = [key for key in inputs_of(row) if key in visible]
        found[row["_id"]] = Making(
            media=row,
            inputs=inputs,
            hidden_inputs=len(inputs_of(row)) - len(inputs),
            template=templates.get(execution.get("template_id")),
            take=_made(row).get("take") or execution.get("take"),
            recorded=GenerationMetadata.model_validate(made) if (made := _made(row)) else None,
        )
    return found


def _made(row: StoredDocument) -> Mapping[str, Any]:
    return row.get("generation_metadata") or {}


async def _executions(
    calls: Scope, rows: Iterable[StoredDocument]
) -> dict[Id | None, StoredDocument]:
    keys = [key for row in rows if (key := _made(row).get("execution_id")) is not None]
    if not keys:
        return {}
    query = within(calls, {"_id": {"$in": keys}})
    found = PromptExecution.collection().find(query, {"template_id": 1, "take": 1})
    return {row["_id"]: row async for row in found}


async def _templates(executions: Iterable[StoredDocument]) -> dict[Id | None, StoredDocument]:
    keys = {key for each in executions if (key := each.get("template_id")) is not None}
    if not keys:
        return {}
    query = {"_id": {"$in": [*keys]}}
    found = PromptTemplate.collection().find(query, {"name": 1, "version": 1})
    return {row["_id"]: row async for row in found}


async def _visible(scope: Scope, keys: set[Id]) -> set[Id]:
    if not keys:
        return set()
    query = within(scope, {"_id": {"$in": [*keys]}})
    return {row["_id"] async for row in Media.collection().find(query, {"_id": 1})}
