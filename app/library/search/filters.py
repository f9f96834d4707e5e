"""What a search is narrowed to: the filters that were asked for, and what the actor reaches."""

from collections.abc import Mapping
from typing import Any, Final

from app.library.search.schemas import SearchFilters
from app.library.search.wanted import Condition
from documents.base import Scope

EXACT: Final = ("workspace_id", "project_id", "episode_id", "scene_id")
AMONG: Final = ("kind", "media_type", "status")


def condition_of(scope: Scope, filters: SearchFilters) -> Condition | None:
    """Both as one condition, looked at before anything is ranked; None: nothing is in reach."""
    if scope is False:
        return None
    parts = [*_parts(filters)]
    if scope is not True:
        parts.append(scope)
    return {"$and": parts} if parts else {}


def _parts(filters: SearchFilters) -> list[Mapping[str, Any]]:
    parts: list[Mapping[str, Any]] = [
        {name: value} for name in EXACT if (value := getattr(filters, name)) is not None
    ]
    parts += [{name: {"$in": values}} for name in AMONG if (values := getattr(filters, name))]
    parts += [{"tags": tag} for tag in dict.fromkeys(filters.tags)]
    if (character := filters.character_id) is not None:
        shown = ("character_id", "related_elements.character_ids")
        parts.append({"$or": [{name: character} for name in shown]})
    moments = {"$gte": filters.created_from, "$lt": filters.created_before}
    if given := {name: value for name, value in moments.items() if value is not None}:
        parts.append({"created_at": given})
    return parts
