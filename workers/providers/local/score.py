"""What a mood sounds like: scale, chords, pace; and the notes that follow from a seed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workers.providers.local.arrangement import Arrangement, Instrument, arrangement_of
from workers.providers.local.screenwriter.staging import mood_of
from workers.providers.local.seeds import dice

_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
_DORIAN, _LYDIAN, _PHRYGIAN = (
    (0, 2, 3, 5, 7, 9, 10), (0, 2, 4, 6, 7, 9, 11), (0, 1, 3, 5, 7, 8, 10),
)  # fmt: skip
SECTION_BARS = 8


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


_ADJECTIVES: dict[str, tuple[str, ...]] = {
    "calm": ("serene", "peaceful", "quiet", "relaxing", "soft", "slow", "cosy", "chill", "sleepy"),
    "joyful": ("happy", "bright", "uplifting", "sunny", "cheerful", "festive", "lively"),
    "playful": ("whimsical", "quirky", "light", "funny"),
    "tender": (
        "elegant",
        "romantic",
        "dreamy",
        "warm",
        "gentle",
        "loving",
        "intimate",
        "classical",
    ),
    "triumphant": ("epic", "royal", "heroic", "majestic", "grand", "noble"),
    "sad": ("melancholic", "melancholy", "nostalgic", "wistful", "rainy", "lonely"),
    "mysterious": ("mystical", "ethereal", "cosmic", "enchanted", "magical", "mystic", "ancient"),
    "dark": ("ominous", "gothic", "gloomy", "haunting", "deep"),
}
_BY_WORD = {name: name for name in CHARACTERS} | {
    word: name for name, words in _ADJECTIVES.items() for word in words
}


def character_of(mood: str, prompt: str) -> Character:
    """The character of a known mood, else of the mood that mood word and prompt tell first."""
    if mood in CHARACTERS:
        return CHARACTERS[mood]
    text = f"{mood} {prompt}"
    words = re.findall(r"[a-z]+", text.lower())
    named = next((_BY_WORD[word] for word in words if word in _BY_WORD), None)
    return CHARACTERS[named or mood_of(text)]


def notes_of(
    character: Character, seconds: float, tempo: int | None, seed: int, prompt: str = ""
) -> Iterator[Note]:
    """All notes of a piece: sections that come back changed, in the prompt's arrangement."""
    piece = _Piece(character, arrangement_of(prompt, drums=character.drums), tempo, seed)
    bars = max(1, round(seconds / piece.bar))
    for number in range(bars):
        last = number == bars - 1
        yield from piece.bar_of(number, bars, last=last)


