"""Objects of the file store: nobody begins to rely on one while it is deleted as unused.

Who wants to rely on an object names it first and then looks whether it is being removed; who
removes it announces that first and then looks whether somebody names it. Both write before they
read, so at least one of them sees the other: an object that is named is never deleted.
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from itertools import islice
from time import monotonic
from typing import Final

from app.core.errors import Unavailable
from app.core.storage import Storage
from documents.deletion import unused
from documents.uploads import ObjectRemoval
from documents.values import now

BATCH: Final = 500
LONGEST: Final = timedelta(minutes=10)
"""A removal takes seconds; one announced so long ago has died, and will announce itself anew."""
PATIENCE_SECONDS: Final = 30.0
LOOK_EVERY_SECONDS: Final = 0.1


async def remove_unused(storage: Storage, keys: Iterable[str]) -> set[str]:
    """Delete those of the objects that no record names; answers which. Safe to run again."""
    remaining, removed = iter(sorted(set(keys))), set[str]()
    while batch := [*islice(remaining, BATCH)]:
        announced = [ObjectRemoval(key=key) for key in batch]
        await ObjectRemoval.insert_all(announced)
        free = await unused(set(batch))
        await storage.delete(sorted(free))
        over = {"_id": {"$in": [each.id for each in announced]}}
        await ObjectRemoval.collection().delete_many(over)
        removed |= free
    return removed


async def wait_for_removals(key: str) -> None:
    """Return once the object is not being removed; whoever calls names it in a record already.

    Raises Unavailable where that takes too long.
    """
    give_up = monotonic() + PATIENCE_SECONDS
    while await ObjectRemoval.collection().find_one(
        {"key": key, "created_at": {"$gt": now() - LONGEST}}, {"_id": 1}
    ):
        if monotonic() > give_up:
            raise Unavailable("This very content is being deleted; send it again in a while.")
        await asyncio.sleep(LOOK_EVERY_SECONDS)
