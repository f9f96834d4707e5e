"""The render of a job: its album as a timeline, the file that comes of it, and their record."""

import asyncio
import errno
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import recipes, states
from app.channels.album import (
    description,
    keywords,
    material_problems,
    placed,
    track_title,
    video_title,
)
from app.channels.kinds import RENDER, OfJob
from app.channels.service import materials_of
from documents.base import StoredDocument, touched
from documents.channels import AudioTrack, BackgroundImage, Channel, RenderTask, VideoJob
from documents.library import Media
from documents.values import now
from workers.jobs.channels.materials import of_job
from workers.jobs.channels.small_files import make_poster
from workers.jobs.channels.steps import outcome, step
from workers.jobs.endings import reason
from workers.jobs.intake import take_in
from workers.jobs.segments import segment_cache
from workers.render.formats import FrameFormat
from workers.render.render import render
from workers.render.report import RenderReport
from workers.render.timeline import (
    Bars,
    Chapter,
    Loudness,
    Motion,
    MotionName,
    MusicClip,
    Still,
    Timeline,
    Transition,
)
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome

FPS: Final = 25
PRESET: Final = "veryfast"
CRF: Final = 20
FADE_SECONDS: Final = 1.0
MOVES: Final[tuple[MotionName, ...]] = ("zoom_in", "zoom_out")
FETCHED_AT_ONCE: Final = 4
DISK_FULL: Final = "The disk is full: free some space on the worker, then retry the job."


@step(RENDER)
async def render_job(context: Context, job: VideoJob, parameters: OfJob) -> Outcome:
    """Render the album; segments that are as they were in an earlier render are used again."""
    tracks, images = await materials_of(job.id)
    if problems := material_problems(tracks, images):
        raise GiveUp(" ".join(problems), code="not_complete")
    async with _recorded(job) as record:
        timeline = await _timeline(context, job, tracks, images)
        video = context.folder / "video.mp4"
        tell = context.progress_from_thread("rendering")
        try:
            report = await render(
                timeline,
                video,
                cache=segment_cache(context),
                on_progress=lambda progress: tell(progress.fraction),
            )
        except OSError as exc:
            if exc.errno == errno.ENOSPC:
                raise GiveUp(DISK_FULL, code="disk_full") from exc
            raise
        media = await _taken_in(context, job, tracks, images, video)
    film, *_ = media
    write = partial(_write, job, record, report, media, tracks)
    seconds = report.duration
    return outcome(
        context,
        job,
        media,
        write,
        media_id=film.id,
        seconds=seconds,
        encoded=report.encoded,
        reused=report.reused,
    )


async def _write(
    job: VideoJob,
    record: RenderTask,
    report: RenderReport,
    media: Sequence[Media],
    tracks: Sequence[AudioTrack],
    session: AsyncClientSession,
) -> None:
    """The video, its thumbnail and its description become the job's as one."""
    film, thumbnail, text = media
    channel = await Channel.first_in(True, {"_id": job.channel_id}, session)
    below = description(job, channel.name if channel else "", tracks)
    await RenderTask.advance_one({"_id": record.id}, {"$set": _done(film, report)}, session)
    await states.move(
        job.id,
        "ready_for_export",
        session,
        also={
            "media_id": film.id,
            "local_video_path": film.storage_key,
            "thumbnail_media_id": thumbnail.id,
            "description_media_id": text.id,
            "description": below,
        },
        only=("rendering",),
    )


def _done(film: Media, report: RenderReport) -> dict[str, Any]:
    return {
        "status": "completed",
        "media_id": film.id,
        "local_video_path": film.storage_key,
        "ffmpeg_command": "\n".join(report.commands) or "(every segment was reused)",
        "resolution": report.resolution,
        "duration_seconds": Decimal(f"{report.duration:.2f}"),
        "report": report.shown(),
        "completed_at": now(),
    }


@asynccontextmanager
async def _recorded(job: VideoJob) -> AsyncIterator[RenderTask]:
    """The record of this attempt; where it ends early, the record says how."""
    interrupted = {"video_job_id": job.id, "status": "in_progress"}
    await RenderTask.collection().update_many(interrupted, _ended_by("The worker stopped."))
    record = RenderTask(
        video_job_id=job.id,
        workspace_id=job.workspace_id,
        resolution=job.resolution,
        status="in_progress",
    )
    await record.insert()
    try:
        yield record
    except BaseException as exc:
        cancelled = isinstance(exc, asyncio.CancelledError)
        why = "It was ended before it was done." if cancelled else reason(exc)
        query = {"_id": record.id}
        ended = RenderTask.collection().update_one(query, _ended_by(why))
        await asyncio.shield(asyncio.ensure_future(ended))
        raise


