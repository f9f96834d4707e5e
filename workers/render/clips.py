"""Frames of a film, one after the other, cut to the frame's shape."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from workers.render.errors import Unreadable
from workers.render.sources import CONTAINER_OPTIONS
from workers.render.stills import Planes

_LARGEST_SIDE = 8192


class ClipReader:
    """A film opened at a time, read forwards; after its end the last frame stays."""

    def __init__(self, path: Path, begin: float, fps: int, size: tuple[int, int]) -> None:
        """Raises Unreadable where there is no picture at all."""
        self._path = path
        self._begin = begin
        self._fps = fps
        self._size = size
        self._shown: Planes | None = None
        self._waiting: av.VideoFrame | None = None
        self._container: av.container.InputContainer | None = None
        self._frames: Iterator[av.VideoFrame] = iter(())
        self._origin = 0.0

    def close(self) -> None:
        """Let go of the file."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def at(self, number: int) -> Planes:
        """The frame shown at a number of the timeline's frames; numbers never go back."""
        # Half of a frame ahead, so that equal rates with shifted stamps don't repeat frames.
        wanted = self._begin + (number + 0.5) / self._fps
        try:
            if self._container is None:
                self._open(wanted)
            latest = None
            while self._waiting is not None and self._time(self._waiting) <= wanted:
                latest, self._waiting = self._waiting, next(self._frames, None)
            if latest is None and self._shown is None:
                latest = self._waiting
            if latest is not None:
                self._shown = self._planes(latest)
        except (av.FFmpegError, OSError, ValueError, MemoryError) as error:
            raise Unreadable(f"{self._path.name} can't be read as a film: {error}") from None
        if self._shown is None:
            raise Unreadable(f"{self._path.name} holds no picture that can be decoded.")
        return self._shown

    def _open(self, wanted: float) -> None:
        self._container = av.open(str(self._path.absolute()), options=CONTAINER_OPTIONS)
        if not self._container.streams.video:
            raise Unreadable(f"{self._path.name} has no picture.")
        stream = self._container.streams.video[0]
        stream.codec_context.thread_count = 1
        base = stream.time_base or Fraction(1, 1000)
        self._origin = float((stream.start_time or 0) * base)
        if wanted > 1:
            self._container.seek(int((wanted + self._origin) / base), stream=stream)
        self._frames = self._container.decode(stream)
        self._waiting = next(self._frames, None)
        if self._waiting is None and wanted > 1:  # behind the end: the last frame is wanted
            self._container.seek(0, stream=stream)
            self._frames = self._container.decode(stream)
            self._waiting = next(self._frames, None)

    def _time(self, frame: av.VideoFrame) -> float:
        return (frame.time or 0.0) - self._origin

    def _planes(self, frame: av.VideoFrame) -> Planes:
        turned = int(frame.rotation) % 360
        across, down = self._size if turned in (0, 180) else self._size[::-1]
        scale = max(across / frame.width, down / frame.height)
        width, height = (
            min(_LARGEST_SIDE, max(least, round(side * scale / 2) * 2))
            for side, least in ((frame.width, across), (frame.height, down))
        )
        scaled = frame.reformat(
            width=width,
            height=height,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        left, top = (width - across) // 4 * 2, (height - down) // 4 * 2
        parts = []
        for plane, halved in zip(scaled.planes, (1, 2, 2), strict=True):
            whole = Image.frombuffer(
                "L", (plane.width, plane.height), bytes(plane), "raw", "L", plane.line_size, 1
            )
            box = (left // halved, top // halved)
            part = whole.crop((*box, box[0] + across // halved, box[1] + down // halved))
            parts.append(part.rotate(turned, expand=True) if turned else part)
        return Planes(*parts)
