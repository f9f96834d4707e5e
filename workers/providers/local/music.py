"""The local composer: simple harmony by mood, rendered with NumPy, for stand-in scores."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from workers.crew import aside
from workers.providers.base import FileResult, Local, free_usage
from workers.providers.errors import ProviderRefused
from workers.providers.music import MusicRequest
from workers.render.facts import Look
from workers.render.own import looked_at

if TYPE_CHECKING:
    from workers.providers.local.score import Note
    from workers.providers.local.sound import Samples

LONGEST_SECONDS = 600.0

_ROOM_SHARES = {
    **{"pad": 0.22, "strings": 0.26, "pluck": 0.3, "keys": 0.24, "bell": 0.38, "flute": 0.34},
    **{"bass": 0.05, "drum": 0.16, "brush": 0.1},
}


class LocalMusicProvider(Local):
    """Composes in the mood's key, in the metre, tempo and instruments that the prompt names."""

    model = "backlot-composer-5"

    async def compose(self, request: MusicRequest, into: Path) -> FileResult:
        """Write a piece of exactly the asked length, to a sample."""
        if request.seconds > LONGEST_SECONDS:
            raise ProviderRefused(
                f"The local composer writes up to {LONGEST_SECONDS:.0f} seconds: "
                "ask for a shorter piece and let the timeline repeat it.",
                code="music_too_long",
            )
        look = await aside(compose, request, into)
        return FileResult(
            provider=self.provider,
            model=self.model,
            usage=free_usage(seconds=request.seconds),
            path=into,
            media_type="audio/flac",
            seconds=request.seconds,
            look=look,
        )


def compose(request: MusicRequest, into: Path) -> Look:
    """Write the piece, and look at it."""
    import numpy as np

    from workers.providers.local.instruments import RATE
    from workers.providers.local.mastering import mastered
    from workers.providers.local.room import add_the_room
    from workers.providers.local.score import character_of, notes_of
    from workers.providers.local.sound import write_flac

    character = character_of(request.mood, request.prompt)
    mix = np.zeros((2, max(1, round(request.seconds * RATE))), dtype=np.float32)
    sent = np.zeros(mix.shape[1], dtype=np.float32)
    # A piece repeats few distinct sounds, so each is made once and then placed; the room answers
    # to all of them at once.
    sounds: dict[tuple[object, ...], tuple[Samples, Samples]] = {}
    score = notes_of(character, request.seconds, request.tempo, request.seed, request.prompt)
    for note in score:
        key = (note.instrument, note.notes, round(note.seconds, 4))
        if key not in sounds:
            sound = _sound(note, character.brightness)
            sounds[key] = sound, sound[0] if len(sound) == 1 else sound.mean(axis=0)
        sound, middle = sounds[key]
        start = round(note.start * RATE)
        end = min(mix.shape[1], start + middle.size)
        if start < end:
            mix[:, start:end] += sound[:, : end - start] * _sides(note)
            share = np.float32(note.volume * _ROOM_SHARES[note.instrument])
            sent[start:end] += share * middle[: end - start]
    add_the_room(mix, sent, RATE)
    write_flac(into, RATE, 2, mastered(mix, RATE))
    return looked_at(into, is_whole=True)


def _sound(note: Note, brightness: float) -> Samples:
    from workers.providers.local import instruments

    first = note.notes[0]
    match note.instrument:
        case "pad":
            dry = instruments.pad(note.notes, note.seconds, brightness)
        case "strings":
            dry = instruments.strings(note.notes, note.seconds, brightness)
        case "pluck":
            dry = instruments.pluck(first, note.seconds, brightness)
        case "keys":
            dry = instruments.keys(first, note.seconds, brightness)
        case "bell":
            dry = instruments.bell(first, note.seconds)
        case "flute":
            dry = instruments.flute(first, note.seconds)
        case "bass":
            dry = instruments.bass(first, note.seconds)
        case "drum":
            dry = instruments.drum(note.seconds)
        case "brush":
            dry = instruments.brush(note.seconds, accent=bool(first))
    return dry


def _sides(note: Note) -> Samples:
    """How loud a note is on the left and on the right, (2, 1), at constant power."""
    import numpy as np

    angle = (note.pan + 1) * math.pi / 4
    loud = note.volume * math.sqrt(2)
    return np.array([[loud * math.cos(angle)], [loud * math.sin(angle)]], dtype=np.float32)
