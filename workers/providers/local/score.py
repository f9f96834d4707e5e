"""What a mood sounds like: scale, chords, pace; and the notes that follow from a seed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from workers.providers.local.screenwriter.staging import mood_of
from workers.providers.local.seeds import dice

Instrument = Literal["pad", "pluck", "bell", "bass", "drum"]

_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
_DORIAN, _LYDIAN, _PHRYGIAN = (
    (0, 2, 3, 5, 7, 9, 10), (0, 2, 4, 6, 7, 9, 11), (0, 1, 3, 5, 7, 8, 10),
)  # fmt: skip
BEATS_A_BAR = 4


@dataclass(frozen=True, slots=True)
class Character:
    """How a mood is played: chords are degrees of the scale (0 is home)."""

    scale: tuple[int, ...]
    progressions: tuple[tuple[int, ...], ...]
    tempo: int
    brightness: float
    density: int
    drums: bool = False


CHARACTERS: dict[str, Character] = {
    "calm": Character(_MAJOR, ((0, 3, 5, 4), (0, 5, 3, 4)), 72, 0.42, 1),
    "joyful": Character(_MAJOR, ((0, 4, 5, 3), (0, 3, 0, 4)), 112, 0.6, 2),
    "playful": Character(_LYDIAN, ((0, 1, 0, 4), (0, 4, 1, 0)), 120, 0.62, 2),
    "tender": Character(_MAJOR, ((0, 2, 3, 4), (3, 0, 4, 5)), 66, 0.36, 1),
    "triumphant": Character(_MAJOR, ((0, 4, 5, 3), (0, 3, 4, 0)), 100, 0.66, 2, drums=True),
    "sad": Character(_MINOR, ((0, 5, 2, 6), (0, 3, 5, 4)), 60, 0.32, 1),
    "tense": Character(_MINOR, ((0, 0, 5, 4), (0, 1, 0, 6)), 96, 0.5, 2, drums=True),
    "angry": Character(_PHRYGIAN, ((0, 1, 0, 6), (0, 5, 1, 0)), 116, 0.6, 2, drums=True),
    "mysterious": Character(_DORIAN, ((0, 3, 0, 6), (0, 1, 3, 0)), 76, 0.4, 1),
    "dark": Character(_PHRYGIAN, ((0, 1, 0, 5), (0, 6, 5, 1)), 58, 0.28, 0, drums=True),
}


@dataclass(frozen=True, slots=True)
class Note:
    """One sound: when (seconds), how long, what and how loud."""

    instrument: Instrument
    start: float
    seconds: float
    notes: tuple[int, ...]
    volume: float
    pan: float = 0.0


def character_of(mood: str, prompt: str) -> Character:
    """The character of a known mood, else of the mood that mood word and prompt tell."""
    if mood in CHARACTERS:
        return CHARACTERS[mood]
    words = Counter(re.findall(r"[a-z]+", f"{mood} {prompt}".lower()))
    named = [name for name in CHARACTERS if words[name]]
    return CHARACTERS[named[0] if named else mood_of(f"{mood} {prompt}")]


def notes_of(character: Character, seconds: float, tempo: int | None, seed: int) -> Iterator[Note]:
    """All notes of a piece: chords first, then bass and strings, a melody that comes and goes."""
    die = dice("music", seed)
    beat = 60 / (tempo or character.tempo + die.randint(-4, 4))
    home = 48 + die.randint(-3, 4)
    progression = die.choice(character.progressions)
    bar = beat * BEATS_A_BAR
    bars = max(1, round(seconds / bar))
    pattern = [die.choice((0, 1, 2, 1)) for _ in range(8)]
    motif = [(die.randint(0, 6), die.choice((1, 1, 2))) for _ in range(4)]
    for number in range(bars):
        start = number * bar
        last = number == bars - 1
        degree = 0 if last else progression[number % len(progression)]
        chord = _chord(character, home, degree)
        yield Note("pad", start, bar + 0.9, chord, 1.0)
        if number == 0 and bars > 3:
            continue
        yield Note("bass", start, bar * 0.95, (chord[0] - 12,), 0.85)
        if character.drums:
            for at in (0, 2, 2.5) if number % 2 else (0, 2):
                yield Note("drum", start + at * beat, 0.7, (0,), 0.7 if at else 0.9)
        if last and bars > 2:
            continue
        yield from _arpeggio(character, chord, start, beat, pattern)
        if number // 4 % 2 == 1 or bars <= 4:
            yield from _melody(character, home, degree, start, beat, motif)


def _chord(character: Character, home: int, degree: int) -> tuple[int, ...]:
    """A triad with its root doubled above, kept in one register."""
    notes = [_step(character, home, degree + third) for third in (0, 2, 4)]
    while notes[0] > home + 7:
        notes = [note - 12 for note in notes]
    return (*notes, notes[0] + 12)


def _step(character: Character, home: int, degree: int) -> int:
    octave, step = divmod(degree, 7)
    return home + 12 * octave + character.scale[step]


def _arpeggio(
    character: Character, chord: tuple[int, ...], start: float, beat: float, pattern: list[int]
) -> Iterator[Note]:
    per_beat = character.density
    for index in range(BEATS_A_BAR * per_beat):
        note = chord[(pattern[index % 8] + index) % len(chord)] + 12
        at = start + index * beat / per_beat
        volume = 0.62 if index % (2 * per_beat) else 0.8
        yield Note("pluck", at, max(0.9, beat * 1.6), (note,), volume, 0.35 * (-1) ** index)


def _melody(
    character: Character,
    home: int,
    degree: int,
    start: float,
    beat: float,
    motif: list[tuple[int, int]],
) -> Iterator[Note]:
    at = 0
    for step, length in motif:
        if at + length > BEATS_A_BAR:
            break
        note = _step(character, home + 24, degree + (step if at else step // 2 * 2) % 5)
        yield Note("bell", start + at * beat, length * beat + 0.9, (note,), 0.75, 0.15)
        at += length
