"""What people do about a job: within their reach, on record, and then a worker is woken."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import service
from app.channels.kinds import WATCH_JOBS, WatchJobs
from app.channels.states import JobGone
from app.core.access import SHARED
from app.core.actor import Actor, demand
from app.core.errors import NotFound
from app.core.parts import Parts
from app.core.recording import Transaction, recorded
from app.production import tasks
from app.production.tasks import Ownership, new_task
from documents.base import NotUnique, Record, within
from documents.channels import VideoJob
from documents.values import Id

R = TypeVar("R", bound=Record)
Deed = Callable[[VideoJob, Id, AsyncClientSession], Awaitable[VideoJob]]
WATCH_KEY: Final = "channels.watch_jobs"


async def do(parts: Parts, actor: Actor, key: Id, deed: Deed) -> VideoJob:
    """Do something about the job. Raises NotFound where the actor may not change it."""

    async def together(transaction: Transaction) -> tuple[VideoJob, VideoJob]:
        job = await within_reach(VideoJob, actor, key, transaction.session)
        try:
            changed = await deed(job, actor.id, transaction.session)
        except JobGone as exc:
            raise NotFound(str(exc)) from exc
        await transaction.tell(VideoJob, job.stored(), changed.stored())
        return job, changed

    demand(actor, "write", VideoJob.collection_name())
    before, after = await recorded(parts, actor, together)
    await service.abandon(before, after)
    await watch_jobs()
    await parts.wakeups.wake()
    return after


async def change(
    parts: Parts, actor: Actor, model: type[R], key: Id, values: Mapping[str, Any]
) -> R:
    """Set fields of a record that clients do not write themselves. Raises NotFound."""
    demand(actor, "write", model.collection_name())

    async def together(transaction: Transaction) -> R:
        before = await within_reach(model, actor, key, transaction.session)
        after = await model.write_one({"_id": key}, {"$set": dict(values)}, transaction.session)
        assert after is not None  # the transaction has just seen it
        await transaction.tell(model, before.stored(), after.stored())
        return after

    return await recorded(parts, actor, together)


async def within_reach(model: type[R], actor: Actor, key: Id, session: AsyncClientSession) -> R:
    """The record, if the actor may change it. Raises NotFound."""
    record = await model.first_in(True, within(SHARED.change(actor), {"_id": key}), session)
    if record is None:
        raise NotFound("There is no such record, or none that you may write.")
    return record


async def watch_jobs() -> None:
    """Have the jobs at work watched, unless they are already."""
    with suppress(NotUnique):
        await tasks.add([new_task(WATCH_JOBS, WatchJobs(), Ownership(), key=WATCH_KEY)])
