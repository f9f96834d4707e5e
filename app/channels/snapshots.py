"""What a platform counted for a job's video up to a day: one snapshot for each."""

from datetime import UTC, date, datetime

from app.channels.schemas import Snapshot
from app.core.errors import WrongState
from app.core.recording import Transaction
from documents.channels import VideoAnalytics, VideoJob


async def keep_snapshot(
    job: VideoJob, day: date, body: Snapshot, transaction: Transaction
) -> VideoAnalytics:
    """Write the day's snapshot, or over the one that is there. Raises WrongState."""
    if job.youtube_video_id is None:
        raise WrongState("The job's video is not on YouTube yet.")
    session, midnight = transaction.session, datetime(day.year, day.month, day.day, tzinfo=UTC)
    same = {"workspace_id": job.workspace_id, "video_job_id": job.id, "snapshot_date": midnight}
    values = {**body.model_dump(), "youtube_video_id": job.youtube_video_id}
    before = await VideoAnalytics.first_in(True, same, session)
    if before is None:
        made = VideoAnalytics(
            workspace_id=job.workspace_id, video_job_id=job.id, snapshot_date=day, **values
        )
        await made.insert(session=session)
        await transaction.tell(VideoAnalytics, None, made.stored())
        return made
    after = await VideoAnalytics.write_one({"_id": before.id}, {"$set": values}, session)
    assert after is not None  # the transaction has just seen it
    await transaction.tell(VideoAnalytics, before.stored(), after.stored())
    return after
