"""Giving up uploads that nobody will finish."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.library.uploads.house import House
from app.library.uploads.settling import end
from documents.uploads import UNDER_WAY, Upload
from documents.values import now

BATCH: Final = 200
STAGED_FOR: Final = timedelta(days=8)
"""Longer than any upload may take: what lies in the staging area for so long is nobody's."""
CHECKED_FOR: Final = timedelta(days=1)
"""How long after its end an upload may still be checked or fetched by a task."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep gave up."""

    expired: int
    objects: int
    """Remains in the store that belonged to no upload any more."""


async def sweep(house: House) -> Swept:
    """Give up what has expired and remove what was sent of it; safe to run again."""
    expired = 0
    while batch := await _expired():
        for upload in batch:
            expired += await end(house, upload, "expired") is not None
    return Swept(expired, await house.storage.sweep_staging(STAGED_FOR))


async def _expired() -> list[Upload]:
    """Open ones at once; those in the hands of a task when it has had its time."""
    moment = now()
    at_once = {"state": "open", "way": {"$ne": "import"}, "expires_at": {"$lt": moment}}
    late = {"state": {"$in": [*UNDER_WAY]}, "expires_at": {"$lt": moment - CHECKED_FOR}}
    return await Upload.all_in(True, {"$or": [at_once, late]}, limit=BATCH)
