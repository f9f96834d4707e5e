"""Small WebP previews of pictures and films; runs inside the limited probing process."""

import itertools
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import av
from av.container import InputContainer
from PIL import Image, ImageStat

from workers.render.errors import Unreadable
from workers.render.facts import FRAMES_AT, TechnicalData
from workers.render.sources import CONTAINER_OPTIONS
from workers.render.stills import decode
from workers.render.technical import read_technical_data, words_of
from workers.render.thumbnails_webp import save_webp

_LOOK_AT = (*FRAMES_AT, 0.0)
_BRIGHT_ENOUGH = 24.0
_VARIED_ENOUGH = 6.0
_MOST_FRAMES = 250


def make_thumbnail(path: Path, into: Path, size: int) -> TechnicalData:
    """Write a WebP whose longer side is at most `size` pixels; a film shows a frame that is not
    black, if it has one.

    Raises:
        Unreadable: the file is neither picture nor film, or damaged.
    """
    facts = read_technical_data(path)
    if facts.kind == "image":
        preview = small_picture(path, size)
    elif facts.kind == "video":
        preview = _telling_frame(path, facts.duration or 0.0)
    else:
        raise Unreadable(f"{path.name} has no picture to make a preview of.")
    preview.thumbnail((size, size), Image.Resampling.LANCZOS)
    save_webp(preview, into)
    return facts


def small_picture(path: Path, size: int) -> Image.Image:
    """A picture, upright and at most twice `size` long: a little work is left to do.

    Raises:
        Unreadable: it is no picture, too large, or damaged.
    """

    def fit(width: int, height: int) -> tuple[int, int]:
        longer = max(width, height)
        # Up to here a decoder cannot scale by itself, and one step of scaling is enough.
        share = 1.0 if longer <= 2 * size else size / longer
        return max(1, round(width * share)), max(1, round(height * share))

    return decode(path, fit)


def is_telling(frame: Image.Image) -> bool:
    """Whether there is something to be seen: neither black nor of one colour."""
    statistics = ImageStat.Stat(frame.convert("L"))
    return statistics.mean[0] >= _BRIGHT_ENOUGH and statistics.stddev[0] >= _VARIED_ENOUGH


def _telling_frame(path: Path, duration: float) -> Image.Image:
    best: tuple[float, Image.Image] | None = None
    for frame in frames_at(path, duration, _LOOK_AT):
        if is_telling(frame):
            return frame
        mean = ImageStat.Stat(frame.convert("L")).mean[0]
        if best is None or mean > best[0]:
            best = (mean, frame)
    if best is None:
        raise Unreadable(f"{path.name} holds no picture that can be decoded.")
    return best[1]


def frames_at(path: Path, duration: float, shares: Iterable[float]) -> Iterator[Image.Image]:
    """The frames of a film at these shares of its seconds, upright. Raises Unreadable."""
    try:
        with ExitStack() as stack:
            container = stack.enter_context(_opened(path))
            for share in shares:
                try:
                    container.seek(int(duration * share * av.time_base))
                except av.FFmpegError:  # it finds no place to begin at: from its beginning, then
                    stack.close()
                    container = stack.enter_context(_opened(path))
                frames = container.decode(container.streams.video[0])
                frame = _frame_at(frames, duration * share)
                if frame is not None:
                    yield _upright(frame)
    except (av.FFmpegError, OSError, ValueError, MemoryError) as error:
        raise Unreadable(f"{path.name} can't be read: {words_of(error)}") from None


def _opened(path: Path) -> InputContainer:
    container = av.open(str(path.absolute()), options=CONTAINER_OPTIONS)
    container.streams.video[0].codec_context.thread_count = 1
    return container


def _upright(frame: av.VideoFrame) -> Image.Image:
    """The frame as it is shown: phones film sideways and say by how much."""
    picture = Image.fromarray(frame.to_ndarray(format="rgb24"))
    return picture.rotate(frame.rotation, expand=True) if frame.rotation else picture


def _frame_at(frames: Iterator[av.VideoFrame], seconds: float) -> av.VideoFrame | None:
    """The frame shown at a time; seeking alone ends at the keyframe before it."""
    latest = None
    for latest in itertools.islice(frames, _MOST_FRAMES):
        if latest.time is None or latest.time >= seconds:
            return latest
    return latest
