"""Joining encoded segments and pieces to a film, and looking at what came out."""

from pathlib import Path

import av
import numpy as np

from workers.render.adts import packets
from workers.render.errors import RenderError, Unreadable
from workers.render.jobs import JoinFacts, JoinJob, ShapeFacts, ShapeJob, ShownSegment
from workers.render.mp4 import Numbers, PictureTrack, SoundTrack, Stretch, write_mp4
from workers.render.sources import CONTAINER_OPTIONS


def join(job: JoinJob) -> JoinFacts:
    """Write the film. Raises RenderError."""
    picture = _picture_track(job)
    sound = None
    if job.sounds:
        sound = SoundTrack([_sound_stretch(path) for path in job.sounds], job.samples)
    write_mp4(job.output, picture, sound, title=job.title, chapters=job.chapters)
    return _looked_at(job)


def shape(job: ShapeJob) -> ShapeFacts:
    """Read the headers of films. Raises Unreadable where they can't be joined by stream copy."""
    shapes = [_shape(path) for path in job.films]
    for path, each in zip(job.films, shapes, strict=True):
        if each[1:] != shapes[0][1:]:
            raise Unreadable(
                f"{path.name} has another size, frame rate or encoding than the films before it; "
                "render it again with the same format."
            )
    _, fps, width, height, _ = shapes[0]
    return ShapeFacts(width=width, height=height, fps=fps, frames=[each[0] for each in shapes])


def _shape(path: Path) -> tuple[int, int, int, int, bytes | None]:
    """Frames, frames a second, width, height, and the encoder's headers."""
    try:
        with av.open(str(path.absolute()), options=CONTAINER_OPTIONS) as container:
            if not container.streams.video:
                raise Unreadable(f"{path.name} has no picture.")
            stream = container.streams.video[0]
            rate, context = stream.average_rate, stream.codec_context
            if rate is None or rate.denominator != 1 or not stream.frames:
                raise Unreadable(f"{path.name} does not tell how long it lasts.")
            size = context.width, context.height
            return stream.frames, rate.numerator, *size, context.extradata
    except (av.FFmpegError, OSError, ValueError) as error:
        raise Unreadable(f"{path.name} can't be read: {error}") from None


def _picture_track(job: JoinJob) -> PictureTrack:
    known = {each.path: _Segment(each) for each in job.pictures}
    headers = {segment.header for segment in known.values()}
    if len(headers) != 1:
        raise RenderError(
            "Segments were encoded with different settings; empty the segment cache, render again."
        )
    stretches: list[Stretch] = []
    keys: list[Numbers] = []
    position = 0
    for shown in job.pictures:
        segment, left = known[shown.path], shown.frames
        while left:
            count = min(left, segment.frames)
            stretches += segment.first(count)
            keys.append(segment.keys[segment.keys < count] + position)
            position += count
            left -= count
    return PictureTrack(job.format, headers.pop(), stretches, np.concatenate(keys))


class _Segment:
    """The packets of an encoded segment."""

    def __init__(self, shown: ShownSegment) -> None:
        """Raises RenderError."""
        try:
            with av.open(str(shown.path)) as container:
                stream = container.streams.video[0]
                self.header = bytes(stream.codec_context.extradata or b"")
                found = [p for p in container.demux(stream) if p.size and p.pos is not None]
        except (av.FFmpegError, OSError) as error:
            raise RenderError(
                f"An encoded segment can't be read again: {error}; render again."
            ) from None
        if not found:
            raise RenderError("An encoded segment is damaged; empty the segment cache.")
        self.frames = len(found)
        self.keys: Numbers = np.flatnonzero([packet.is_keyframe for packet in found])
        self._path = shown.path
        self._sizes: Numbers = np.array([packet.size for packet in found], dtype=np.int64)
        self._places: Numbers = np.array([packet.pos for packet in found], dtype=np.int64)

    def first(self, count: int) -> list[Stretch]:
        """Where the first packets lie; in a finished film, its sound lies between them."""
        sizes, places = self._sizes[:count], self._places[:count]
        leaps = np.flatnonzero(places[1:] != places[:-1] + sizes[:-1]) + 1
        begins = places[np.concatenate([[0], leaps])]
        return [
            Stretch(self._path, int(begin), part)
            for begin, part in zip(begins, np.split(sizes, leaps), strict=True)
        ]


def _sound_stretch(path: Path) -> Stretch:
    """The packets of a piece without their envelopes, one behind the other in a file."""
    stream = path.read_bytes()
    try:
        found = list(packets(stream))
    except ValueError as error:
        raise RenderError(f"A piece of sound is damaged: {error}; empty the cache.") from None
    bare = path.with_suffix(".packets")
    bare.write_bytes(b"".join(stream[start:stop] for start, stop in found))
    sizes = np.array([stop - start for start, stop in found], dtype=np.int64)
    return Stretch(bare, 0, sizes)


def _looked_at(job: JoinJob) -> JoinFacts:
    """What the streams of the film itself say. Raises RenderError."""
    try:
        with av.open(str(job.output)) as container:
            video = container.streams.video[0]
            audio = next(iter(container.streams.audio), None)
            context = video.codec_context
            sound_start = _first_heard(container) if audio is not None else 0.0
            return JoinFacts(
                size_bytes=job.output.stat().st_size,
                duration=float((video.duration or 0) * (video.time_base or 0)),
                frames=video.frames,
                sound_seconds=float((audio.duration or 0) * (audio.time_base or 0))
                if audio is not None
                else None,
                offset_seconds=sound_start
                - float((video.start_time or 0) * (video.time_base or 0)),
                tags={
                    "primaries": str(context.color_primaries),
                    "transfer": str(context.color_trc),
                    "matrix": str(context.colorspace),
                },
            )
    except (av.FFmpegError, OSError) as error:
        raise RenderError(f"The joined film can't be read again: {error}; render again.") from None


def _first_heard(container: "av.container.InputContainer") -> float:
    """When the first samples are heard, in seconds."""
    for frame in container.decode(audio=0):
        return float(frame.time or 0.0)
    return 0.0
