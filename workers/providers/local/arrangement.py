"""What a prompt asks to hear: metre, tempo, and who plays chords, figures and melody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Instrument = Literal["pad", "strings", "pluck", "keys", "bell", "flute", "bass", "drum", "brush"]
Beat = Literal["none", "felt", "brushed"]

_THREES = frozenset(("waltz", "minuet", "mazurka", "jig", "3/4", "6/8"))
_SWINGING = frozenset(
    ("swing", "swung", "shuffle", "jazz", "blues", "lofi", "lo-fi", "chillhop", "lazy")
)
_BEATS: dict[Beat, frozenset[str]] = {
    "brushed": frozenset(
        (
            *("beat", "beats", "brush", "brushes", "brushed"),
            *("groove", "lofi", "lo-fi", "jazz", "bossa"),
        )
    ),
    "felt": frozenset(
        ("drum", "drums", "percussion", "timpani", "tribal", "epic", "march", "processional")
    ),
}
_PLAYERS: dict[Instrument, frozenset[str]] = {
    "strings": frozenset(
        ("strings", "string", "violin", "violins", "viola", "cello", "orchestra", "bowed")
    ),
    "pad": frozenset(("pad", "pads", "synth", "choir", "drone", "ambient", "organ")),
    "keys": frozenset(("piano", "keys", "rhodes", "keyboard", "harpsichord", "electric")),
    "pluck": frozenset(("harp", "lute", "guitar", "koto", "harpsichord", "plucked", "mandolin")),
    "flute": frozenset(
        ("flute", "flutes", "recorder", "whistle", "oboe", "clarinet", "woodwind", "woodwinds")
    ),
    "bell": frozenset(("bell", "bells", "celesta", "glockenspiel", "chimes", "vibraphone", "box")),
}
_TEMPO = re.compile(r"(\d{2,3})\s*bpm")
_SWING = 0.14
"""How much of a beat the second half of a swung beat comes late."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Who plays what; `swing` is in beats."""

    beats: int
    chords: Instrument
    figures: Instrument
    melody: Instrument
    beat: Beat
    swing: float
    tempo: int | None


def arrangement_of(prompt: str, *, drums: bool) -> Arrangement:
    """The arrangement of a prompt; where it names nobody, the usual players of the house."""
    text = prompt.lower()
    words = frozenset(re.findall(r"[a-z]+(?:-[a-z]+)?|\d/\d", text))
    told = _TEMPO.search(text)
    tempo = int(told[1]) if told else None
    return Arrangement(
        beats=3 if words & _THREES else 4,
        chords=_first(words, ("strings", "pad"), "pad"),
        figures=_first(words, ("pluck", "keys"), "pluck"),
        melody=_first(words, ("flute", "bell", "keys"), "bell"),
        beat=_beat(words, drums=drums),
        swing=_SWING if words & _SWINGING else 0.0,
        tempo=tempo if tempo is not None and 30 <= tempo <= 240 else None,
    )


def _first(words: frozenset[str], among: tuple[Instrument, ...], usual: Instrument) -> Instrument:
    return next((each for each in among if words & _PLAYERS[each]), usual)


def _beat(words: frozenset[str], *, drums: bool) -> Beat:
    named: tuple[Beat, ...] = ("brushed", "felt")
    usual: Beat = "felt" if drums else "none"
    return next((each for each in named if words & _BEATS[each]), usual)
