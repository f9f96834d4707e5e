"""What live views follow, out of all that is written."""

from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from app.core import change_streams
from app.core.change_streams import ChangeStream
from app.live.watched import PARENTS, WATCHED
from documents.base import StoredDocument
from documents.store import Store

AWAIT_MILLISECONDS: Final = 1_000


def changes_after(store: Store, cursor: str) -> AbstractAsyncContextManager[ChangeStream]:
    """The changes behind this place. Raises HistoryLost where the store forgot it."""
    return change_streams.changes_after(
        store,
        cursor,
        pipeline(),
        patience_ms=AWAIT_MILLISECONDS,
        options={"fullDocumentBeforeChange": "whenAvailable"},
    )


def pipeline() -> list[StoredDocument]:
    """Leaves out, already in the store, what nobody is told: heartbeats, prose, vectors."""
    shown = {name for each in WATCHED.values() for name in (*each.fields, *each.access)}
    names = sorted(shown | {"deleted_at"})
    places = sorted({*PARENTS, "subject", "created_by"})
    return [
        {
            "$match": {
                "ns.coll": {"$in": sorted(WATCHED)},
                "operationType": {"$in": ["insert", "update", "replace", "delete"]},
            }
        },
        {
            "$project": {
                "operationType": 1,
                "ns.coll": 1,
                "documentKey._id": 1,
                "clusterTime": 1,
                "wallTime": 1,
                "updated": _among("$$this.k", names, _pairs("$updateDescription.updatedFields")),
                "removed": _among("$$this", names, "$updateDescription.removedFields"),
                "truncated": _among("$$this.field", names, "$updateDescription.truncatedArrays"),
                "fullDocument": dict.fromkeys(["_id", *sorted({*names, *places})], 1),
                "fullDocumentBeforeChange": dict.fromkeys(["_id", *places], 1),
            }
        },
        {
            "$match": {
                "$or": [
                    {"operationType": {"$ne": "update"}},
                    *({f"{name}.0": {"$exists": True}} for name in CHANGED),
                ]
            }
        },
    ]


CHANGED: Final = ("updated", "removed", "truncated")


def _pairs(path: str) -> StoredDocument:
    """Names of updated fields hold dots, so they are looked at as values."""
    return {"$objectToArray": path}


def _among(path: str, names: list[str], source: Any) -> StoredDocument:
    """Those of the source whose path begins with one of the names."""
    first = {"$arrayElemAt": [{"$split": [path, "."]}, 0]}
    return {"$filter": {"input": {"$ifNull": [source, []]}, "cond": {"$in": [first, names]}}}
