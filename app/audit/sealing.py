"""Ordering the new entries of each workspace and chaining them, in the background.

Every process of the API runs a sealer, and looks for unsealed entries every half second. A lease
on the chain of a workspace keeps them out of each other's way. That a chain stays whole does not
rest on it: an entry is sealed by one conditional write that needs its number to be free, the
writes of a batch come one after another, and the first that fails ends the batch. So a sealer may
be killed, or be overtaken by another, between any two of them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from itertools import groupby
from typing import Any, Final
from uuid import uuid4

from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

from app.audit.hashing import SEALED, Place, sealed_after
from app.core.background import end
from documents.base import StoredDocument, touched
from documents.identity import AuditChain, AuditEntry
from documents.values import Id, now

PAUSE_SECONDS: Final = 0.5
LEASE: Final = timedelta(seconds=1)
"""How long a sealer that was killed keeps the others from its chains."""
BATCH: Final = 500
UNSEALED: Final[StoredDocument] = {"sequence": None}
UNSEALED_INDEX: Final = "workspace_id_1_created_at_1__id_1_where_sequence"
BEFORE_ALL: Final = Id("0" * 24)
"""Comes after null and before every id."""
ORDER: Final = [("workspace_id", 1), ("created_at", 1), ("_id", 1)]

logger = logging.getLogger(__name__)


class Sealer:
    """Seals what waits, workspace by workspace."""

    def __init__(self) -> None:
        self.name = uuid4().hex
        self._after: Id | None = None

    async def run(self) -> None:
        """Seal until cancelled; while the store is away, try again."""
        while True:
            sealed = 0
            try:
                sealed = await self.seal()
            except PyMongoError as exc:
                logger.warning("audit entries wait to be sealed: %s", exc)
            except Exception:
                # Nobody would start the sealer again: it goes on for the other workspaces.
                logger.exception("audit entries wait to be sealed")
            if sealed < BATCH:
                await asyncio.sleep(PAUSE_SECONDS)

    async def seal(self) -> int:
        """Seal the entries that wait, some hundred at most; answers how many it sealed."""
        waiting = await self._waiting()
        sealed = 0
        for workspace, entries in groupby(waiting, lambda entry: entry["workspace_id"]):
            sealed += await self._seal(workspace, [*entries])
        return sealed

    async def _waiting(self) -> list[StoredDocument]:
        """Unsealed entries in the order of their chains.

        Each time it begins where the last page ended, so that no workspace waits for another.
        """
        query: dict[str, Any] = dict(UNSEALED)
        if self._after is not None:
            query["workspace_id"] = {"$gt": self._after}
        found = await (
            AuditEntry.collection()
            .find(query, dict.fromkeys(SEALED, 1), sort=ORDER, limit=BATCH, hint=UNSEALED_INDEX)
            .to_list(BATCH)
        )
        wrapped = self._after is not None and not found
        self._after = found[-1]["workspace_id"] or BEFORE_ALL if len(found) == BATCH else None
        return await self._waiting() if wrapped else found

    async def _seal(self, workspace: Id | None, entries: list[StoredDocument]) -> int:
        chain = await self._leased(workspace)
        if chain is None:
            return 0
        places = [chain]
        writes = []
        for entry in entries:
            seal = sealed_after(places[-1], entry)
            places.append(Place(seal["sequence"], seal["entry_hash"]))
            # Without its entry this would insert one that the store's validator refuses: a miss
            # has to end the batch.
            query = {"_id": entry["_id"], **UNSEALED}
            writes.append(UpdateOne(query, touched({"$set": seal}), upsert=True))
        try:
            await AuditEntry.collection().bulk_write(writes, ordered=True)
            sealed = len(writes)
        except BulkWriteError as exc:
            if not exc.details["writeErrors"]:
                raise
            sealed = exc.details["writeErrors"][0]["index"]
            logger.info("a chain moved on, or an entry went, while it was sealed: %s", exc.details)
            if sealed == 0:
                places[0] = await last_sealed(workspace) or chain
        await self._advance(workspace, places[sealed])
        return sealed

    async def _leased(self, workspace: Id | None) -> Place | None:
        """The end of the chain, which is this sealer's for a moment; None if it is another's."""
        moment = now()
        free = {"$or": [{"sealer": self.name}, {"leased_until": {"$not": {"$gt": moment}}}]}
        made = AuditChain(workspace_id=workspace).stored()
        lease = {"sealer": self.name, "leased_until": moment + LEASE, "updated_at": moment}
        begun = {name: value for name, value in made.items() if name not in lease}
        with suppress(DuplicateKeyError):
            chain = await AuditChain.collection().find_one_and_update(
                {"workspace_id": workspace, **free},
                {"$set": lease, "$setOnInsert": begun},
                {"sequence": 1, "entry_hash": 1},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
            assert chain is not None  # it was made if it was not there
            return Place(chain["sequence"], chain["entry_hash"])
        return None

    async def _advance(self, workspace: Id | None, place: Place) -> None:
        """Note how far the chain has come, unless somebody came farther."""
        end = {"sequence": place.sequence, "entry_hash": place.hash}
        query = {"workspace_id": workspace, "sequence": {"$lt": place.sequence}}
        await AuditChain.collection().update_one(query, touched({"$set": end}))


async def last_sealed(workspace: Id | None) -> Place | None:
    """The entry with the highest number in the chain of a workspace."""
    entry = await AuditEntry.collection().find_one(
        {"workspace_id": workspace, "sequence": {"$gte": 0}},
        {"sequence": 1, "entry_hash": 1},
        sort=[("sequence", -1)],
    )
    return None if entry is None else Place(entry["sequence"], entry["entry_hash"])


@asynccontextmanager
async def sealing() -> AsyncIterator[None]:
    """Seal in the background for as long as this is open."""
    running = asyncio.create_task(Sealer().run())
    try:
        yield
    finally:
        await end([running])
