"""Drawing, encoding and checking one segment."""

import fcntl
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from workers.render.burned_captions import to_ass
from workers.render.encoders import BT709
from workers.render.encoding import encode
from workers.render.errors import RenderError
from workers.render.ffmpeg import guarded_input
from workers.render.jobs import PictureFacts, PictureJob, Span
from workers.render.painter import StillShelf, frames
from workers.render.pcm import Pcm, PcmReader
from workers.render.picture_plan import PicturePlan

_BLACK_LUMA = 28
_BLACK_SHARE = 0.98
_SAME = 0.35
"""Mean difference of luma under which frames half a second apart are taken for the same."""
_LOOK_AT_STILL = 12
_STEP = 4
"""Every so many pixels are looked at, of large frames half as many."""
_MOST_AHEAD = 4


def make_picture(job: PictureJob, shelf: StillShelf, told: Callable[[int], None]) -> PictureFacts:
    """Draw, encode and check a segment. Raises RenderError, Unreadable."""
    plan, folder = job.plan, job.output.parent
    filters = _filters(plan, job.output.with_suffix(".ass"))
    arguments = guarded_input(
        "pipe:0",
        *("-f", "rawvideo", "-pixel_format", "yuv420p"),
        *("-video_size", plan.format.resolution, *BT709),
        *("-framerate", f"{plan.format.fps}/{plan.step}"),
    )
    if filters:
        arguments += ["-vf", ",".join(filters)]
    arguments += ["-frames:v", str(plan.frames), *job.settings]
    arguments += ["-map_metadata", "-1", "-f", "mp4", job.output.name]

    def feed() -> Iterator[bytes]:
        # Large pictures take much memory: one process at a time unpacks.
        with (folder / "pictures.lock").open("a") as lock:
            sounds = {name: PcmReader(Pcm(*pcm)) for name, pcm in job.sources.items()}
            drawn = frames(plan, job.files, shelf, sounds)
            fcntl.flock(lock, fcntl.LOCK_EX)
            first = next(drawn).tobytes()
            fcntl.flock(lock, fcntl.LOCK_UN)
            yield first
            for picture in drawn:
                yield picture.tobytes()

    command = encode(
        arguments,
        feed(),
        folder,
        fonts=job.fonts,
        told=told,
        most_ahead=_MOST_AHEAD if plan.format.is_large else None,
        frames_a_part=plan.step,
    )
    return check_picture(job.output, plan).model_copy(update={"command": command})


def _filters(plan: PicturePlan, script: Path) -> list[str]:
    filters: list[str] = [f"fps={plan.format.fps}"] if plan.step > 1 else []
    texts = plan.texts
    if texts is not None:
        text = to_ass(texts.captions, plan.format, texts.style, texts.overlays)
        script.write_text(text, encoding="utf-8")
        drawn = f"ass={script.name}"
        if texts.before:
            shift = f"{texts.before}/({plan.format.fps}*TB)"
            drawn = f"setpts=PTS+{shift},{drawn},setpts=PTS-{shift}"
        filters.append(drawn)
    if plan.repeats:
        filters.append("loop=-1:1:0")
    return filters


def check_picture(path: Path, plan: PicturePlan) -> PictureFacts:
    """Decode a segment and look for black and frozen pictures.

    Of a still only the first pictures are decoded, for no other one of it is seen.

    Raises:
        RenderError: it is not what was planned.
    """
    looks: list[npt.NDArray[np.int16]] = []
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            packets = [p for p in container.demux(stream) if p.size]
            count = len(packets)
            stands = plan.repeats or plan.slow
            wanted = packets[:_LOOK_AT_STILL] if stands else packets
            for frame in _decoded(stream, wanted):
                luma = np.frombuffer(memoryview(frame.planes[0]), dtype=np.uint8)
                rows = luma.reshape(frame.height, frame.planes[0].line_size)
                step = 2 * _STEP if plan.format.is_large else _STEP
                looks.append(rows[::step, : frame.width : step].astype(np.int16))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise RenderError(
            f"An encoded segment can't be read again: {error}; render again."
        ) from None
    if count != plan.frames or len(looks) != len(wanted):
        raise RenderError(
            f"A segment has {min(count, len(looks))} pictures instead of {plan.frames}; "
            "render again."
        )
    black = [bool((look < _BLACK_LUMA).mean() >= _BLACK_SHARE) for look in looks]
    if stands:
        return PictureFacts(frames=count, black=[Span(start=0, stop=count)] if black[0] else [])
    lag = max(1, plan.format.fps // 2)
    same = [False] * lag + [
        bool(np.abs(b - a).mean() < _SAME) for a, b in zip(looks, looks[lag:], strict=False)
    ]
    return PictureFacts(
        frames=count,
        black=_spans(black, plan.format.fps // 10),
        frozen=_spans(same, plan.format.fps) if plan.moves else [],
    )


def _decoded(
    stream: "av.video.stream.VideoStream",
    packets: "Sequence[av.Packet[av.video.stream.VideoStream]]",
) -> Iterator[av.VideoFrame]:
    stream.codec_context.thread_count = 1
    for packet in packets:
        yield from stream.decode(packet)
    yield from stream.decode(None)


def _spans(found: Sequence[bool], shortest: int) -> list[Span]:
    """Runs of what was found that last for long enough."""
    spans: list[Span] = []
    start: int | None = None
    for number, each in enumerate([*found, False]):
        if each and start is None:
            start = number
        elif not each and start is not None:
            if number - start >= max(1, shortest):
                spans.append(Span(start=start, stop=number))
            start = None
    return spans
