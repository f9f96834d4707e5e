"""The watch over jobs at work: what no step could report, because it was killed or cancelled."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import states
from app.channels.deeds import WATCH_KEY
from app.channels.kinds import WATCH_JOBS, WatchJobs
from app.production import tasks
from app.production.tasks import Ownership, new_task
from documents.base import Hold, StoredDocument, touched
from documents.channels import VideoJob
from documents.production import Task
from documents.values import Id, now
from workers.runtime.context import Context
from workers.runtime.handlers import Outcome, handles

PAUSE: Final = timedelta(seconds=10)
GOING: Final = ("planned", "ready_for_export", *states.AT_WORK)
CANCELLED: Final = "A step was cancelled: retry the job to go on."


@handles(WATCH_JOBS)
async def watch_jobs(context: Context, parameters: WatchJobs) -> Outcome:
    """Look after every job with work to do, and once more in a while as long as there is one."""
    going = {"status": {"$in": [*GOING]}, "pipeline_id": {"$ne": None}, "deleted_at": None}
    jobs = await VideoJob.all_in(True, going)
    stands = await _stands([job.pipeline_id for job in jobs if job.pipeline_id])
    for job in jobs:
        stand = stands.get(job.pipeline_id) if job.pipeline_id else None
        if stand is not None and stand.trouble:
            await states.fail(job.id, stand.trouble, pipeline_id=job.pipeline_id)
        elif stand is not None and stand.hold != job.hold:
            await _tell_hold(job, stand.hold)
    busy = any(stand.left for stand in stands.values())

    async def write(session: AsyncClientSession) -> None:
        if busy:
            again = new_task(WATCH_JOBS, WatchJobs(), Ownership(), key=WATCH_KEY)
            again.run_after = now() + PAUSE
            await tasks.add([again], session)

    return Outcome(write=write)


class _Stand:
    """How the tasks of one pipeline stand."""

    def __init__(self) -> None:
        self.trouble: str | None = None
        self.hold: Hold | None = None
        self.left = False

    def add(self, row: Mapping[str, StoredDocument | str | bool | None]) -> None:
        status, hold = row["status"], row.get("hold")
        if status in ("queued", "processing"):
            self.left = True
        if isinstance(hold, dict) and status == "queued":
            self.hold = Hold.model_validate(hold)
        if status == "cancelled":
            self.trouble = self.trouble or CANCELLED
        if status == "failed" and not row.get("optional"):
            error = row.get("error")
            message = error.get("message") if isinstance(error, dict) else None
            self.trouble = str(message or "A step failed.")


async def _stands(pipelines: list[Id]) -> dict[Id, _Stand]:
    query = {"pipeline_id": {"$in": pipelines}, "deleted_at": None}
    fields = dict.fromkeys(("pipeline_id", "status", "optional", "hold", "error.message"), 1)
    stands: dict[Id, _Stand] = {}
    async for row in Task.collection().find(query, fields):
        stands.setdefault(row["pipeline_id"], _Stand()).add(row)
    return stands


async def _tell_hold(job: VideoJob, hold: Hold | None) -> None:
    """The job shows the hold of its tasks."""
    query = {"_id": job.id, "pipeline_id": job.pipeline_id}
    value = None if hold is None else hold.model_dump()
    await VideoJob.collection().update_one(query, touched({"$set": {"hold": value}}))