class _Piece:
    """The themes of one piece, and how a bar of it is played."""

    def __init__(
        self, character: Character, arrangement: Arrangement, tempo: int | None, seed: int
    ) -> None:
        self.die = die = dice("music", seed)
        self.character, self.arrangement = character, arrangement
        self.beat = 60 / (tempo or arrangement.tempo or character.tempo + die.randint(-4, 4))
        self.bar = self.beat * arrangement.beats
        self.home = 48 + die.randint(-5, 6)
        self.progressions = [self._progression(), self._progression()]
        self.figures = [[die.randint(0, 3) for _ in range(8)] for _ in range(2)]
        self.themes = [[self._motif() for _ in range(3)] for _ in range(2)]
        self.order = ["A", *die.sample(["A", "B", "B", "C"], 4)]
        self.side = die.choice((-1, 1))

    def bar_of(self, number: int, bars: int, *, last: bool) -> Iterator[Note]:
        """The notes of one bar."""
        kind = self._section(number, bars)
        second = kind == "B"
        progression = self.progressions[second]
        degree = 0 if last else progression[number % len(progression)]
        start, bar = number * self.bar, self.bar
        chord = _chord(self.character, self.home, degree)
        yield Note(self.arrangement.chords, start, bar + 0.9, chord, self._loud(1.0))
        if kind == "opening":
            return
        if kind != "C":
            yield Note("bass", start, bar * 0.95, (chord[0] - 12,), self._loud(0.85))
        if kind in "AB":
            yield from self._drums(start, kind, number)
        if last and bars > 2:
            return
        yield from self._figure(chord, start, self.figures[second])
        if bars <= 4 or kind == "C" or number // 4 % 2 == 1 or second:
            yield from self._melody(degree, start, number, self.themes[second])

    def _section(self, number: int, bars: int) -> str:
        if bars <= 4:
            return "A"
        if number < min(2, bars // 8 + 1):
            return "opening"
        return self.order[number // SECTION_BARS % len(self.order)]

    def _progression(self) -> list[int]:
        """One of the mood's, now and then with a relative in a chord's place; home stays first."""
        chords = [*self.die.choice(self.character.progressions)]
        if self.die.random() < 0.5:
            place = self.die.randint(1, len(chords) - 1)
            chords[place] = (chords[place] + self.die.choice((2, 5))) % 7
        return chords

    def _motif(self) -> list[tuple[float, float, int]]:
        """When, how long (in beats) and how far above the chord's root (in steps of the scale)."""
        notes, at, step = [], 0.0, self.die.choice((0, 2, 4))
        while at < self.arrangement.beats - 0.5:
            length = self.die.choice((0.5, 1, 1, 1.5, 2))
            length = min(length, self.arrangement.beats - at)
            if self.die.random() > 0.18:
                notes.append((at, length, step))
            step = min(9, max(-2, step + self.die.choice((-2, -1, -1, 1, 1, 2))))
            at += length
        return notes or [(0.0, float(self.arrangement.beats), 2)]

    def _drums(self, start: float, kind: str, number: int) -> Iterator[Note]:
        beats = self.arrangement.beats
        if self.arrangement.beat == "felt":
            for at in (0, 2, 2.5) if number % 2 and beats == 4 else (0, 2):
                volume = 0.7 if at else 0.9
                yield Note("drum", start + at * self.beat, 0.7, (0,), self._loud(volume))
        if self.arrangement.beat == "brushed":
            yield Note("drum", start, 0.5, (0,), self._loud(0.55))
            if beats == 4:
                yield Note("drum", start + 2 * self.beat, 0.5, (0,), self._loud(0.4))
            for half in range(2 * beats):
                accent = half % 4 == 2
                if accent or (kind == "B" and half % 2 == 0) or half % 2:
                    at = start + self._swung(half) * self.beat
                    yield Note("brush", at, 0.16, (accent,), self._loud(0.5), 0.25 * self.side)

    def _figure(self, chord: tuple[int, ...], start: float, pattern: list[int]) -> Iterator[Note]:
        per_beat = max(1, self.character.density)
        beats, player = self.arrangement.beats, self.arrangement.figures
        for index in range(beats * per_beat):
            note = chord[(pattern[index % len(pattern)] + index) % len(chord)] + 12
            at = start + self._swung(index * 2 / per_beat) * self.beat
            volume = 0.62 if index % (2 * per_beat) else 0.8
            pan = 0.35 * self.side * (-1) ** index
            yield Note(player, at, max(0.9, self.beat * 1.6), (note,), self._loud(volume), pan)

    def _melody(
        self, degree: int, start: float, number: int, theme: list[list[tuple[float, float, int]]]
    ) -> Iterator[Note]:
        # Question, answer, question, close: what is heard again is understood.
        motif = theme[(0, 1, 0, 2)[number % 4]]
        closing = number % 4 == 3
        for place, (at, length, step) in enumerate(motif):
            last = closing and place == len(motif) - 1
            note = _step(self.character, self.home + 24, degree + (0 if last else step))
            yield Note(
                self.arrangement.melody,
                start + self._swung(at * 2) * self.beat,
                length * self.beat + 0.9,
                (note,),
                self._loud(0.75),
                0.15 * -self.side,
            )

    def _swung(self, half_beats: float) -> float:
        """Where in the bar, in beats, a place counted in half beats lies."""
        late = self.arrangement.swing if half_beats % 2 == 1 else 0.0
        return half_beats / 2 + late

    def _loud(self, volume: float) -> float:
        """Nobody plays every note alike."""
        return volume * self.die.uniform(0.9, 1.06)


def _chord(character: Character, home: int, degree: int) -> tuple[int, ...]:
    """A triad with its root doubled above, kept in one register."""
    notes = [_step(character, home, degree + third) for third in (0, 2, 4)]
    while notes[0] > home + 7:
        notes = [note - 12 for note in notes]
    return (*notes, notes[0] + 12)


def _step(character: Character, home: int, degree: int) -> int:
    octave, step = divmod(degree, 7)
    return home + 12 * octave + character.scale[step]
