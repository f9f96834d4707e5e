"""Music: the twenty tracks of a job, each composed, listened to and licensed."""

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import recipes, states
from app.channels.album import length_problem, track_title
from app.channels.kinds import FINISH_MUSIC, MAKE_TRACK, OfJob, OfMaterial
from documents.base import Subject
from documents.channels import AudioTrack, VideoJob
from documents.library import Media
from documents.production import TaskOutput
from workers.jobs.channels.licences import licence_of
from workers.jobs.channels.listening import Heard, listen
from workers.jobs.channels.materials import (
    complete,
    copy_for,
    from_library,
    note_failure,
    of_job,
    take_up,
)
from workers.jobs.channels.small_files import to_flac
from workers.jobs.channels.steps import guarded, outcome, step
from workers.jobs.films.subjects import seed_for
from workers.jobs.intake import take_in
from workers.providers.base import FileResult
from workers.providers.music import MusicRequest
from workers.providers.outside import composer
from workers.render.errors import Unreadable
from workers.runtime import calls
from workers.runtime.calls import Call
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome

FLAC: Final = "audio/flac"
LONGEST_SECONDS: Final = 9_999


@dataclass(frozen=True, slots=True)
class Track:
    """A track's file, its record, and what was heard."""

    path: Path
    media: Media
    heard: Heard
    provider_track_id: str | None = None


@step(MAKE_TRACK)
async def make_track(context: Context, job: VideoJob, parameters: OfMaterial) -> Outcome:
    """Have one track made, or take it from the library, and listen to it."""
    track = await take_up(AudioTrack, parameters)
    if track is None:
        return Outcome(TaskOutput(result={"skipped": "it is there, or another take is wanted"}))
    work = _made(context, job, track, parameters)
    made = await guarded(work, lambda exc: note_failure(context, track, exc))
    seconds = Decimal(f"{min(made.heard.seconds, LONGEST_SECONDS):.2f}")
    check = made.heard.check
    if problem := length_problem(track, made.heard.seconds, recipes.wanted_seconds(job, track)):
        check.problems.append(problem)
    licence = await licence_of(context, job, track, made.media)
    values = {
        "duration_seconds": seconds,
        "provider_track_id": made.provider_track_id,
        "license_media_id": licence.id,
        "license_document_url": licence.url,
        "check": check.model_dump(),
        "sound_print": made.heard.sound_print,
    }

    async def write(session: AsyncClientSession) -> None:
        await complete(track, made.media, values, session)

    media = [made.media, licence]
    return outcome(context, job, media, write, media_id=made.media.id, seconds=float(seconds))


@step(FINISH_MUSIC)
async def finish_music(context: Context, job: VideoJob, parameters: OfJob) -> Outcome:
    """All tracks are there: on to the images."""

    async def write(session: AsyncClientSession) -> None:
        await states.move(job.id, "generating_image", session, only=("generating_music",))

    return outcome(context, job, [], write)


async def _made(
    context: Context, job: VideoJob, track: AudioTrack, parameters: OfMaterial
) -> Track:
    path = context.folder / f"track-{track.order_index:02}.flac"
    if parameters.media_id is not None:
        found = await from_library(context, parameters.media_id, path)
        return Track(path, await copy_for(context, found, job), await _heard(path))
    seed = seed_for(job.seed, f"{job.id}/track/{track.order_index}/{track.take}")
    request = MusicRequest(
        prompt=track.prompt_text,
        mood="",
        seconds=recipes.wanted_seconds(job, track),
        tempo=track.tempo,
        seed=seed,
    )
    provider = composer(track.provider, context.providers.music, context.resources.settings)

    async def compose(into: Path) -> FileResult:
        raw = into.with_suffix(".raw")
        result = await provider.compose(request, raw)
        if result.media_type == FLAC:
            await asyncio.to_thread(raw.replace, into)
        else:
            await to_flac(raw, into)
            await asyncio.to_thread(raw.unlink)
        return result.model_copy(update={"path": into, "media_type": FLAC})

    call = Call(
        provider,
        request,
        category="audio_generation",
        feature="channels",
        stage="music",
        prompt=track.prompt_text,
        subject=Subject(collection=VideoJob.collection_name(), id=job.id),
        take=track.take,
        prefix=job.prefix,
    )
    made = await calls.make_file(context, call, compose, path, FileResult)
    heard = await _heard(made.result.path)
    media = await take_in(
        context,
        made.result.path,
        "music_track",
        description=f"{track_title(track)}: {track.prompt_text}",
        tags=["music", job.niche_label],
        made=made,
        seed=seed,
        take=track.take,
        recipe=recipes.of_track(job, track),
        prefix=job.prefix,
    )
    return Track(path, of_job(media, job), heard, made.result.usage.provider_job_id)


async def _heard(path: Path) -> Heard:
    try:
        return await listen(path)
    except Unreadable as exc:
        raise GiveUp(str(exc), code="unreadable_file") from exc
