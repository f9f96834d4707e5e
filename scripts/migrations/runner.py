"""Data migrations: numbered files beside this one, each run once for a store.

A file `NNNN_name.py` has an `async def migrate(run: Run) -> None`, raw PyMongo on the documents as
they are stored, and nothing of ours that may change later. It works in batches (`Run.batches`):
killed in the middle, the next run goes on at the batch that was not finished, so doing a batch
twice must do no harm. It may be deleted when every site has run it.
"""

import asyncio
import importlib
import pkgutil
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from os import getpid
from time import monotonic
from typing import Any, Final, TypeAlias

from pymongo import ReturnDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError, PyMongoError

from app.settings import Settings
from documents.base import StoredDocument
from scripts import migrations

COLLECTION: Final = "schema_migrations"
"""One row for each migration that was begun here."""
FINISHED: Final[StoredDocument] = {"finished_at": {"$type": "date"}}
NAME: Final = re.compile(r"\d{4}_[a-z][a-z0-9_]*")
BATCH: Final = 500
LEASE_SECONDS: Final = 60.0
"""Longer than a batch takes: whoever is silent for so long is dead."""
POLL_SECONDS: Final = 0.5
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)

Database: TypeAlias = AsyncDatabase[StoredDocument]
Migrate: TypeAlias = "Callable[[Run], Awaitable[None]]"


class MigrationOvertaken(Exception):
    """Another process took the migration over, since this one was silent for too long."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"another process took the migration {name} over, since this one was silent for "
            f"{LEASE_SECONDS:g} s: nothing is lost, run `backlot migrate` again to see it through"
        )


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    name: str
    migrate: Migrate


@dataclass(slots=True)
class Run:
    """A migration at work."""

    database: Database
    settings: Settings
    name: str
    _holder: str
    _lease_seconds: float
    _places: dict[str, Any] = field(default_factory=dict)
    """By collection the last id of the last finished batch."""
    _documents: int = 0

    async def batches(
        self, collection: str, query: Mapping[str, Any], size: int = BATCH
    ) -> AsyncIterator[list[StoredDocument]]:
        """The documents of the query by their ids; a batch is finished when the next is asked for.

        Going through the same collection a second time needs a migration of its own.
        """
        source = self.database[collection]
        while batch := await self._next(source, query, size):
            yield batch
            self._places[collection] = batch[-1]["_id"]
            self._documents += len(batch)
            await self._keep()

    async def _next(
        self, source: AsyncCollection[StoredDocument], query: Mapping[str, Any], size: int
    ) -> list[StoredDocument]:
        conditions = [dict(query)]
        if source.name in self._places:
            conditions.append({"_id": {"$gt": self._places[source.name]}})
        found = source.find({"$and": conditions}, sort=[("_id", 1)], limit=size, hint=[("_id", 1)])
        return await found.to_list()

    async def _keep(self, **end: Any) -> None:
        """Note how far it has come, and hold on to it. Raises MigrationOvertaken."""
        values = {
            "places": [{"collection": name, "id": key} for name, key in self._places.items()],
            "documents": self._documents,
            "lease_until": _in(self._lease_seconds),
            **end,
        }
        mine = {"_id": self.name, "holder": self._holder, "finished_at": None}
        kept = await self.database[COLLECTION].update_one(mine, [{"$set": values}])
        if not kept.matched_count:
            raise MigrationOvertaken(self.name)


def known() -> list[Migration]:
    """All migrations in the order of their numbers."""
    names = [each.name for each in pkgutil.iter_modules(migrations.__path__)]
    numbered = sorted(name for name in names if NAME.fullmatch(name))
    found = {name: importlib.import_module(f"{migrations.__name__}.{name}") for name in numbered}
    return [Migration(name, module.migrate) for name, module in found.items()]


async def pending(database: Database, all_of: Sequence[Migration] | None = None) -> list[str]:
    """The names of the migrations that are not finished in this store."""
    done = set(await database[COLLECTION].distinct("_id", FINISHED))
    wanted = known() if all_of is None else all_of
    return [each.name for each in wanted if each.name not in done]


async def run_pending(
    database: Database,
    settings: Settings,
    all_of: Sequence[Migration] | None = None,
    lease_seconds: float = LEASE_SECONDS,
) -> list[str]:
    """Run what is pending, one after the other; answers the names of those that ended here.

    Of several processes at once one works, the others wait. Raises what a migration raises, and
    goes on from there the next time.
    """
    wanted = {each.name: each for each in (known() if all_of is None else all_of)}
    holder = f"{socket.gethostname()} {getpid()}"
    return [
        name
        for name in await pending(database, [*wanted.values()])
        if await _see_through(wanted[name], Run(database, settings, name, holder, lease_seconds))
    ]


async def _see_through(migration: Migration, run: Run) -> bool:
    """Run it, unless another process has done so meanwhile."""
    rows = run.database[COLLECTION]
    while not await _begin(run):
        if await rows.find_one({"_id": run.name, **FINISHED}, {"_id": 1}):
            return False
        await asyncio.sleep(POLL_SECONDS)
    started = monotonic()
    try:
        await migration.migrate(run)
    except (PyMongoError, MigrationOvertaken):
        raise  # the lease is another's, or runs out by itself
    except BaseException:
        await run._keep(lease_until="$$NOW")
        raise
    await run._keep(finished_at="$$NOW", seconds=monotonic() - started)
    return True


async def _begin(run: Run) -> bool:
    """Take the migration, if nobody else is at it, where it was left."""
    rows = run.database[COLLECTION]
    with suppress(DuplicateKeyError):  # it was begun before
        await rows.insert_one({"_id": run.name, "finished_at": None, "lease_until": LONG_AGO})
    free = {"_id": run.name, "finished_at": None, "$expr": {"$lte": ["$lease_until", "$$NOW"]}}
    begun = {
        "holder": run._holder,
        "lease_until": _in(run._lease_seconds),
        "started_at": {"$ifNull": ["$started_at", "$$NOW"]},
    }
    row = await rows.find_one_and_update(
        free, [{"$set": begun}], return_document=ReturnDocument.AFTER
    )
    if row is None:
        return False
    run._places = {each["collection"]: each["id"] for each in row.get("places", [])}
    run._documents = row.get("documents", 0)
    return True


def _in(seconds: float) -> StoredDocument:
    return {"$add": ["$$NOW", int(seconds * 1000)]}
