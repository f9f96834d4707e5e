"""The states of a video job, and the only moves between them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.core.errors import WrongState
from documents.base import Session, StoredDocument
from documents.channels import VideoJob, VideoJobStatus
from documents.values import Id

NEXT: Final[Mapping[VideoJobStatus, VideoJobStatus]] = {
    "planned": "generating_music",
    "generating_music": "generating_image",
    "generating_image": "rendering",
    "rendering": "ready_for_export",
    "ready_for_export": "completed",
}
"""The way forward; `failed` is reached from each of them and from `completed`."""
RENDERED: Final[tuple[VideoJobStatus, ...]] = ("ready_for_export", "completed")
"""From here a swap leads back to `rendering`."""
AT_WORK: Final[tuple[VideoJobStatus, ...]] = ("generating_music", "generating_image", "rendering")


class JobGone(Exception):
    """The job, or its channel, was deleted meanwhile."""


def may_move(job: VideoJob, to: VideoJobStatus) -> bool:
    """Whether the job may go from where it stands to this state."""
    if to == "failed":
        return job.status != "failed"
    if job.status == "failed":
        return to == (job.failed_step or "planned")
    return NEXT.get(job.status) == to or (job.status in RENDERED and to == "rendering")


async def move(
    job_id: Id,
    to: VideoJobStatus,
    session: Session = None,
    *,
    also: Mapping[str, Any] | None = None,
    only: Sequence[VideoJobStatus] | None = None,
) -> VideoJob:
    """The job in its new state: the one place where the status of a job is written.

    `also` are further values, `only` narrows the states that it may come from. Raises WrongState
    where there is no such move, and JobGone.
    """
    values = {"status": to, "error_message": None, "failed_step": None, **(also or {})}
    update = {"$set": values}
    query = {"_id": job_id, "deleted_at": None, "$or": [*_sources(to, only)]}
    if moved := await VideoJob.advance_one(query, update, session):
        return moved
    current = await VideoJob.first_in(True, {"_id": job_id}, session)
    if current is None:
        raise JobGone("The job is not there any more.")
    raise WrongState(f"The job is {said(current.status)}: it cannot become {said(to)} now.")


async def fail(
    job_id: Id, why: str, *, pipeline_id: Id | None = None, session: Session = None
) -> bool:
    """Say that the job has failed, and at which step; answers whether it had not before.

    With a `pipeline_id` only as long as that one is still the job's: an abandoned one is over.
    """
    query: StoredDocument = {"_id": job_id, "status": {"$ne": "failed"}, "deleted_at": None}
    if pipeline_id is not None:
        query["pipeline_id"] = pipeline_id
    values = {
        "failed_step": "$status",
        "status": "failed",
        "error_message": {"$literal": why[:10_000]},
        "updated_at": "$$NOW",
    }
    changed = await VideoJob.collection().update_one(query, [{"$set": values}], session=session)
    return changed.modified_count > 0


def said(status: VideoJobStatus) -> str:
    """The state in words."""
    return status.replace("_", " ")


def _sources(to: VideoJobStatus, only: Sequence[VideoJobStatus] | None) -> list[StoredDocument]:
    """Queries for the jobs that may move there."""
    before = [status for status, following in NEXT.items() if following == to]
    if to == "rendering":
        before += RENDERED
    allowed = [each for each in before if only is None or each in only]
    sources: list[StoredDocument] = [{"status": {"$in": allowed}}]
    if only is None or "failed" in only:
        sources.append({"status": "failed", "failed_step": to})
        if to == "planned":
            sources.append({"status": "failed", "failed_step": None})
    return sources
