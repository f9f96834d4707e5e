"""When a pipeline has ended: no task of it runs, and none is left that could."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from documents.base import StoredDocument
from documents.production import Task
from documents.values import Id


@dataclass(frozen=True, slots=True)
class End:
    """How a pipeline has ended, and when its last task did."""

    outcome: Literal["completed", "failed"]
    at: datetime
    by_status: Mapping[str, int]
    example: str = ""
    """What one of the failures says."""


async def ended_pipelines(keys: Sequence[Id]) -> dict[Id, End]:
    """Those of the pipelines that have ended, but for those that a person has ended.

    Seen again, the same end has the same moment; a pipeline that was tried again and ends again
    has a later one.
    """
    if not keys:
        return {}
    going = {
        "pipeline_id": {"$in": [*keys]},
        "$or": [{"status": "processing"}, {"status": "queued", "waiting_for": []}],
    }
    going_on = set(await Task.collection().distinct("pipeline_id", going))
    rows: dict[Id, list[StoredDocument]] = {key: [] for key in keys if key not in going_on}
    query = {"pipeline_id": {"$in": [*rows]}, "deleted_at": None}
    fields = ("pipeline_id", "status", "optional", "waiting_for", "completed_at", "error.message")
    async for row in Task.collection().find(query, dict.fromkeys(fields, 1)):
        rows[row["pipeline_id"]].append(row)
    ends = {key: _end(tasks) for key, tasks in rows.items() if not _can_go_on(tasks)}
    return {key: end for key, end in ends.items() if end is not None}


def _can_go_on(tasks: Sequence[StoredDocument]) -> bool:
    """Whether a task runs, or waits for nothing that has ended without success."""
    left = {row["_id"]: {*row["waiting_for"]} for row in tasks if row["status"] == "queued"}
    blocked = {row["_id"] for row in tasks if _blocks(row)}
    while hit := {key for key, needed in left.items() if needed & blocked}:
        blocked |= hit
        left = {key: needed for key, needed in left.items() if key not in hit}
    return bool(left) or any(row["status"] == "processing" for row in tasks)


def _blocks(row: StoredDocument) -> bool:
    return row["status"] == "cancelled" or (row["status"] == "failed" and not row["optional"])


def _end(tasks: Sequence[StoredDocument]) -> End | None:
    done = [row for row in tasks if row["status"] in ("completed", "failed")]
    failed = [row for row in tasks if row["status"] == "failed" and not row["optional"]]
    given_up = any(row["status"] == "cancelled" and not row["optional"] for row in tasks)
    blocked = any(row["status"] == "queued" for row in tasks)
    if not done or (not failed and (given_up or blocked)):
        return None
    return End(
        outcome="failed" if failed else "completed",
        at=max(row["completed_at"] for row in done),
        by_status=Counter(row["status"] for row in tasks),
        example=str(failed[0]["error"]["message"]) if failed else "",
    )
