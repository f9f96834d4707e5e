"""What of a render a person should look at: its facts held against what its timeline wants."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from workers.render.formats import SAMPLE_RATE
from workers.render.jobs import JoinFacts, PictureFacts, SoundFacts
from workers.render.loudness import integrated
from workers.render.picture_plan import PictureSegment
from workers.render.report import Finding, FindingCode
from workers.render.sound_plan import MixPlan, PlannedSound
from workers.render.timeline import Timeline

LENGTH_TOLERANCE = 0.04
_LOUDNESS_TOLERANCE = 1.5
_SHORTEST_SILENCE = 2 * SAMPLE_RATE
_BT709 = "1"


class Made(NamedTuple):
    """All that is known of a render: its segments and pieces in order, with their facts."""

    timeline: Timeline
    segments: Sequence[tuple[PictureSegment, PictureFacts]]
    mix: MixPlan
    pieces: Sequence[tuple[int, SoundFacts]]
    """Where each piece of sound begins, in samples."""
    joined: JoinFacts


def findings(made: Made) -> tuple[Finding, ...]:
    """Everything that was found, in the order of time."""
    found = [*_of_streams(made), *_of_pictures(made), *_of_sound(made)]
    return tuple(sorted(found, key=lambda finding: finding.start))


def commands(made: Made) -> tuple[str, ...]:
    """The ffmpeg commands that made the parts, each once; also of parts that were kept."""
    parts = [facts.command for _, facts in made.segments]
    return tuple(dict.fromkeys([*parts, *(facts.command for _, facts in made.pieces)]))


def loudness(pieces: Iterable[tuple[int, SoundFacts]]) -> float | None:
    """Integrated loudness of all pieces together, in LUFS."""
    found = integrated([value for _, facts in pieces for value in facts.momentary])
    return round(found, 2) if found is not None else None


def decibels(peak: float) -> float:
    """A factor in dB; silence is -120."""
    return round(20 * math.log10(max(peak, 1e-6)), 2)


def _of_streams(made: Made) -> Iterator[Finding]:
    wanted, joined = made.timeline.duration, made.joined

    def whole(code: FindingCode, message: str) -> Finding:
        return Finding(code=code, start=0.0, end=wanted, message=message)

    if joined.frames != made.timeline.frames or abs(joined.duration - wanted) > LENGTH_TOLERANCE:
        yield whole("length", f"it lasts {joined.duration:.2f} s instead of {wanted:.2f} s")
    if made.timeline.audible and joined.sound_seconds is None:
        yield whole("streams", "it has no sound")
    elif joined.sound_seconds is not None:
        if abs(joined.sound_seconds - wanted) > LENGTH_TOLERANCE:
            yield whole("length", f"its sound lasts {joined.sound_seconds:.2f} s")
        if abs(joined.offset_seconds) > 1 / made.timeline.format.fps:
            yield whole("offset", f"its sound is {joined.offset_seconds * 1000:.0f} ms late")
    if set(joined.tags.values()) != {_BT709}:
        yield whole("tags", f"its colours are not tagged as BT.709: {joined.tags}")


def _of_pictures(made: Made) -> Iterator[Finding]:
    fps = made.timeline.format.fps
    for segment, facts in made.segments:
        dark = bool(segment.plan.fades) or (
            segment.plan.transition is not None and segment.plan.transition.kind == "fade"
        )
        spans = [("black", span) for span in facts.black if not dark]
        for code, span in [*spans, *(("frozen", span) for span in facts.frozen)]:
            stop = segment.frames if segment.plan.repeats else span.stop
            start, end = (segment.start + span.start) / fps, (segment.start + stop) / fps
            if code == "black":
                yield Finding(code="black", start=start, end=end, message="the picture is black")
            else:
                yield Finding(
                    code="frozen", start=start, end=end, message="the picture stands still"
                )


def _of_sound(made: Made) -> Iterator[Finding]:
    if not made.pieces:
        return
    wanted = made.timeline.loudness
    measured = loudness(made.pieces)
    if wanted is not None and (
        measured is None or abs(measured - wanted.target_lufs) > _LOUDNESS_TOLERANCE
    ):
        told = "silent" if measured is None else f"at {measured:.1f} LUFS"
        yield Finding(
            code="loudness",
            start=0.0,
            end=made.timeline.duration,
            message=f"the sound is {told} instead of at {wanted.target_lufs:g} LUFS",
        )
    for start, facts in made.pieces:
        if facts.clipped:
            yield Finding(
                code="clipped",
                start=start / SAMPLE_RATE,
                end=start / SAMPLE_RATE,
                message=f"{facts.clipped} samples are at full scale",
            )
    silence = _silence(made.pieces)
    for sound in made.mix.sounds:
        for begin, stop in silence:
            first, last = max(begin, sound.start), min(stop, sound.start + sound.length)
            if _is_missed(sound, last - first):
                yield Finding(
                    code="silent",
                    start=first / SAMPLE_RATE,
                    end=last / SAMPLE_RATE,
                    message=f"nothing is heard of the {sound.role} there",
                )


def _is_missed(sound: PlannedSound, silent: int) -> bool:
    if sound.role == "music":
        return silent > min(_SHORTEST_SILENCE, sound.length - 1)
    return silent >= sound.length > 0


def _silence(pieces: Sequence[tuple[int, SoundFacts]]) -> list[tuple[int, int]]:
    """Where the whole sound is silent, in samples."""
    spans: list[tuple[int, int]] = []
    for start, facts in pieces:
        for span in facts.silent:
            first, last = start + span.start, start + span.stop
            if spans and spans[-1][1] >= first:
                spans[-1] = (spans[-1][0], last)
            else:
                spans.append((first, last))
    return spans
