"""Small WebP previews of pictures and films; runs inside the limited probing process."""

import itertools
import secrets
from collections.abc import Iterator
from pathlib import Path

import av
from PIL import Image, ImageStat

from workers.render.errors import Unreadable
from workers.render.facts import TechnicalData
from workers.render.sources import CONTAINER_OPTIONS
from workers.render.stills import decode
from workers.render.technical import read_technical_data

_LOOK_AT = (0.1, 0.3, 0.5, 0.7, 0.0)
_BRIGHT_ENOUGH = 24.0
_VARIED_ENOUGH = 6.0
_WEBP_QUALITY = 80
_MOST_FRAMES = 250


def make_thumbnail(path: Path, into: Path, size: int) -> TechnicalData:
    """Write a WebP whose longer side is at most `size` pixels; a film shows a frame that is not
    black, if it has one.

    Raises:
        Unreadable: the file is neither picture nor film, or damaged.
    """
    facts = read_technical_data(path)
    if facts.kind == "image":
        preview = _small_picture(path, size)
    elif facts.kind == "video":
        preview = _telling_frame(path, facts.duration or 0.0)
    else:
        raise Unreadable(f"{path.name} has no picture to make a preview of.")
    preview.thumbnail((size, size), Image.Resampling.LANCZOS)
    partial = into.with_name(f".{into.stem}.{secrets.token_hex(6)}.part")
    try:
        preview.save(partial, "WEBP", quality=_WEBP_QUALITY, method=4)
        partial.replace(into)
    finally:
        partial.unlink(missing_ok=True)
    return facts


def _small_picture(path: Path, size: int) -> Image.Image:
    def fit(width: int, height: int) -> tuple[int, int]:
        share = min(1.0, size / max(width, height))
        return max(1, round(width * share)), max(1, round(height * share))

    return decode(path, fit)


def _telling_frame(path: Path, duration: float) -> Image.Image:
    best: tuple[float, Image.Image] | None = None
    for frame in _frames(path, duration):
        statistics = ImageStat.Stat(frame.convert("L"))
        mean, deviation = statistics.mean[0], statistics.stddev[0]
        if mean >= _BRIGHT_ENOUGH and deviation >= _VARIED_ENOUGH:
            return frame
        if best is None or mean > best[0]:
            best = (mean, frame)
    if best is None:
        raise Unreadable(f"{path.name} holds no picture that can be decoded.")
    return best[1]


def _frames(path: Path, duration: float) -> Iterator[Image.Image]:
    try:
        with av.open(str(path.absolute()), options=CONTAINER_OPTIONS) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            for share in _LOOK_AT:
                container.seek(int(duration * share * av.time_base))
                frame = _frame_at(container.decode(stream), duration * share)
                if frame is not None:
                    yield Image.fromarray(frame.to_ndarray(format="rgb24"))
    except (av.FFmpegError, OSError, ValueError, MemoryError) as error:
        raise Unreadable(f"{path.name} can't be read: {error}") from None


def _frame_at(frames: Iterator[av.VideoFrame], seconds: float) -> av.VideoFrame | None:
    """The frame shown at a time; seeking alone ends at the keyframe before it."""
    latest = None
    for latest in itertools.islice(frames, _MOST_FRAMES):
        if latest.time is None or latest.time >= seconds:
            return latest
    return latest
