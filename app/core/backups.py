"""When backups ended, and how: written by whatever makes them, read for the metrics."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, TypeAlias

from pymongo.asynchronous.database import AsyncDatabase

from documents.base import StoredDocument
from documents.values import now

Outcome: TypeAlias = Literal["succeeded", "failed"]
COLLECTION: Final = "operations"
"""Notes of the installation about itself, one document each."""
KEY: Final = "backups"
OUTCOMES: Final[tuple[Outcome, ...]] = ("succeeded", "failed")


async def note_backup(database: AsyncDatabase[StoredDocument], outcome: Outcome) -> None:
    """A backup has just ended like this."""
    await database[COLLECTION].update_one({"_id": KEY}, {"$set": {outcome: now()}}, upsert=True)


async def last_backups(database: AsyncDatabase[StoredDocument]) -> Mapping[Outcome, datetime]:
    """When one last ended in each way that has happened."""
    found = await database[COLLECTION].find_one({"_id": KEY}) or {}
    return {outcome: found[outcome] for outcome in OUTCOMES if outcome in found}
