"""Joining finished films of one format, each with its lossless sound."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from workers import temporary
from workers.render.build import Build
from workers.render.cache import NoCache, SegmentCache
from workers.render.encoders import best_encoder
from workers.render.errors import RenderError
from workers.render.ffmpeg import partial_file
from workers.render.film_plan import plan_film
from workers.render.formats import FrameFormat
from workers.render.hashes import hashes_of
from workers.render.jobs import JoinFacts, JoinJob, ShapeFacts, ShapeJob, ShownSegment
from workers.render.pool import rendering_processes
from workers.render.progress import JOIN, Progress, Tell

__all__ = ["Joined", "Segment", "join"]


class Segment(NamedTuple):
    """A finished film and its lossless sound, which is as long."""

    video: Path
    audio: Path

    def absolute(self) -> "Segment":
        """The same, wherever a process runs."""
        return Segment(self.video.absolute(), self.audio.absolute())


class Joined(NamedTuple):
    """How many pieces of sound were encoded for a film, and how many were there already."""

    encoded: int
    reused: int


async def join(
    segments: Sequence[Segment],
    output: Path,
    *,
    title: str = "",
    cache: SegmentCache | None = None,
    on_progress: Tell | None = None,
) -> Joined:
    """Join segments of one format: pictures are copied, the sound is encoded by the segment.

    Encoded sound can't be copied: every piece of AAC begins with priming, which is heard as a
    hole. So each segment's lossless sound is encoded with the ends of its neighbours, and kept:
    joined anew, only what changed is encoded again.

    Args:
        segments: what to join, in their order.
        output: the file to write; it appears whole or not at all.
        title: of the film, in its file.
        cache: where encoded sound is looked up and kept; without one nothing is kept.
        on_progress: told how far it has come.

    Raises:
        RenderError: there is nothing to join, a segment can't be read, or formats differ.
    """
    if not segments:
        raise RenderError("There are no segments to join; render at least one scene first.")
    segments = [segment.absolute() for segment in segments]
    progress = Progress(on_progress)
    encoder = await asyncio.to_thread(best_encoder)
    hashes = await hashes_of(segment.audio for segment in segments)
    with temporary.folder("join") as folder:
        async with partial_file(output) as partial, rendering_processes(folder) as pool:
            files = {hashes[str(each.audio)]: each.audio for each in segments}
            build = Build(folder, pool, cache or NoCache(), encoder, progress, files)
            sources = [hashes[str(segment.audio)] for segment in segments]
            try:
                await _make(build, segments, sources, title, partial.absolute())
            finally:
                await build.close()
    progress.finish()
    return Joined(build.encoded, build.reused)


async def _make(
    build: Build, segments: Sequence[Segment], sources: Sequence[str], title: str, out: Path
) -> None:
    """Encode the sound that is new, and write the film. Raises RenderError."""
    films = [segment.video for segment in segments]
    looking = ShapeJob(facts=build.folder / "shape.json", films=films)
    shape = await build.pool.run(looking, ShapeFacts)
    format = FrameFormat(width=shape.width, height=shape.height, fps=shape.fps)
    ends = await build.ends(sources)
    for segment, source, frames in zip(segments, sources, shape.frames, strict=True):
        if ends[source].length != frames * format.samples_per_frame:
            raise RenderError(
                f"{segment.audio.name} is not as long as its picture; render the scene again."
            )
    pieces = plan_film([(source, ends[source]) for source in sources])
    made = await asyncio.gather(*(build.sound(piece, 0.0) for piece in pieces))
    job = JoinJob(
        facts=build.folder / "join.json",
        format=format,
        pictures=[
            ShownSegment(path=film, frames=frames)
            for film, frames in zip(films, shape.frames, strict=True)
        ],
        sounds=[path for path, _ in made],
        samples=sum(ends[source].length for source in sources),
        title=title,
        chapters=[],
        output=out,
    )
    await build.pool.run(job, JoinFacts)
    build.progress.reach("join", JOIN, "joining")
