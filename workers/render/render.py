"""Rendering as a build: a timeline to a film, its segments encoded once and used again."""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic

from workers import temporary
from workers.render import check
from workers.render.build import Build
from workers.render.cache import NoCache, SegmentCache
from workers.render.encoders import best_encoder
from workers.render.errors import RenderError
from workers.render.ffmpeg import partial_file
from workers.render.formats import FrameFormat
from workers.render.hashes import hashes_of
from workers.render.jobs import JoinFacts, JoinJob, PictureFacts, ShownSegment, SoundFacts
from workers.render.picture_plan import PicturePlan, PictureSegment, plan_pictures
from workers.render.pool import rendering_processes
from workers.render.progress import JOIN, Progress, Tell, sound_cost
from workers.render.report import RenderReport
from workers.render.shots import Clip, Motion, Still
from workers.render.sound_plan import MixPlan, SoundPiece, pieces_of, plan_sound
from workers.render.sounds import MusicClip, VoiceClip
from workers.render.timeline import Timeline

__all__ = ["pan", "render"]


async def render(
    timeline: Timeline,
    out: Path,
    *,
    cache: SegmentCache | None = None,
    on_progress: Tell | None = None,
    sound: Path | None = None,
) -> RenderReport:
    """Render a timeline to an MP4 (H.264 and AAC, fast start), encoding only what is new.

    Args:
        timeline: what is seen and heard.
        out: the file to write; it appears whole or not at all.
        cache: where encoded segments are looked up and kept; without one nothing is kept.
        on_progress: told how far the render has come, and how long it will probably take.
        sound: where to write the lossless sound (FLAC) too, which `join` needs.

    Raises:
        RenderError: an input can't be used, or a tool failed; what was encoded stays in the cache.
    """
    started = monotonic()
    progress = Progress(on_progress)
    encoder = await asyncio.to_thread(best_encoder)
    hashes = await hashes_of(_files(timeline))
    with temporary.folder("render") as folder:
        async with partial_file(out) as partial, rendering_processes(folder) as pool:
            files = {found: Path(path) for path, found in hashes.items()}
            build = Build(folder, pool, cache or NoCache(), encoder, progress, files)
            try:
                made = await _make(build, timeline, hashes, partial.absolute(), sound)
            finally:
                await build.close()
    progress.finish()
    peaks = [facts.peak for _, facts in made.pieces]
    return RenderReport(
        duration=timeline.duration,
        frames=timeline.frames,
        resolution=timeline.format.resolution,
        fps=timeline.format.fps,
        size_bytes=made.joined.size_bytes,
        encoder=encoder.name,
        encoder_reason=encoder.reason,
        encoded=build.encoded,
        reused=build.reused,
        commands=check.commands(made),
        seconds=round(monotonic() - started, 3),
        loudness_lufs=check.loudness(made.pieces),
        peak_db=check.decibels(max(peaks)) if peaks else None,
        findings=check.findings(made),
    )


async def pan(
    image: Path,
    seconds: float,
    format: FrameFormat,
    output: Path,
    motion: Motion | None = None,
) -> RenderReport:
    """Make a clip without sound that moves slowly over a still; by default it draws near.

    Raises:
        RenderError: the picture can't be used, or a tool failed.
    """
    shot = Still(image=image, seconds=seconds, motion=motion or Motion.named("zoom_in"))
    return await render(Timeline(format=format, shots=(shot,), loudness=None), output)


def _files(timeline: Timeline) -> list[Path]:
    """All files that a timeline names."""
    sounds: list[VoiceClip | MusicClip] = [*timeline.voices, *timeline.music, *timeline.effects]
    logo = [timeline.logo.image] if timeline.logo is not None else []
    shots = [shot.video if isinstance(shot, Clip) else shot.image for shot in timeline.shots]
    return [*shots, *logo, *(sound.path for sound in sounds)]


