"""Writing an MP4 (ISO/IEC 14496-12) of encoded pieces, without encoding or parsing them again.

ffmpeg's own join takes 16 s of processor time for an hour, for it looks at every packet twice;
here a repeated group is copied as bytes, and its tables are numbers in arrays. The index comes
first, so playing starts at once; picture and sound lie side by side, a second each.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workers.render.formats import SAMPLE_RATE, FrameFormat
from workers.render.sound_plan import PACKET
from workers.render.texts import Chapter

Numbers = npt.NDArray[np.int64]

_TICKS = 1000
"""Ticks of a frame: the picture's time scale is so many times its frame rate."""
_AUDIO_CONFIG = bytes([0x11, 0x90])
"""AAC-LC, 48 kHz, two channels (ISO/IEC 14496-3, 1.6.2.1)."""
_PACKETS_A_CHUNK = 47
_MATRIX = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_LARGE_FILE = 2**32 - 2**24
_CHAPTERS = 255


class Stretch(NamedTuple):
    """Samples that lie one behind the other in a file: from a byte on, of these sizes."""

    path: Path
    offset: int
    sizes: Numbers


class PictureTrack(NamedTuple):
    """Encoded pictures: all of one size, rate and header (`avcC`); `keys` are their key frames."""

    format: FrameFormat
    header: bytes
    stretches: Sequence[Stretch]
    keys: Numbers


class SoundTrack(NamedTuple):
    """AAC packets, the first of which is the encoder's priming, and the samples to be heard."""

    stretches: Sequence[Stretch]
    samples: int


def box(name: str, *parts: bytes) -> bytes:
    """A box with its size and name."""
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, name.encode("latin-1")) + body


