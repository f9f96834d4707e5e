"""The demo channel: its first video, of twenty tracks and twenty pictures, ready to upload."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.markup import escape
from rich.table import Table

from app.channels import queries, service
from app.channels.album import clock, placed, track_title
from app.core.deletion import delete
from documents.base import StoredDocument
from documents.channels import AudioTrack, BackgroundImage, Channel, RenderTask, VideoJob
from documents.production import Pipeline
from documents.publishing import Publication
from scripts.demo.studio import POLL_SECONDS, Studio, Unfinished, cost_of, made_by
from scripts.demo.telling import tell

MARK: Final = " (demo)"
"""At the end of a channel's name it tells the demo's channels from those of people."""
OPEN: Final = ("intended", "posting", "processing")


@dataclass(frozen=True, slots=True)
class AlbumOrder:
    """What video is asked for."""

    niche: str
    moods: str
    minutes: int
    seed: int


@dataclass(frozen=True, slots=True)
class Album:
    """What was made."""

    channel: StoredDocument
    """With its numbers of jobs."""
    job: VideoJob
    tracks: Sequence[AudioTrack]
    images: Sequence[BackgroundImage]
    render: RenderTask
    publication: Publication
    cost: Decimal
    path: Path


def make_album(order: AlbumOrder) -> None:
    """Make a channel with a video and print what it is. Raises what `made_by` raises."""
    started = time.monotonic()
    album = made_by(lambda studio: _make(studio, order))
    seconds = time.monotonic() - started
    tell(album.path, facts_of(album, seconds), tables_of(album, seconds))


async def _make(studio: Studio, order: AlbumOrder) -> Album:
    if studio.stack is not None:
        await _clear_up(studio)
    account = studio.account
    channel = Channel(
        workspace_id=account.workspace.id,
        created_by=account.user.id,
        name=order.niche[: 255 - len(MARK)] + MARK,
        brand_niche=order.niche,
    )
    job = VideoJob(
        channel_id=channel.id,
        workspace_id=channel.workspace_id,
        niche_label=order.niche,
        mood_keywords=order.moods,
        target_duration_minutes=order.minutes,
        seed=order.seed,
        upload_strategy="immediate",
    )
    steps, undo = {"subject.id": job.id}, partial(_forget, studio, channel, job)
    async with studio.undone_when_stopped(steps, undo):
        await channel.insert()
        await job.insert()
        begun = await studio.store.in_transaction(
            lambda session: service.generate(job, account.user.id, session)
        )
        assert begun.pipeline_id is not None  # it has just begun
        await studio.wakeups.wake()
        await studio.finished(begun.pipeline_id, "Making the album", "video")
        publication = await _published(job)
        return await album_of(studio, job, publication)


async def _clear_up(studio: Studio) -> None:
    """Delete what a killed run was making; a video that failed stays, it can be tried again."""
    mine = {
        "workspace_id": studio.account.workspace.id,
        "name": {"$regex": f"{re.escape(MARK)}$"},
    }
    for channel in await Channel.all_in(True, mine):
        jobs = await VideoJob.all_in(True, {"channel_id": channel.id})
        if {job.status for job in jobs}.isdisjoint(("completed", "failed")):
            for job in jobs:
                await studio.stopped({"subject.id": job.id})
                await _forget_work(studio, job)
            await delete(studio.store, Channel, channel.id)
    await studio.removed()


async def _forget(studio: Studio, channel: Channel, job: VideoJob) -> None:
    await _forget_work(studio, job)
    await delete(studio.store, Channel, channel.id)


async def _forget_work(studio: Studio, job: VideoJob) -> None:
    """Delete the job's tasks, and its publication: as long as that is open it holds the video."""
    for publication in await Publication.all_in(True, {"video_job_id": job.id}):
        await studio.stopped({"subject.id": publication.id})
        await delete(studio.store, Publication, publication.id)
    for pipeline in await Pipeline.all_in(True, {"subject.id": job.id}):
        await delete(studio.store, Pipeline, pipeline.id)


