"""The steps by which a channel's video is made."""

from typing import Final

from app.core.kinds import Parameters, TaskKind
from documents.values import Id


class OfJob(Parameters):
    """A step about a whole job; of an earlier pipeline of the job it does nothing."""

    job_id: Id


class OfMaterial(OfJob):
    """A step about one track or image; of an earlier take it does nothing."""

    order_index: int
    take: int = 1
    media_id: Id | None = None
    """A file of the library to take in its place; None: the provider makes it."""


class PlanPrompts(OfJob):
    """`and_go_on` begins the generation with the prompts."""

    and_go_on: bool = False


class WatchJobs(Parameters):
    """Looks after all jobs at work: what no handler could report is reported here."""


PLAN_PROMPTS: Final = TaskKind(
    "channels.plan_prompts", "script_generation", PlanPrompts, queue="io"
)
MAKE_TRACK: Final = TaskKind("channels.make_track", "audio_generation", OfMaterial, queue="cpu")
MAKE_IMAGE: Final = TaskKind("channels.make_image", "image_generation", OfMaterial, queue="cpu")
FINISH_MUSIC: Final = TaskKind("channels.finish_music", "audio_generation", OfJob)
"""All tracks are there: the job goes on to its images."""
MASTER: Final = TaskKind("channels.master", "audio_generation", OfJob, queue="io", max_retries=1)
"""The master desk: lets the material through, or says which of it has to be swapped."""
RENDER: Final = TaskKind("channels.render", "render", OfJob, queue="cpu", timeout_seconds=4 * 3600)
EXPORT: Final = TaskKind("channels.export", "render", OfJob, queue="io", timeout_seconds=1800)
UPLOAD: Final = TaskKind("channels.upload", "publish", OfJob, queue="io")
"""Writes the publication that a job's upload strategy asks for."""
WATCH_JOBS: Final = TaskKind("channels.watch_jobs", "maintenance", WatchJobs)