def full_box(name: str, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box with a version and flags."""
    return box(name, struct.pack(">I", version << 24 | flags), *parts)


def write_mp4(
    output: Path,
    picture: PictureTrack,
    sound: SoundTrack | None,
    *,
    title: str = "",
    chapters: Sequence[Chapter] = (),
) -> None:
    """Write the file. Raises OSError."""
    tracks = [_Laid.picture(picture)] + ([_Laid.sound(sound)] if sound else [])
    order = _interleaved(tracks)
    size = sum(int(track.sizes.sum()) for track in tracks)
    wide = size > _LARGE_FILE
    frames = len(tracks[0].sizes)
    duration = frames * picture.format.samples_per_frame

    def index(first: int) -> bytes:
        offsets = _offsets(tracks, order, first)
        traks = [_picture_trak(picture, tracks[0], offsets[0], duration, wide)]
        if sound is not None:
            traks.append(_sound_trak(sound, tracks[1], offsets[1], wide))
        extra = _user_data(title, chapters)
        return box("moov", _movie_header(duration, len(traks) + 1), *traks, extra)

    kind = box("ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2avc1mp41")
    head = len(kind) + len(index(0))
    data_head = struct.pack(">I4sQ", 1, b"mdat", size + 16)
    with output.open("wb") as file:
        file.write(kind + index(head + len(data_head)) + data_head)
        _copy(tracks, order, file.write)


class _Laid:
    """A track's samples in chunks of about a second."""

    def __init__(self, stretches: Sequence[Stretch], per_chunk: int, seconds: float) -> None:
        self.stretches = stretches
        self.sizes: Numbers = np.concatenate([stretch.sizes for stretch in stretches])
        self.per_chunk = per_chunk
        starts = np.arange(0, len(self.sizes), per_chunk)
        self.times = starts * seconds
        self.bytes: Numbers = np.add.reduceat(self.sizes, starts)

    @classmethod
    def picture(cls, track: PictureTrack) -> "_Laid":
        return cls(track.stretches, track.format.fps, 1 / track.format.fps)

    @classmethod
    def sound(cls, track: SoundTrack) -> "_Laid":
        return cls(track.stretches, _PACKETS_A_CHUNK, PACKET / SAMPLE_RATE)


def _interleaved(tracks: Sequence[_Laid]) -> list[tuple[int, int]]:
    """Track and chunk in the order in which they lie in the file."""
    entries = [
        (float(time), track, chunk)
        for track, laid in enumerate(tracks)
        for chunk, time in enumerate(laid.times)
    ]
    return [(track, chunk) for _, track, chunk in sorted(entries)]


def _offsets(
    tracks: Sequence[_Laid], order: Sequence[tuple[int, int]], first: int
) -> list[Numbers]:
    found = [np.zeros(len(laid.bytes), dtype=np.int64) for laid in tracks]
    position = first
    for track, chunk in order:
        found[track][chunk] = position
        position += int(tracks[track].bytes[chunk])
    return found


def _copy(
    tracks: Sequence[_Laid], order: Sequence[tuple[int, int]], write: Callable[[memoryview], object]
) -> None:
    readers = [_Reader(laid.stretches) for laid in tracks]
    for track, chunk in order:
        for part in readers[track].take(int(tracks[track].bytes[chunk])):
            write(part)


class _Reader:
    """The bytes of stretches in order; a file is read once for all its repetitions in a row."""

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self._stretches = iter(stretches)
        self._path: tuple[Path, int, int] | None = None
        self._whole = self._data = memoryview(b"")
        self._position = 0

    def take(self, count: int) -> Iterator[memoryview]:
        """The next bytes."""
        while count:
            if self._position == len(self._data):
                self._next()
            part = self._data[self._position : self._position + count]
            self._position += len(part)
            count -= len(part)
            yield part

    def _next(self) -> None:
        stretch = next(self._stretches)
        length = int(stretch.sizes.sum())
        if self._path is None or self._path[:2] != stretch[:2] or self._path[2] < length:
            with stretch.path.open("rb") as file:
                file.seek(stretch.offset)
                self._whole = memoryview(file.read(length))
            self._path = (stretch.path, stretch.offset, length)
        self._data = self._whole[:length]
        self._position = 0


def _movie_header(duration: int, next_track: int) -> bytes:
    return full_box(
        "mvhd",
        struct.pack(">4I", 0, 0, SAMPLE_RATE, duration),
        struct.pack(">IH10x", 0x10000, 0x100),
        _MATRIX,
        bytes(24),
        struct.pack(">I", next_track),
    )


def _track_header(number: int, duration: int, size: tuple[int, int], volume: int) -> bytes:
    return full_box(
        "tkhd",
        struct.pack(">5I", 0, 0, number, 0, duration),
        bytes(8),
        struct.pack(">HHHxx", 0, 1 if volume else 0, volume),
        _MATRIX,
        struct.pack(">II", size[0] << 16, size[1] << 16),
        flags=3,
    )


def _media(scale: int, duration: int, handler: bytes, name: bytes, *information: bytes) -> bytes:
    source = box("dinf", full_box("dref", struct.pack(">I", 1), full_box("url ", flags=1)))
    head = information[0]
    return box(
        "mdia",
        full_box("mdhd", struct.pack(">4IHxx", 0, 0, scale, duration, 0x55C4)),
        full_box("hdlr", bytes(4), handler, bytes(12), name, b"\0"),
        box("minf", head, source, box("stbl", *information[1:])),
    )


def _tables(laid: _Laid, delta: int, offsets: Numbers, wide: bool) -> list[bytes]:
    count, per_chunk = len(laid.sizes), laid.per_chunk
    last = count - (len(offsets) - 1) * per_chunk
    runs = [(1, per_chunk, 1)]
    if last != per_chunk:
        runs = [(1, per_chunk, 1), (len(offsets), last, 1)] if len(offsets) > 1 else [(1, last, 1)]
    return [
        full_box("stts", struct.pack(">3I", 1, count, delta)),
        full_box("stsc", struct.pack(">I", len(runs)), *(struct.pack(">3I", *run) for run in runs)),
        full_box("stsz", struct.pack(">II", 0, count), laid.sizes.astype(">u4").tobytes()),
        full_box(
            "co64" if wide else "stco",
            struct.pack(">I", len(offsets)),
            offsets.astype(">u8" if wide else ">u4").tobytes(),
        ),
    ]


def _picture_trak(
    track: PictureTrack, laid: _Laid, offsets: Numbers, duration: int, wide: bool
) -> bytes:
    width, height = track.format.width, track.format.height
    entry = box(
        "avc1",
        struct.pack(">6xH16x", 1),
        struct.pack(">HHII4xH32sHh", width, height, 72 << 16, 72 << 16, 1, b"", 24, -1),
        box("avcC", track.header),
        box("colr", b"nclx", struct.pack(">3HB", 1, 1, 1, 0)),
        box("pasp", struct.pack(">II", 1, 1)),
    )
    keys = (track.keys + 1).astype(">u4")
    return box(
        "trak",
        _track_header(1, duration, (width, height), 0),
        _edit(duration, 0),
        _media(
            track.format.fps * _TICKS,
            len(laid.sizes) * _TICKS,
            b"vide",
            b"VideoHandler",
            full_box("vmhd", bytes(8), flags=1),
            full_box("stsd", struct.pack(">I", 1), entry),
            *_tables(laid, _TICKS, offsets, wide),
            full_box("stss", struct.pack(">I", len(keys)), keys.tobytes()),
        ),
    )


def _sound_trak(track: SoundTrack, laid: _Laid, offsets: Numbers, wide: bool) -> bytes:
    rate = int(laid.sizes.sum() * 8 * SAMPLE_RATE / (len(laid.sizes) * PACKET))
    entry = box(
        "mp4a",
        struct.pack(">6xH8xHHHHI", 1, 2, 16, 0, 0, SAMPLE_RATE << 16),
        full_box("esds", _descriptors(rate)),
    )
    return box(
        "trak",
        _track_header(2, track.samples, (0, 0), 0x100),
        _edit(track.samples, PACKET),
        _media(
            SAMPLE_RATE,
            len(laid.sizes) * PACKET,
            b"soun",
            b"SoundHandler",
            full_box("smhd", bytes(4)),
            full_box("stsd", struct.pack(">I", 1), entry),
            *_tables(laid, PACKET, offsets, wide),
        ),
    )


def _edit(duration: int, media_time: int) -> bytes:
    """What of a track is shown: it begins behind the priming and ends with the last picture."""
    return box("edts", full_box("elst", struct.pack(">IIiI", 1, duration, media_time, 0x10000)))


def _descriptors(rate: int) -> bytes:
    """The MPEG-4 elementary stream descriptor (ISO/IEC 14496-1, 7.2.6.5)."""

    def descriptor(tag: int, *parts: bytes) -> bytes:
        body = b"".join(parts)
        return bytes([tag, len(body)]) + body

    decoder = descriptor(
        0x04,
        bytes([0x40, 0x15, 0, 0, 0]),
        struct.pack(">II", rate, rate),
        descriptor(0x05, _AUDIO_CONFIG),
    )
    return descriptor(0x03, struct.pack(">HB", 2, 0), decoder, descriptor(0x06, b"\x02"))


def _user_data(title: str, chapters: Sequence[Chapter]) -> bytes:
    """The title, and the chapters as players of the Nero kind and ffmpeg read them."""
    parts = []
    if chapters:
        kept = chapters[:_CHAPTERS]
        entries = []
        for chapter in kept:
            name = chapter.title.encode()[:255].decode(errors="ignore").encode()
            entries.append(struct.pack(">QB", round(chapter.start * 10_000_000), len(name)) + name)
        parts.append(full_box("chpl", bytes(4), bytes([len(kept)]), *entries, version=1))
    if title:
        text = box("data", struct.pack(">II", 1, 0), title.encode())
        handler = full_box("hdlr", bytes(4), b"mdirappl", bytes(9))
        parts.append(full_box("meta", handler, box("ilst", box("\xa9nam", text))))
    return box("udta", *parts) if parts else b""