async def _make(
    build: Build,
    timeline: Timeline,
    hashes: Mapping[str, str],
    out: Path,
    lossless: Path | None,
) -> check.Made:
    """Make all parts side by side, and join them. Raises RenderError."""
    build.lay_out_fonts(
        [
            *(caption.text for caption in timeline.captions),
            *(text.text for text in timeline.texts),
        ]
    )
    build.progress.plan(sound_cost(timeline))
    mix = await _mix(build, timeline, hashes) if timeline.bars is not None else None
    segments = plan_pictures(timeline, hashes, mix)
    try:
        async with asyncio.TaskGroup() as group:
            heard = group.create_task(_sound(build, timeline, hashes, lossless, mix))
            seen = group.create_task(_pictures(build, segments))
    except* RenderError as errors:
        raise _first(errors) from None
    pictures, (mixed, pieces) = seen.result(), heard.result()
    job = JoinJob(
        facts=build.folder / "join.json",
        format=timeline.format,
        pictures=[
            ShownSegment(path=path, frames=segment.frames)
            for segment, (path, _) in zip(segments, pictures, strict=True)
        ],
        sounds=[path for _, path, _ in pieces],
        samples=timeline.samples,
        title=timeline.title,
        chapters=list(timeline.chapters),
        output=out,
    )
    joined = await build.pool.run(job, JoinFacts)
    build.progress.reach("join", JOIN, "joining")
    return check.Made(
        timeline=timeline,
        segments=[(each, facts) for each, (_, facts) in zip(segments, pictures, strict=True)],
        mix=mixed,
        pieces=[(start, facts) for start, _, facts in pieces],
        joined=joined,
    )


def _first(errors: BaseExceptionGroup[RenderError]) -> RenderError:
    """One of the errors that came together: what went wrong first tells most."""
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


async def _pictures(
    build: Build, segments: Sequence[PictureSegment]
) -> list[tuple[Path, PictureFacts]]:
    """Every segment's file and facts; equal ones are made once."""
    made: dict[PicturePlan, asyncio.Task[tuple[Path, PictureFacts]]] = {}
    async with asyncio.TaskGroup() as group:
        for segment in segments:
            if segment.plan not in made:
                made[segment.plan] = group.create_task(build.picture(segment.plan))
    return [made[segment.plan].result() for segment in segments]


async def _mix(build: Build, timeline: Timeline, hashes: Mapping[str, str]) -> MixPlan:
    """All sounds of the timeline, each that asks for it at its own loudness."""
    clips = [shot.video for shot in timeline.shots if isinstance(shot, Clip) and shot.audible]
    voices: list[VoiceClip] = [*timeline.voices, *timeline.effects]
    named = [*(each.path for each in voices), *clips]
    lengths = await build.lengths(hashes[str(path)] for path in named)
    return await build.levelled(plan_sound(timeline, hashes, lengths))


async def _sound(
    build: Build,
    timeline: Timeline,
    hashes: Mapping[str, str],
    lossless: Path | None,
    mix: MixPlan | None,
) -> tuple[MixPlan, list[tuple[int, Path, SoundFacts]]]:
    """The mix, if it is not known yet, and where each piece begins, its file and facts."""
    mix = mix or await _mix(build, timeline, hashes)
    gain, wanted = 0.0, timeline.loudness
    pieces = pieces_of(mix, timeline.samples) if timeline.audible else []
    if wanted is not None and wanted.level == "whole" and pieces:
        gain = await build.overall_gain(pieces, wanted.target_lufs)
    if lossless is not None:
        async with partial_file(lossless) as partial:
            await build.lossless(mix, timeline.samples, gain, partial.absolute())
    made: dict[SoundPiece, asyncio.Task[tuple[Path, SoundFacts]]] = {}
    async with asyncio.TaskGroup() as group:
        for piece in pieces:
            if piece not in made:
                made[piece] = group.create_task(build.sound(piece, gain))
    starts = itertools.accumulate((piece.samples for piece in pieces), initial=0)
    return mix, [
        (start, *made[piece].result()) for start, piece in zip(starts, pieces, strict=False)
    ]
