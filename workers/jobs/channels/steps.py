"""What all steps of a job share: is it still wanted, and what becomes of the job if it fails."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError

from app.channels import states
from app.channels.kinds import OfJob
from app.core.deletion import removal_of
from app.core.errors import WrongState
from app.core.kinds import TaskKind
from documents.base import Session, StoredDocument
from documents.channels import VideoJob
from documents.library import Media
from documents.production import Task, TaskOutput
from documents.values import Id
from workers.jobs.endings import is_final, reason
from workers.jobs.intake import add_media
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome, Write, handles

LOOK_SECONDS: Final = 1.0
"""How often a step looks whether its job is still there."""
GONE: Final = "The job, or its channel, was deleted meanwhile."

P = TypeVar("P", bound=OfJob)
R = TypeVar("R")
Step: TypeAlias = Callable[[Context, VideoJob, P], Coroutine[Any, Any, Outcome]]


def step(kind: TaskKind[P]) -> Callable[[Step[P]], Step[P]]:
    """Declare the handler of a step of a job.

    It runs only for the job's present pipeline, and ends early when the job is deleted. Where it
    fails for good, so does the job, with the same words; a step that a person tries again takes
    its failed job up where it failed.
    """

    def register(handler: Step[P]) -> Step[P]:
        @handles(kind)
        async def attempt(context: Context, parameters: P) -> Outcome:
            job = await VideoJob.one_in(True, parameters.job_id)
            if job is None or job.pipeline_id != context.task.pipeline_id:
                return Outcome(TaskOutput(result={"skipped": "the job goes another way by now"}))
            job = await _taken_up(context.task, job)
            try:
                return await _while_wanted(job, handler(context, job, parameters))
            except Exception as exc:
                if is_final(context.task, exc):
                    await states.fail(job.id, reason(exc), pipeline_id=job.pipeline_id)
                raise

        return handler

    return register


def outcome(
    context: Context,
    job: VideoJob,
    media: Sequence[Media],
    write: Write,
    *,
    media_id: Id | None = None,
    **result: Any,
) -> Outcome:
    """The end of a step that made files.

    Where the job has been deleted meanwhile, or goes another way, nothing is written but the task
    that removes the files, which nobody would name.
    """

    async def together(session: AsyncClientSession) -> None:
        if await is_wanted(job, session):
            await add_media(context, media, session)
            await write(session)
        elif objects := {key for each in media for key in _objects(each)}:
            await removal_of(objects).insert(session=session)

    return Outcome(TaskOutput(media_id=media_id, result=result), together)


async def is_wanted(job: VideoJob, session: Session) -> bool:
    """Whether the job still goes this way. Writes to it, so that a deletion meanwhile conflicts."""
    same = {"_id": job.id, "pipeline_id": job.pipeline_id, "deleted_at": None}
    return await VideoJob.advance_one(same, {"$set": {}}, session) is not None


async def _taken_up(task: Task, job: VideoJob) -> VideoJob:
    """A failed job is taken up by a failed step that somebody tries again by itself."""
    tried_again = task.error is not None and task.error.retry_count == 0
    if job.status != "failed" or not tried_again:
        return job
    with contextlib.suppress(WrongState):  # another step was quicker
        return await states.move(job.id, job.failed_step or "planned", only=("failed",))
    return await VideoJob.one_in(True, job.id) or job


async def _while_wanted(job: VideoJob, work: Coroutine[Any, Any, R]) -> R:
    """The work's result. Raises GiveUp as soon as the job is gone; the work is cancelled then."""
    running = asyncio.create_task(work)
    watching = asyncio.create_task(_until_gone(job.id))
    try:
        await asyncio.wait((running, watching), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            return running.result()
        raise GiveUp(GONE, code="subject_gone")
    finally:
        for each in (running, watching):
            each.cancel()
        await asyncio.gather(running, watching, return_exceptions=True)


async def _until_gone(key: Id) -> None:
    there: StoredDocument | None = {}
    while there is not None:
        await asyncio.sleep(LOOK_SECONDS)
        with contextlib.suppress(PyMongoError):  # the store is away: that is no answer
            query = {"_id": key, "deleted_at": None}
            there = await VideoJob.collection().find_one(query, {"_id": 1})


def _objects(media: Media) -> list[str]:
    made = (each.key for each in media.derivatives)
    return [key for key in (media.storage_key, media.thumbnail_key, *made) if key]


async def guarded(work: Awaitable[R], failed: Callable[[Exception], Awaitable[None]]) -> R:
    """The work's result; a failure is told first."""
    try:
        return await work
    except Exception as exc:
        await failed(exc)
        raise
