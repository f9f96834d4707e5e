"""What is heard when, in samples: the sound of a timeline, and the pieces it is encoded in.

AAC can't be cut and joined at will: every packet overlaps its neighbours, and an encoder begins
with priming. So a piece is encoded with some packets of the sound before and behind it, which
are thrown away; the packets that stay fit those of the neighbours, for both encoders heard the
same sound there. Pieces begin with whole packets. What a piece sounds like depends only on what
lies in reach of it, at times counted from its own start: moved, it need not be encoded again.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from workers.render.formats import SAMPLE_RATE
from workers.render.timeline import Clip, MusicClip, Timeline
from workers.render.values import Value

PACKET = 1024
"""Samples in an AAC packet."""
LEAD = 8
"""Packets encoded before a piece and thrown away, until the encoder has settled."""
TAIL = 4
REACH = 2 * SAMPLE_RATE + LEAD * PACKET
"""How far ducking and limiting look around themselves, and the lead."""
_LONGEST_PIECE = 90 * SAMPLE_RATE
_SHORTEST_PIECE = 4 * SAMPLE_RATE
_SHORTEST_END = SAMPLE_RATE

Role = Literal["voice", "effect", "music"]
Step = tuple[float, float]
"""Something of the left and of the right channel."""


class PlannedSound(Value):
    """A sound at its place: all positions and lengths in samples, `source` a content hash.

    `level_to` asks for the gain that brings this clip alone to a loudness (LUFS).
    `bends` is how far the first and the last sample are moved, and those around them less and less,
    so that the waveform goes on from the sound before to the sound behind; None: the edges of the
    sound are soft instead.
    """

    role: Role
    source: str
    start: int
    length: int
    offset: int = 0
    gain_db: float = 0.0
    duck_db: float = 0.0
    fade_in: int = 0
    fade_out: int = 0
    loop: bool = False
    level_to: float | None = None
    bends: tuple[Step, Step] | None = None


class MixPlan(Value):
    """The sounds of a stretch; `end` is where the whole sound ends, if that is in reach."""

    sounds: tuple[PlannedSound, ...]
    fade_in: tuple[int, int] | None = None
    """Where the fade begins, and its length."""
    fade_out: tuple[int, int] | None = None
    """Where the fade ends, and its length."""


class SoundPiece(Value):
    """A stretch of sound that is encoded by itself; positions count from its first sample.

    `first` is set for the piece that begins the sound: it keeps the encoder's priming.
    """

    mix: MixPlan
    packets: int
    first: bool

    @property
    def samples(self) -> int:
        """How long the piece is."""
        return self.packets * PACKET


def plan_sound(
    timeline: Timeline, hashes: Mapping[str, str], lengths: Mapping[str, int]
) -> MixPlan:
    """All sounds of a timeline; `lengths` has the samples of each source, by its hash."""
    total = timeline.samples
    sounds = [
        _music(clip, start, hashes[str(clip.path)], timeline)
        for clip, start in zip(timeline.music, music_starts(timeline), strict=True)
    ]
    for role, clips in (("voice", timeline.voices), ("effect", timeline.effects)):
        for clip in clips:
            source = hashes[str(clip.path)]
            start = round(clip.start * SAMPLE_RATE)
            sounds.append(
                PlannedSound(
                    role="voice" if role == "voice" else "effect",
                    source=source,
                    start=start,
                    length=min(lengths[source], total - start),
                    gain_db=clip.gain_db,
                )
            )
    sounds += _sounds_of_clips(timeline, hashes, lengths)
    fade_in, fade_out = (
        round(seconds * SAMPLE_RATE) for seconds in (timeline.fade_in, timeline.fade_out)
    )
    return MixPlan(
        sounds=tuple(each for each in sounds if each.length > 0),
        fade_in=(0, fade_in) if fade_in else None,
        fade_out=(total, fade_out) if fade_out else None,
    )


def music_starts(timeline: Timeline) -> list[int]:
    """Where each music clip begins, in samples: at whole packets.

    What is rounded is the distance to the clip before, so that an album's cross-fades stay as
    they are when all of it moves; a rounding error of more than a frame is made good.
    """
    starts: dict[int, int] = {}
    position, before = 0, 0.0
    for number, clip in sorted(enumerate(timeline.music), key=lambda each: each[1].start):
        position += round((clip.start - before) * SAMPLE_RATE / PACKET) * PACKET
        if abs(position - clip.start * SAMPLE_RATE) > timeline.format.samples_per_frame:
            position = round(clip.start * SAMPLE_RATE / PACKET) * PACKET
        starts[number], before = position, clip.start
    return [starts[number] for number in range(len(timeline.music))]


def _music(clip: MusicClip, start: int, source: str, timeline: Timeline) -> PlannedSound:
    length = timeline.samples - start
    if clip.seconds is not None:
        length = min(length, round(clip.seconds * SAMPLE_RATE))
    loudness = timeline.loudness
    return PlannedSound(
        role="music",
        source=source,
        start=start,
        length=length,
        offset=round(clip.offset * SAMPLE_RATE),
        gain_db=clip.gain_db,
        duck_db=clip.duck_db,
        fade_in=min(round(clip.fade_in * SAMPLE_RATE), max(0, length)),
        fade_out=min(round(clip.fade_out * SAMPLE_RATE), max(0, length)),
        loop=clip.loop,
        level_to=loudness.target_lufs if loudness and loudness.level == "clip" else None,
    )


def _sounds_of_clips(
    timeline: Timeline, hashes: Mapping[str, str], lengths: Mapping[str, int]
) -> Iterable[PlannedSound]:
    """The clips' own sounds; each lasts as long as its shot, without the transition's overlap."""
    per_frame = timeline.format.samples_per_frame
    cuts = timeline.cuts
    for number, shot in enumerate(timeline.shots):
        if not isinstance(shot, Clip) or not shot.audible:
            continue
        source = hashes[str(shot.video)]
        offset = round(shot.begin * SAMPLE_RATE)
        length = (cuts[number + 1] - cuts[number]) * per_frame
        yield PlannedSound(
            role="effect",
            source=source,
            start=cuts[number] * per_frame,
            length=max(0, min(length, lengths.get(source, 0) - offset)),
            offset=offset,
            gain_db=shot.gain_db,
        )


def pieces_of(plan: MixPlan, samples: int) -> list[SoundPiece]:
    """Cut a sound into pieces that are encoded by themselves; together they are whole packets."""
    packets = -(-samples // PACKET)
    return pieces_between(plan, _edges(plan, packets))


def pieces_between(plan: MixPlan, edges: Sequence[int]) -> list[SoundPiece]:
    """The pieces of a sound that is cut at these packets; the first and the last are its ends."""
    return [
        SoundPiece(
            mix=seen_from(plan, start * PACKET, stop * PACKET),
            packets=stop - start,
            first=start == 0,
        )
        for start, stop in itertools.pairwise(_filled(edges))
    ]


def _edges(plan: MixPlan, packets: int) -> list[int]:
    """Where pieces begin, in packets: around each change of music, and within long stretches."""
    clear = REACH + 2 * PACKET
    music = sorted((s for s in plan.sounds if s.role == "music"), key=lambda s: s.start)
    wanted: list[int] = []
    for clip in music:
        for low, high in (
            (clip.start - clear, clip.start + clip.fade_in + clear),
            (clip.start + clip.length - clip.fade_out - clear, clip.start + clip.length + clear),
        ):
            wanted += [low // PACKET, -(-high // PACKET)]
    changes = _merged(music, clear)
    inside = [
        edge
        for edge in sorted(set(wanted))
        if 0 < edge < packets and not any(a < edge * PACKET < b for a, b in changes)
    ]
    edges = [0]
    for edge in inside:
        if (edge - edges[-1]) * PACKET >= _SHORTEST_PIECE:
            edges.append(edge)
    if len(edges) > 1 and (packets - edges[-1]) * PACKET < _SHORTEST_END:
        edges.pop()
    return [*edges, packets]


def _merged(music: Sequence[PlannedSound], clear: int) -> list[tuple[int, int]]:
    """The stretches around changes of music, in which nothing is cut."""
    spans = sorted(
        span
        for clip in music
        for span in (
            (clip.start - clear, clip.start + clip.fade_in + clear),
            (clip.start + clip.length - clip.fade_out - clear, clip.start + clip.length + clear),
        )
    )
    merged: list[tuple[int, int]] = []
    for low, high in spans:
        low, high = low // PACKET * PACKET, -(-high // PACKET) * PACKET
        if merged and low < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def _filled(edges: Sequence[int]) -> list[int]:
    filled = [edges[0]]
    for start, stop in itertools.pairwise(edges):
        parts = max(1, -(-(stop - start) * PACKET // _LONGEST_PIECE))
        filled += [start + (stop - start) * part // parts for part in range(1, parts + 1)]
    return filled


def seen_from(plan: MixPlan, start: int, stop: int) -> MixPlan:
    """What is in reach of a stretch, its positions counted from the stretch's start."""
    low, high = start - REACH, stop + REACH

    def near(position: int, length: int) -> bool:
        return position < high and position + length > low

    fade_in, fade_out = plan.fade_in, plan.fade_out
    if fade_in is not None:
        fade_in = (fade_in[0] - start, fade_in[1]) if near(*fade_in) else None
    if fade_out is not None:
        begins = fade_out[0] - fade_out[1]
        fade_out = (fade_out[0] - start, fade_out[1]) if begins < high else None
    return MixPlan(
        sounds=tuple(
            _clipped(sound, low, high, start)
            for sound in plan.sounds
            if near(sound.start, sound.length)
        ),
        fade_in=fade_in,
        fade_out=fade_out,
    )


def _clipped(sound: PlannedSound, low: int, high: int, origin: int) -> PlannedSound:
    """A sound counted from `origin`, its ends forgotten where they are out of reach.

    So the middle of a track does not depend on how long the track is.
    """
    update: dict[str, Any] = {"start": sound.start - origin}
    if sound.start + sound.length - sound.fade_out >= high:
        update |= {"length": high - sound.start, "fade_out": 0}
        if sound.bends is not None:
            update["bends"] = (sound.bends[0], (0.0, 0.0))
    return sound.model_copy(update=update)
