"""What workspaces have used: counters, and how they are counted anew from the records.

The counter is kept up by what goes through the library, in the same transactions. What others write
(files that tasks make, whole projects that are deleted) is found when it is counted anew: daily,
before it is shown, and before something is refused.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from documents.base import NotUnique, Session, StoredDocument
from documents.library import Media
from documents.production import PromptExecution
from documents.uploads import UNDER_WAY, Upload, Usage
from documents.values import Id, now

TRIES: Final = 5
FRESH: Final = timedelta(minutes=1)
"""A count of this age is shown as it is."""
MEASURES: Final = ("stored_bytes", "reserved_bytes", "seconds")


def this_month() -> str:
    """The month in UTC for which calls are counted."""
    return f"{now():%Y-%m}"


async def usage_of(workspace_id: Id, session: Session = None) -> Usage:
    """The counter as it stands; counted first where nobody has asked for it yet."""
    query = {"workspace_id": workspace_id}
    if found := await Usage.first_in(True, query, session):
        return found
    counted = Usage(**query, **await _counted(workspace_id), counted_at=now())
    try:
        return await counted.insert()
    except NotUnique:  # somebody else was quicker, and may have moved it since
        return await Usage.first_in(True, query) or counted


async def fresh(workspace_id: Id, age: timedelta = FRESH) -> Usage:
    """The counter, counted anew where the last count is older than that."""
    usage = await usage_of(workspace_id)
    old = usage.counted_at is None or usage.counted_at < now() - age
    return await recount(workspace_id) if old else usage


async def recount(workspace_id: Id) -> Usage:
    """Count from the records, and set the counter right.

    It is written only where nobody has moved the counter meanwhile; where that keeps happening,
    the counter stays as it is until the next time.
    """
    for _ in range(TRIES):
        before = await usage_of(workspace_id)
        counted = {**await _counted(workspace_id), "counted_at": now()}
        same = {"_id": before.id, "revision": before.revision}
        if after := await Usage.write_one(same, {"$set": counted}):
            return after
    return await usage_of(workspace_id)


async def move(
    workspace_id: Id, session: Session = None, *, calls: int = 0, **changes: float
) -> None:
    """Move the counter by these amounts, in one write; it never falls below zero."""
    unknown = changes.keys() - set(MEASURES)
    assert not unknown, unknown
    values: dict[str, Any] = {
        name: {"$max": [0, {"$add": [f"${name}", amount]}]} for name, amount in changes.items()
    }
    if calls:
        month = this_month()
        values |= {
            "calls": {"$cond": [{"$eq": ["$month", month]}, {"$add": ["$calls", calls]}, calls]},
            "month": month,
        }
    update = [{"$set": {**values, "revision": {"$add": ["$revision", 1]}, "updated_at": "$$NOW"}}]
    query = {"workspace_id": workspace_id}
    await Usage.collection().update_one(query, update, session=session)


async def is_stored(workspace_id: Id, sha256: str, session: Session, *, beside: Id) -> bool:
    """Whether another record of the workspace, maybe in the trash, has the same content."""
    same = {"workspace_id": workspace_id, "sha256": sha256, "_id": {"$ne": beside}}
    found = await Media.collection().find_one(same, {"_id": 1}, session=session)
    return found is not None


async def _counted(workspace_id: Id) -> Mapping[str, Any]:
    inside = {"workspace_id": workspace_id}
    contents = {
        "_id": "$sha256",
        "bytes": {"$max": "$filesize"},
        "seconds": {"$max": {"$ifNull": ["$technical_data.duration", 0]}},
    }
    stored = await _sums(
        Media.collection(),
        [{"$match": inside}, {"$group": contents}],
        stored_bytes="$bytes",
        seconds="$seconds",
    )
    open_ones = {**inside, "state": {"$in": [*UNDER_WAY]}}
    reserved = await _sums(Upload.collection(), [{"$match": open_ones}], reserved_bytes="$reserved")
    moment = now()
    begun = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    made = {**inside, "_id": {"$gte": Id.from_datetime(begun)}}
    calls = await PromptExecution.collection().count_documents(made)
    return {**stored, **reserved, "calls": calls, "month": this_month()}


async def _sums(source: Any, stages: list[StoredDocument], **summed: str) -> StoredDocument:
    group = {"_id": None} | {name: {"$sum": field} for name, field in summed.items()}
    rows = await source.aggregate([*stages, {"$group": group}])
    found: StoredDocument = await anext(aiter(rows), {})
    return {name: found.get(name, 0) for name in summed}
