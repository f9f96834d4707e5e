"""The end of a job: its package is complete; and where its strategy says so, it is published."""

from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import outgoing, states
from app.channels.kinds import EXPORT, UPLOAD, OfJob
from app.core.storage import ObjectMissing
from documents.channels import Channel, VideoJob
from documents.library import Media
from documents.values import Id
from workers.jobs.channels.steps import outcome, step
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome


@step(EXPORT)
async def export_job(context: Context, job: VideoJob, parameters: OfJob) -> Outcome:
    """Make sure that all that goes out lies in the store, whole; then the job is completed."""
    parts = {
        "video": job.media_id,
        "thumbnail": job.thumbnail_media_id,
        "description": job.description_media_id,
    }
    for noun, key in parts.items():
        await _check(context, noun, key)

    async def write(session: AsyncClientSession) -> None:
        await states.move(job.id, "completed", session, only=("ready_for_export",))

    return outcome(context, job, [], write, media_id=job.media_id)


@step(UPLOAD)
async def upload_job(context: Context, job: VideoJob, parameters: OfJob) -> Outcome:
    """Write the publication; its own task brings it out, at its time."""
    author = context.task.created_by or await _channels_author(job)

    async def write(session: AsyncClientSession) -> None:
        current = await VideoJob.first_in(True, {"_id": job.id}, session)
        assert current is not None  # asked a moment ago, within the same transaction
        await outgoing.publish(current, author, session)

    return outcome(context, job, [], write)


async def _check(context: Context, noun: str, key: Id | None) -> None:
    media = None if key is None else await Media.one_in(True, key)
    if media is None:
        raise GiveUp(f"The {noun} is not in the library any more: render again.", code="gone")
    try:
        head = await context.storage.head(media.storage_key)
    except ObjectMissing as exc:
        raise GiveUp(f"The file of the {noun} is gone: render again.", code="gone") from exc
    if head.size != media.filesize:
        raise GiveUp(f"The file of the {noun} is damaged: render again.", code="damaged")


async def _channels_author(job: VideoJob) -> Id:
    channel = await Channel.one_in(True, job.channel_id)
    if channel is None:
        raise GiveUp("The channel was deleted meanwhile.", code="subject_gone")
    return channel.created_by
