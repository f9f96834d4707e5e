"""What is worth telling, out of all that is written: read from the store's change stream.

The store itself leaves out everything but ends of tasks and publications and work that waits for
money, so that a quiet installation costs nothing and a busy one little.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.core import change_streams
from app.core.change_streams import AT_ONCE, Batch, ChangeStream
from app.production.holds import BUDGET
from documents.base import StoredDocument
from documents.production import Task
from documents.publishing import Publication
from documents.store import Store
from documents.telling import SOME_TIME
from documents.values import Id, now

AWAIT_MILLISECONDS: Final = 4_000
TASKS: Final = "tasks"
PUBLICATIONS: Final = "publications"
TASK_ENDS: Final = ("completed", "failed")
"""What a person ends by cancelling he knows already."""
PUBLICATION_ENDS: Final = ("published", "failed")


@dataclass(frozen=True, slots=True)
class Seen:
    """A record has come into this state."""

    collection: str
    id: Id
    state: str
    """A status; or the reason for which a task waits."""
    at: datetime
    budget_id: Id | None = None


def changes_after(store: Store, position: str) -> AbstractAsyncContextManager[ChangeStream]:
    """The changes behind this position; behind none, from now on. Raises HistoryLost."""
    return change_streams.changes_after(
        store,
        position,
        PIPELINE,
        patience_ms=AWAIT_MILLISECONDS,
        codec=store.database.codec_options,
    )


def seen_in(batch: Batch) -> list[Seen]:
    """What was seen in a batch, in its order."""
    seen = []
    for change in batch.changes:
        fields = change["updateDescription"]["updatedFields"]
        moments = (fields.get("completed_at"), fields.get("updated_at"), change.get("wallTime"))
        at = next((each for each in moments if each is not None), SOME_TIME)
        seen.append(_seen(change["ns"]["coll"], change["documentKey"]["_id"], fields, at))
    return seen


async def ended_since(moment: datetime) -> AsyncIterator[list[Seen]]:
    """The same from the records as they are now, where the stream's history is gone.

    What was tried again meanwhile is not found: its newest end counts.
    """
    waiting = {"hold.budget_id": {"$gt": Id("0" * 24)}, "hold.since": {"$gte": moment}}
    queries: tuple[tuple[Any, StoredDocument], ...] = (
        (Task, {"status": {"$in": [*TASK_ENDS]}, "completed_at": {"$gte": moment}}),
        (Task, waiting),
        (Publication, {"status": {"$in": [*PUBLICATION_ENDS]}, "updated_at": {"$gte": moment}}),
    )
    shown = {"status": 1, "completed_at": 1, "updated_at": 1, "hold": 1}
    for model, query in queries:
        seen: list[Seen] = []
        rows = model.collection().find(query, shown, batch_size=AT_ONCE)
        async for row in rows:
            at = row.get("completed_at") or row["updated_at"]
            fields = {"hold": row["hold"]} if query is waiting else {"status": row["status"]}
            seen.append(_seen(model.collection_name(), row["_id"], fields, at))
            if len(seen) == AT_ONCE:
                yield seen
                seen = []
        if seen:
            yield seen


UPDATED: Final = "updateDescription.updatedFields"
PIPELINE: Final[list[StoredDocument]] = [
    {
        "$match": {
            "operationType": "update",
            "$or": [
                {"ns.coll": TASKS, f"{UPDATED}.status": {"$in": [*TASK_ENDS]}},
                {"ns.coll": TASKS, f"{UPDATED}.hold.reason": BUDGET},
                {"ns.coll": PUBLICATIONS, f"{UPDATED}.status": {"$in": [*PUBLICATION_ENDS]}},
            ],
        }
    },
    {
        "$project": {
            "ns.coll": 1,
            "documentKey._id": 1,
            "wallTime": 1,
            f"{UPDATED}.status": 1,
            f"{UPDATED}.completed_at": 1,
            f"{UPDATED}.updated_at": 1,
            f"{UPDATED}.hold": 1,
        }
    },
]


def _seen(collection: str, key: Id, fields: StoredDocument, at: datetime) -> Seen:
    if "status" in fields and fields["status"] in (*TASK_ENDS, *PUBLICATION_ENDS):
        return Seen(collection, key, fields["status"], at)
    hold = fields["hold"]
    return Seen(collection, key, hold["reason"], hold.get("since") or now(), hold["budget_id"])
