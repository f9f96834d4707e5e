"""Keeping the library in order: the trash, and what workspaces have used."""

import logging
from typing import Final

from app.library import trash, usage
from app.library.errors import NotInTrash
from app.library.upkeep import PURGE_TRASH, RECOUNT_USAGE, PurgeTrash, RecountUsage
from documents.deletion import StillReferenced
from documents.production import TaskOutput
from documents.uploads import Usage
from documents.values import Id
from workers.runtime.context import Context
from workers.runtime.handlers import Outcome, handles

BATCH: Final = 200

logger = logging.getLogger(__name__)


@handles(PURGE_TRASH)
async def purge_trash(context: Context, parameters: PurgeTrash) -> Outcome:
    """Purge file by file; what something still holds on to stays for the next time."""
    last: Id | None = None
    purged = 0
    while keys := await trash.expired(BATCH, last):
        for key in keys:
            try:
                await trash.purge_one(context.store, key)
                purged += 1
            except NotInTrash:
                continue  # somebody brought it back in this moment
            except StillReferenced as exc:
                logger.warning("media %s stays in the trash: %s", key, exc)
        last = keys[-1]
    await context.resources.wakeups.wake()
    return Outcome(TaskOutput(result={"purged": purged}))


@handles(RECOUNT_USAGE)
async def recount_usage(context: Context, parameters: RecountUsage) -> Outcome:
    """Count workspace by workspace; a killed run is simply repeated."""
    counted = 0
    for workspace_id in await Usage.collection().distinct("workspace_id"):
        await usage.recount(workspace_id)
        counted += 1
    return Outcome(TaskOutput(result={"counted": counted}))
