"""The built-in publisher: a folder with all that a person needs to upload the post by hand."""

import asyncio
import errno
import shutil
from pathlib import Path

import orjson

from app.settings import Settings
from documents.channels import AudioTrack, VideoJob
from documents.library import Media
from documents.publishing import Publication, slug_of
from documents.values import Id
from workers.publishers.base import Posted, PublishError
from workers.runtime.context import Context

LONGEST_NAME = 80


class ExportPublisher:
    """Writes the video, its thumbnail, its texts and its licences into a folder of its own.

    The folder appears under its name when it is whole, or not at all.
    """

    async def find(self, context: Context, publication: Publication) -> Posted | None:
        """The folder, if it is there."""
        folder = folder_of(context.resources.settings, publication)
        there = await asyncio.to_thread(folder.is_dir)
        return Posted(folder.name) if there else None

    async def post(self, context: Context, publication: Publication) -> Posted:
        """Fill the folder. Raises PublishError; what was begun is removed."""
        folder = folder_of(context.resources.settings, publication)
        partial = folder.with_name(f".{folder.name}.part")
        try:
            await asyncio.to_thread(_emptied, partial)
            await self._fill(context, publication, partial)
            await asyncio.to_thread(partial.rename, folder)
        except OSError as exc:
            raise _said(exc, folder) from exc
        finally:
            await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
        return Posted(folder.name)

    async def _fill(self, context: Context, publication: Publication, folder: Path) -> None:
        await _fetch(context, publication.media_id, folder, "video", "video")
        text = publication.caption
        if publication.video_job_id is not None:
            job = await VideoJob.one_in(True, publication.video_job_id)
            if job is not None:
                text = job.description or text
                await _fetch(context, job.thumbnail_media_id, folder, "thumbnail", "thumbnail")
                await _licences(context, job, folder)
        await asyncio.to_thread((folder / "description.txt").write_text, text, encoding="utf-8")
        facts = orjson.dumps(_facts(publication), option=orjson.OPT_INDENT_2)
        await asyncio.to_thread((folder / "post.json").write_bytes, facts)


def folder_of(settings: Settings, publication: Publication) -> Path:
    """Where the publication is exported to: workspace, then the title with the record's id."""
    root = settings.exports or settings.data / "exports"
    name = f"{slug_of(publication.title or 'post')[:LONGEST_NAME]}-{publication.id}"
    return root / str(publication.workspace_id) / name


async def _licences(context: Context, job: VideoJob, folder: Path) -> None:
    tracks = await AudioTrack.all_in(True, {"video_job_id": job.id}, sort=[("order_index", 1)])
    kept = folder / "licences"
    await asyncio.to_thread(kept.mkdir)
    for track in tracks:
        if track.license_media_id is not None:
            name = f"track-{track.order_index:02}"
            await _fetch(context, track.license_media_id, kept, name, "licence")


async def _fetch(context: Context, key: Id | None, folder: Path, name: str, noun: str) -> None:
    media = None if key is None else await Media.one_in(True, key)
    if media is None:
        raise PublishError(
            f"The {noun} is not in the library any more.", code="file_gone", permanent=True
        )
    path = folder / f"{name}{Path(media.filename).suffix}"
    await context.storage.get_file(media.storage_key, path, size=media.filesize)


def _facts(publication: Publication) -> dict[str, object]:
    """What a person, or a program of his, fills in when he uploads it."""
    at = publication.scheduled_at
    return {
        "publication_id": str(publication.id),
        "platform": publication.platform,
        "title": publication.title,
        "hashtags": publication.hashtags,
        "publish_at": at.isoformat() if at else None,
    }


def _emptied(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _said(exc: OSError, folder: Path) -> PublishError:
    if exc.errno == errno.ENOSPC:
        sentence = "The disk of the export folder is full: free some space, then publish again."
        return PublishError(sentence, code="disk_full", permanent=True)
    sentence = f"The export folder cannot be written ({exc.strerror}): set BACKLOT_EXPORTS."
    return PublishError(sentence, code="folder", permanent=True)
