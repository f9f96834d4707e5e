"""Drawing, encoding and checking one segment."""

import fcntl
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from PIL import Image

from workers.render.burned_captions import to_ass
from workers.render.encoders import BT709
from workers.render.encoding import encode
from workers.render.errors import RenderError
from workers.render.ffmpeg import guarded_input
from workers.render.jobs import PictureFacts, PictureJob, Span
from workers.render.painter import StillShelf, frames
from workers.render.pcm import Pcm, PcmReader
from workers.render.picture_plan import PicturePlan
from workers.render.stills import Planes

Look = npt.NDArray[np.uint8]
"""The brightness of a picture, of a few of its pixels."""

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

    looks: list[Look] = []

    def feed() -> Iterator[bytes]:
        # Large pictures take much memory: one process at a time unpacks.
        with (folder / "pictures.lock").open("a") as lock:
            sounds = {name: PcmReader(Pcm(*pcm)) for name, pcm in job.sources.items()}
            drawn = frames(plan, job.files, shelf, sounds)
            fcntl.flock(lock, fcntl.LOCK_EX)
            first = next(drawn)
            fcntl.flock(lock, fcntl.LOCK_UN)
            for picture in itertools.chain((first,), drawn):
                if not plan.stands:
                    looks.append(_look_at_drawn(picture, plan))
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
    return _checked(job.output, plan, looks).model_copy(update={"command": command})


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


def _checked(path: Path, plan: PicturePlan, drawn: Sequence[Look]) -> PictureFacts:
    """Look for black and frozen pictures, and whether all of them are there.

    Of moving pictures those that were drawn are looked at, and only where they are suspicious is
    the segment decoded: its texts are in it alone. Of a still the first pictures are decoded, for
    no other one of it is seen.

    Raises:
        RenderError: it is not what was planned.
    """
    if drawn:
        _check_count(_count(path), plan)
        facts = _facts(drawn, plan)
        if not facts.black and not facts.frozen:
            return facts
    looks = _decoded_looks(path, plan)
    if not plan.stands:
        return _facts(looks, plan)
    black = [Span(start=0, stop=plan.frames)] if _is_black(looks[0]) else []
    return PictureFacts(frames=plan.frames, black=black)


def _step(plan: PicturePlan) -> int:
    return 2 * _STEP if plan.format.is_large else _STEP


def _look_at_drawn(picture: Planes, plan: PicturePlan) -> Look:
    size = (plan.format.width // _step(plan), plan.format.height // _step(plan))
    return np.asarray(picture.luma.resize(size, Image.Resampling.NEAREST))


def _count(path: Path) -> int:
    """How many pictures are in a segment. Raises RenderError."""
    with _read_again(path) as container:
        return sum(1 for each in container.demux(container.streams.video[0]) if each.size)


def _decoded_looks(path: Path, plan: PicturePlan) -> list[Look]:
    """Raises RenderError."""
    looks: list[Look] = []
    step = _step(plan)
    with _read_again(path) as container:
        stream = container.streams.video[0]
        packets = [p for p in container.demux(stream) if p.size]
        _check_count(len(packets), plan)
        wanted = packets[:_LOOK_AT_STILL] if plan.stands else packets
        for frame in _decoded(stream, wanted):
            luma = np.frombuffer(memoryview(frame.planes[0]), dtype=np.uint8)
            rows = luma.reshape(frame.height, frame.planes[0].line_size)
            looks.append(rows[::step, : frame.width : step].copy())
    if len(looks) != len(wanted):
        _check_count(len(looks), plan)
    return looks


@contextmanager
def _read_again(path: Path) -> Iterator[InputContainer]:
    try:
        with av.open(str(path)) as container:
            yield container
    except (av.FFmpegError, OSError, ValueError) as error:
        raise RenderError(
            f"An encoded segment can't be read again: {error}; render again."
        ) from None


def _check_count(count: int, plan: PicturePlan) -> None:
    if count != plan.frames:
        raise RenderError(f"A segment has {count} pictures instead of {plan.frames}; render again.")


def _facts(looks: Sequence[Look], plan: PicturePlan) -> PictureFacts:
    black = [_is_black(look) for look in looks]
    lag = max(1, plan.format.fps // 2)
    same = [False] * lag + [
        bool(np.abs(b.astype(np.int16) - a).mean() < _SAME)
        for a, b in zip(looks, looks[lag:], strict=False)
    ]
    return PictureFacts(
        frames=len(looks),
        black=_spans(black, plan.format.fps // 10),
        frozen=_spans(same, plan.format.fps) if plan.moves else [],
    )


def _is_black(look: Look) -> bool:
    return bool((look < _BLACK_LUMA).mean() >= _BLACK_SHARE)


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
