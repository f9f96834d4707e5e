"""How the video of a job goes out: one publication for each video and publisher."""

from datetime import datetime
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels.album import keywords, video_title
from app.channels.states import said
from app.core.errors import WrongState
from app.publishing.service import intend
from documents.channels import VideoJob
from documents.publishing import Publication, Publisher
from documents.values import Id

BUILT_IN: Final[Publisher] = "export"
MOST_CAPTION: Final = 10_000


async def publish(
    job: VideoJob, by: Id, session: AsyncClientSession, at: datetime | None = None
) -> Publication:
    """Intend the job's video to be published; the same video is so once.

    Raises WrongState where the job has not been exported.
    """
    if job.status != "completed" or job.media_id is None:
        raise WrongState(f"The job is {said(job.status)}: it is published when it is exported.")
    scheduled = at or (job.scheduled_time if job.upload_strategy == "scheduled" else None)
    return await intend(
        Publication(
            workspace_id=job.workspace_id,
            created_by=by,
            video_job_id=job.id,
            media_id=job.media_id,
            publisher=BUILT_IN,
            platform="youtube",
            channel_id=job.channel_id,
            idempotency_key=f"{job.id}:{job.media_id}:{BUILT_IN}",
            title=video_title(job),
            caption=job.description[:MOST_CAPTION],
            hashtags=["".join(word.split())[:150] for word in keywords(job)],
            scheduled_at=scheduled,
        ),
        session,
    )