async def _published(job: VideoJob) -> Publication:
    """The publication, once it is out. Raises Unfinished."""
    while True:
        publication = await Publication.first_in(True, {"video_job_id": job.id})
        if publication is None:
            raise Unfinished("the video was deleted while it was made")
        if publication.status == "published":
            return publication
        if publication.status not in OPEN:
            why = publication.error.message if publication.error else publication.status
            raise Unfinished(f"the video is made, but could not be exported: {why}")
        await asyncio.sleep(POLL_SECONDS)


async def album_of(studio: Studio, job: VideoJob, publication: Publication) -> Album:
    """All that is known of the job's video. Raises Unfinished where something is gone."""
    from workers.publishers.export import folder_of

    current = await VideoJob.one_in(True, job.id)
    counted = await queries.channels_with_counts(
        Channel.collection(), True, {"_id": job.channel_id}
    )
    newest = {"video_job_id": job.id, "status": "completed"}
    renders = await RenderTask.all_in(True, newest, sort=[("_id", -1)], limit=1)
    if current is None or not counted or not renders:
        raise Unfinished("the video was deleted while it was made")
    tracks, images = await service.materials_of(job.id)
    folder = folder_of(studio.settings, publication)
    return Album(
        channel=counted[0],
        job=current,
        tracks=tracks,
        images=images,
        render=renders[0],
        publication=publication,
        cost=await cost_of({"subject.id": job.id}),
        path=(folder / "video.mp4").resolve(),
    )


def facts_of(album: Album, wall_seconds: float) -> dict[str, Any]:
    """What `demo.json` says."""
    report = album.render.report
    return {
        "channel_id": str(album.channel["_id"]),
        "job_id": str(album.job.id),
        "publication_id": str(album.publication.id),
        "tracks": len(album.tracks),
        "images": len(album.images),
        "film_seconds": float(album.render.duration_seconds or 0),
        "wall_seconds": round(wall_seconds, 1),
        "cost": str(album.cost),
        "render": {name: report.get(name) for name in ("seconds", "encoded", "size_bytes", "ok")},
        "chapters": [
            {"start": place.start, "title": track_title(track)}
            for place, track in zip(placed(album.job, album.tracks), album.tracks, strict=True)
        ],
    }


def tables_of(album: Album, wall_seconds: float) -> list[Table]:
    """What is printed."""
    channel, job, report = album.channel, album.job, album.render.report
    name = escape(channel["name"])
    made = Table("what", "made", title=name, title_justify="left")
    jobs = f"{channel['completed_jobs']} of {channel['total_jobs']} jobs completed"
    made.add_row("channel", f"{name}: {jobs}")
    made.add_row("video", escape(f"{album.publication.title} ({job.status})"))
    made.add_row("tracks, images", f"{len(album.tracks)}, {len(album.images)}")
    made.add_row("size", f"{album.render.resolution}, {_mebibytes(report)}")
    made.add_row("rendered in", f"{report.get('seconds', 0):.1f} s")
    made.add_row("lasts", clock(float(album.render.duration_seconds or 0)))
    made.add_row("made in", f"{wall_seconds:.1f} s")
    made.add_row("cost", f"{album.cost} USD")
    made.add_row("exported to", escape(album.path.parent.name))
    heard = Table("at", "track", "loudness", title="Master desk", title_justify="left")
    for place, track in zip(placed(job, album.tracks), album.tracks, strict=True):
        loud = track.check.loudness_lufs if track.check else None
        said = "silent" if loud is None else f"{loud:.1f} LUFS"
        heard.add_row(clock(place.start), escape(track_title(track)), said)
    return [made, heard]


def _mebibytes(report: dict[str, Any]) -> str:
    return f"{report.get('size_bytes', 0) / 1024**2:.0f} MiB"
