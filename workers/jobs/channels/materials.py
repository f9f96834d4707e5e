"""What tracks and images have in common: taken up once, from a provider or from the library."""

from pathlib import Path
from typing import Any, TypeVar

from app.channels.kinds import OfMaterial
from app.library.urls import content_url
from documents.base import Session
from documents.channels import AudioTrack, BackgroundImage, VideoJob
from documents.library import GenerationMetadata, Media
from documents.values import Id
from workers.jobs.endings import is_final, reason
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp

M = TypeVar("M", AudioTrack, BackgroundImage)


async def take_up(model: type[M], parameters: OfMaterial) -> M | None:
    """The material, now being made; None where it is there already, or another take is wanted."""
    query = {
        "video_job_id": parameters.job_id,
        "order_index": parameters.order_index,
        "take": parameters.take,
        "status": {"$ne": "completed"},
    }
    values = {"status": "generating", "error_message": None}
    return await model.advance_one(query, {"$set": values})


async def note_failure(context: Context, material: M, exc: Exception) -> None:
    """Say at the material why it could not be made, where no further try follows."""
    if is_final(context.task, exc):
        values = {"status": "failed", "error_message": reason(exc)[:10_000]}
        query = {"_id": material.id, "take": material.take, "status": "generating"}
        await type(material).advance_one(query, {"$set": values})


async def complete(material: M, media: Media, values: dict[str, Any], session: Session) -> None:
    """The material has its file."""
    found = {
        "status": "completed",
        "media_id": media.id,
        "local_file_path": media.storage_key,
        **values,
    }
    query = {"_id": material.id, "take": material.take}
    await type(material).advance_one(query, {"$set": found}, session)


async def from_library(context: Context, key: Id, into: Path) -> Media:
    """Fetch a file of the workspace's library. Raises GiveUp where it is gone."""
    media = await Media.first_in({"workspace_id": context.workspace_id}, {"_id": key})
    if media is None:
        raise GiveUp("The file of the library is not there any more.", code="subject_gone")
    await context.storage.get_file(media.storage_key, into, size=media.filesize)
    return media


def of_job(media: Media, job: VideoJob) -> Media:
    """The record as the job's own: it goes when the job goes."""
    own: Media = media.model_copy(update={"video_job_id": job.id})
    return own


async def copy_for(context: Context, media: Media, job: VideoJob) -> Media:
    """A record of the job's own, and an object of its own, for a file of the library."""
    stored = await context.storage.adopt(
        media.storage_key, prefix=job.prefix, sha256=media.sha256, content_type=media.mime_type
    )
    identity = Id()
    made = media.generation_metadata or GenerationMetadata()
    origin = {"input_ids": [media.id], "take": None, "recipe": None}
    copy: Media = Media.model_validate(
        {
            **media.stored(),
            "_id": identity,
            "url": content_url(identity),
            "storage_key": stored.key,
            "thumbnail_url": None,
            "thumbnail_key": None,
            "derivatives": [],
            "video_job_id": job.id,
            "project_id": None,
            "episode_id": None,
            "scene_id": None,
            "character_id": None,
            "imported_from": [],
            "generation_metadata": made.model_copy(update=origin).model_dump(),
        }
    )
    return copy
