"""Keeping house: what deletions leave to do, and a sign of life."""

from functools import partial

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.deletion import (
    PURGE_TREE,
    REMOVE_OBJECTS,
    PurgeTree,
    RemoveObjects,
    finish,
    removal_of,
)
from app.library.objects import remove_unused
from app.production import ledger, retention
from app.production.kinds import (
    ARCHIVE_TASKS,
    PING,
    REPAIR_LEDGER,
    ArchiveTasks,
    Ping,
    RepairLedger,
)
from documents import deletion
from documents.production import TaskOutput
from documents.registry import COLLECTIONS
from workers.runtime.context import Context
from workers.runtime.handlers import Outcome, handles


@handles(PURGE_TREE)
async def purge_tree(context: Context, parameters: PurgeTree) -> Outcome:
    """Purge a tree that was marked deleted, batch by batch; a killed run is simply repeated."""
    root = COLLECTIONS[parameters.collection]
    total, gone = max(await deletion.mark(root, parameters.id), 1), 0
    tree = await deletion.tree_of(root, parameters.id)
    for batch in await deletion.purge_batches(root, parameters.id):
        await context.store.in_transaction(partial(_remove, batch))
        gone += deletion.size(batch)
        await context.progress(gone / total, f"{gone} of {total} documents purged")
    await finish(context.store, tree)
    await context.resources.wakeups.wake()
    return Outcome(TaskOutput(result={"documents": gone}))


async def _remove(batch: deletion.Tree, session: AsyncClientSession) -> None:
    """One batch, and in the same transaction the task that removes its files."""
    if objects := await deletion.remove(batch, session):
        await removal_of(objects).insert(session=session)


@handles(REMOVE_OBJECTS)
async def remove_objects(context: Context, parameters: RemoveObjects) -> Outcome:
    """Delete files that no record names any more."""
    removed = await remove_unused(context.storage, parameters.keys)
    return Outcome(TaskOutput(result={"objects": len(removed)}))


@handles(PING)
async def ping(context: Context, parameters: Ping) -> None:
    """Complete."""


@handles(ARCHIVE_TASKS)
async def archive_tasks(context: Context, parameters: ArchiveTasks) -> Outcome:
    """Archive in batches until none is left."""
    moved = 0
    while batch := await retention.archive_batch(context.store):
        moved += batch
    return Outcome(TaskOutput(result={"archived": moved}))


@handles(REPAIR_LEDGER)
async def repair_ledger(context: Context, parameters: RepairLedger) -> Outcome:
    """Compare every budget with its rows and mend what a crash left wrong."""
    mended = await ledger.compare(mend=True)
    return Outcome(TaskOutput(result={"mended": [str(each.budget_id) for each in mended]}))