def _ended_by(why: str) -> StoredDocument:
    values = {"status": "failed", "error_message": why[:10_000], "completed_at": now()}
    return touched({"$set": values})


async def _timeline(
    context: Context,
    job: VideoJob,
    tracks: Sequence[AudioTrack],
    images: Sequence[BackgroundImage],
) -> Timeline:
    """The album as the renderer wants it, its files fetched into the task's folder."""
    gate = asyncio.Semaphore(FETCHED_AT_ONCE)

    async def fetched(material: AudioTrack | BackgroundImage) -> Path:
        async with gate:
            return await _fetched(context, material)

    sounds = await asyncio.gather(*(fetched(each) for each in tracks))
    pictures = await asyncio.gather(*(fetched(each) for each in images))
    return album(job, tracks, sounds, pictures)


def album(
    job: VideoJob, tracks: Sequence[AudioTrack], sounds: Sequence[Path], pictures: Sequence[Path]
) -> Timeline:
    """Picture after picture with its track, each blending into the next."""
    width, height = (int(side) for side in job.resolution.split("x"))
    places = placed(job, tracks)
    shots, music, before = [], [], 0.0
    for number, place in enumerate(places):
        shots.append(
            Still(
                image=pictures[number],
                seconds=place.seconds,
                motion=Motion.named(_move(job, number)),
                transition=_transition(before),
            )
        )
        music.append(
            MusicClip(
                path=sounds[number],
                start=place.start,
                seconds=place.seconds + place.blend,
                fade_in=before,
                fade_out=FADE_SECONDS if number == len(places) - 1 else place.blend,
                loop=False,
            )
        )
        before = place.blend
    return Timeline(
        format=FrameFormat(width=width, height=height, fps=FPS, preset=PRESET, crf=CRF),
        shots=tuple(shots),
        music=tuple(music),
        loudness=Loudness(level="clip"),
        chapters=tuple(
            Chapter(start=place.start, title=track_title(track))
            for track, place in zip(tracks, places, strict=True)
        ),
        bars=Bars() if job.visualizer == "bars" else None,
        title=video_title(job),
        fade_in=FADE_SECONDS,
        fade_out=FADE_SECONDS,
    )


def _transition(seconds: float) -> Transition:
    return Transition(kind="crossfade", seconds=seconds) if seconds else Transition()


def _move(job: VideoJob, number: int) -> MotionName:
    return MOVES[number % len(MOVES)] if job.visualizer == "slow_move" else "still"


async def _fetched(context: Context, material: AudioTrack | BackgroundImage) -> Path:
    noun = "track" if isinstance(material, AudioTrack) else "image"
    key, place = material.media_id, material.order_index or 0
    media = None if key is None else await Media.one_in(True, key)
    if media is None:
        raise GiveUp(
            f"The file of {noun} {place} is not in the library any more: swap it.",
            code="subject_gone",
        )
    path = context.folder / f"{noun}-{place:02}{Path(media.filename).suffix}"
    await context.storage.get_file(media.storage_key, path, size=media.filesize)
    return path


async def _taken_in(
    context: Context,
    job: VideoJob,
    tracks: Sequence[AudioTrack],
    images: Sequence[BackgroundImage],
    video: Path,
) -> list[Media]:
    """The video, its thumbnail and the text below it as records of the library, not written yet."""
    title = video_title(job)
    keep = partial(take_in, context, prefix=job.prefix)
    heard, seen = ([each.media_id for each in of if each.media_id] for of in (tracks, images))
    film = await keep(
        video,
        "final_video",
        description=title,
        tags=["album", *keywords(job)],
        inputs=[*heard, *seen],
        recipe=recipes.of_video(job, tracks, images),
    )
    first = await _fetched(context, images[0])
    poster = context.folder / "thumbnail.jpg"
    await make_poster(first, poster)
    thumbnail = await keep(
        poster,
        "thumbnail",
        description=f"Thumbnail of {title}",
        tags=["thumbnail"],
        inputs=seen[:1],
        recipe=recipes.of_thumbnail(images),
    )
    channel = await Channel.one_in(True, job.channel_id)
    text = context.folder / "description.txt"
    below = description(job, channel.name if channel else "", tracks)
    await asyncio.to_thread(text.write_text, below, encoding="utf-8")
    words = await keep(
        text,
        "other",
        description=f"Description of {title}",
        tags=["description"],
        inputs=heard,
        recipe=recipes.of_description(job, channel.name if channel else "", tracks),
    )
    return [of_job(each, job) for each in (film, thumbnail, words)]
