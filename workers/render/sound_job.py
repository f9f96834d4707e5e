"""Decoding, measuring, mixing, encoding and checking sound."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from workers.render.adts import packets
from workers.render.encoders import sound_settings
from workers.render.encoding import encode
from workers.render.errors import RenderError
from workers.render.ffmpeg import guarded_input
from workers.render.flac import FlacWriter
from workers.render.formats import SAMPLE_RATE
from workers.render.jobs import (
    DecodeFacts,
    DecodeJob,
    LosslessJob,
    MeasureJob,
    SoundFacts,
    SoundJob,
    Span,
)
from workers.render.loudness import momentary_filter, read_momentary
from workers.render.mix import Mix
from workers.render.pcm import Pcm, PcmReader
from workers.render.samples import Samples
from workers.render.sound_plan import LEAD, PACKET, TAIL
from workers.render.sources import decode_sound

_SILENT = 10 ** (-60 / 20)
_LOOK = 480
_FULL_SCALE = 32767 / 32768
_RAW = ("-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2")


def decode(job: DecodeJob) -> DecodeFacts:
    """Decode a sound to 48 kHz samples. Raises Unreadable."""
    pcm = Pcm(job.output, *decode_sound(job.source, job.output))
    reader = PcmReader(pcm)
    ends = (reader.read(0, 2), reader.read(pcm.length - 2, pcm.length))
    start, end = (tuple((float(left), float(right)) for left, right in each) for each in ends)
    return DecodeFacts(length=pcm.length, channels=pcm.channels, start=start, end=end)


def measure(job: MeasureJob) -> SoundFacts:
    """Measure a stretch as it is before it is levelled and limited. Raises RenderError."""
    mix = Mix(job.mix, _readers(job.sources))
    log = job.facts.with_suffix(".r128")
    arguments = [*guarded_input("pipe:0", *_RAW), "-af", momentary_filter(log.name)]
    feed = (block.tobytes() for block in mix.unlimited(0, job.samples))
    encode([*arguments, "-f", "null", "-"], feed, job.facts.parent)
    return SoundFacts(momentary=_read(log))


def make_sound(job: SoundJob) -> SoundFacts:
    """Mix, encode and check a piece. Raises RenderError."""
    piece, ears = job.piece, _Ears(job.piece.samples)
    mix = Mix(piece.mix, _readers(job.sources))
    lead = 0 if piece.first else LEAD
    log, whole = job.facts.with_suffix(".r128"), job.output.with_suffix(".whole.aac")

    def feed() -> Iterator[bytes]:
        position = -lead * PACKET
        for block in mix.blocks(position, piece.samples + TAIL * PACKET, job.gain_db):
            ears.hear(block, position)
            position += len(block)
            yield block.tobytes()

    arguments = [*guarded_input("pipe:0", *_RAW), "-af", momentary_filter(log.name)]
    arguments += [*sound_settings(), "-f", "adts", whole.name]
    command = encode(arguments, feed(), job.output.parent)
    _keep_own_packets(whole, job.output, lead, piece.packets, piece.first)
    momentary = _read(log)[lead * PACKET * 10 // SAMPLE_RATE :]
    return ears.facts().model_copy(update={"momentary": momentary, "command": command})


def _keep_own_packets(whole: Path, output: Path, lead: int, count: int, first: bool) -> None:
    """Throw away the lead and tail; packet n+1 completes the samples of packet n."""
    stream = whole.read_bytes()
    whole.unlink()
    found = list(packets(stream))
    start = 0 if first else lead + 1
    kept = found[start : lead + 1 + count]
    if len(kept) != count + first:
        raise RenderError("A piece of the sound came out too short; render again.")
    header = stream[: found[0][0]]
    begin = kept[0][0] - len(header)
    output.write_bytes(stream[begin : kept[-1][1]])


def write_lossless(job: LosslessJob) -> SoundFacts:
    """Mix a whole sound into a FLAC file of exactly so many samples."""
    mix = Mix(job.mix, _readers(job.sources))
    with FlacWriter(job.output) as writer:
        for block in mix.blocks(0, job.samples, job.gain_db):
            writer.write(block)
    return SoundFacts()


def _readers(sources: dict[str, Pcm]) -> dict[str, PcmReader]:
    return {source: PcmReader(Pcm(*pcm)) for source, pcm in sources.items()}


def _read(log: Path) -> list[float]:
    text = log.read_text(encoding="utf-8")
    log.unlink()
    return read_momentary(text)


class _Ears:
    """Listens to a piece's own samples: peak, samples at full scale, silence."""

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._peak = 0.0
        self._clipped = 0
        self._quiet: list[np.ndarray[tuple[int], np.dtype[np.bool_]]] = []

    def hear(self, block: Samples, position: int) -> None:
        """Listen to a block that begins at a position of the piece."""
        own = block[max(0, -position) : max(0, self._samples - position)]
        if not len(own):
            return
        loud = np.abs(own).max(axis=1)
        self._peak = max(self._peak, float(loud.max()))
        self._clipped += int((loud >= _FULL_SCALE).sum())
        steps = np.add.reduceat(loud > _SILENT, np.arange(0, len(loud), _LOOK))
        self._quiet.append(steps == 0)

    def facts(self) -> SoundFacts:
        """What was heard."""
        spans: list[Span] = []
        quiet = np.concatenate([[False], *self._quiet, [False]])
        edges = np.flatnonzero(np.diff(quiet.astype(np.int8)))
        for start, stop in edges.reshape(-1, 2):
            begin, end = int(start) * _LOOK, min(int(stop) * _LOOK, self._samples)
            spans.append(Span(start=begin, stop=end))
        return SoundFacts(peak=self._peak, clipped=self._clipped, silent=spans)
