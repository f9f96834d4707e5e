"""Writing lossless sound, block by block."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np

from workers.render.formats import SAMPLE_RATE
from workers.render.samples import Samples

_EFFORT = "4"
"""The usual 5 takes a fifth more time for a two-thousandth of the bytes."""


class FlacWriter:
    """A FLAC file of 16 bits, of one or two channels, that grows by blocks of any length."""

    def __init__(self, path: Path, channels: int = 2, rate: int = SAMPLE_RATE) -> None:
        self._layout = "mono" if channels == 1 else "stereo"
        self._rate = rate
        self._container = av.open(str(path.absolute()), "w", format="flac")
        self._stream = self._container.add_stream("flac", rate=rate)
        self._stream.codec_context.layout = self._layout
        self._stream.codec_context.format = "s16"
        self._stream.codec_context.options = {"compression_level": _EFFORT}
        self._stream.codec_context.open()
        self._frame_size = self._stream.codec_context.frame_size or 4608
        self._rest = np.zeros((0, channels), dtype=np.int16)
        self.written = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            if len(self._rest):
                self._encode(self._rest)
            self._container.mux(self._stream.encode(None))
        self._container.close()

    def write(self, block: Samples) -> None:
        """Add samples, (n, channels); what is beyond -1 to 1 is cut."""
        scaled = block * np.float32(32767)
        np.rint(scaled, out=scaled)
        np.clip(scaled, -32767, 32767, out=scaled)
        whole = np.ascontiguousarray(scaled, dtype=np.int16)
        waiting = np.concatenate([self._rest, whole])
        full = len(waiting) - len(waiting) % self._frame_size
        if full:
            self._encode(waiting[:full])
        self._rest = waiting[full:]

    def _encode(self, part: "np.ndarray[tuple[int, ...], np.dtype[np.int16]]") -> None:
        flat = np.ascontiguousarray(part).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(flat, format="s16", layout=self._layout)
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self.written
        self.written += len(part)
        self._container.mux(self._stream.encode(frame))
