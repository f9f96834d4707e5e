"""What people do about a job: within their reach, on record, and then a worker is woken."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import service
from app.channels.kinds import WATCH_JOBS, WatchJobs
from app.channels.states import JobGone
from app.core import revising
from app.core.access import SHARED
from app.core.actor import Actor
from app.core.errors import NotFound
from app.core.parts import Parts
from app.core.recording import Transaction
from app.production import tasks
from app.production.tasks import Ownership, new_task
from documents.base import NotUnique, Record
from documents.channels import VideoJob
from documents.values import Id

R = TypeVar("R", bound=Record)
Deed = Callable[[VideoJob, Id, AsyncClientSession], Awaitable[VideoJob]]
WATCH_KEY: Final = "channels.watch_jobs"


async def do(parts: Parts, actor: Actor, key: Id, deed: Deed) -> VideoJob:
    """Do something about the job. Raises NotFound where the actor may not change it."""
    before: list[VideoJob] = []

    async def work(job: VideoJob, transaction: Transaction) -> VideoJob:
        before[:] = [job]
        try:
            return await deed(job, actor.id, transaction.session)
        except JobGone as exc:
            raise NotFound(str(exc)) from exc

    after = await revising.deed(parts, actor, VideoJob, SHARED, key, work)
    await service.abandon(before[0], after)
    await watch_jobs()
    await parts.wakeups.wake()
    return after


async def change(
    parts: Parts, actor: Actor, model: type[R], key: Id, values: Mapping[str, Any]
) -> R:
    """Set fields of a record that clients do not write themselves. Raises NotFound."""

    async def work(_: R, transaction: Transaction) -> R:
        after = await model.write_one({"_id": key}, {"$set": dict(values)}, transaction.session)
        assert after is not None  # the transaction has just seen it
        return after

    return await revising.deed(parts, actor, model, SHARED, key, work)


async def watch_jobs() -> None:
    """Have the jobs at work watched, unless they are already."""
    with suppress(NotUnique):
        await tasks.add([new_task(WATCH_JOBS, WatchJobs(), Ownership(), key=WATCH_KEY)])
