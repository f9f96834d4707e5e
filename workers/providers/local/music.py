"""The local composer: simple harmony by mood, rendered with NumPy, for stand-in scores."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from workers.providers.base import CostsNothing, FileResult, free_usage
from workers.providers.errors import ProviderRefused
from workers.providers.music import MusicRequest

if TYPE_CHECKING:
    from workers.providers.local.score import Note
    from workers.providers.local.sound import Samples

LONGEST_SECONDS = 600.0

# Mean power in dB; with the ear's weighting it comes to about -18 LUFS.
_LOUDNESS, _PEAK, _KNEE = -17.0, -3.2, 0.6
_ROOM_SHARES = {
    **{"pad": 0.22, "strings": 0.26, "pluck": 0.3, "keys": 0.24, "bell": 0.38, "flute": 0.34},
    **{"bass": 0.05, "drum": 0.16, "brush": 0.1},
}


class LocalMusicProvider(CostsNothing):
    """Composes in the mood's key, in the metre, tempo and instruments that the prompt names."""

    provider = "local"
    model = "backlot-composer-3"

    async def compose(self, request: MusicRequest, into: Path) -> FileResult:
        """Write a piece of exactly the asked length, to a sample."""
        if request.seconds > LONGEST_SECONDS:
            raise ProviderRefused(
                f"The local composer writes up to {LONGEST_SECONDS:.0f} seconds: "
                "ask for a shorter piece and let the timeline repeat it.",
                code="music_too_long",
            )
        await asyncio.to_thread(_compose, request, into)
        return FileResult(
            provider=self.provider,
            model=self.model,
            usage=free_usage(seconds=request.seconds),
            path=into,
            media_type="audio/wav",
            seconds=request.seconds,
        )


def _compose(request: MusicRequest, into: Path) -> None:
    import numpy as np

    from workers.providers.local.instruments import in_the_room
    from workers.providers.local.score import character_of, notes_of
    from workers.providers.local.sound import SAMPLE_RATE, write_wav

    character = character_of(request.mood, request.prompt)
    count = max(1, round(request.seconds * SAMPLE_RATE))
    mix = np.zeros((2, count), dtype=np.float32)
    echoed = np.zeros_like(mix)
    # A piece repeats few distinct sounds, so each is made once and then placed; the room answers
    # to all of them at once.
    sounds: dict[tuple[object, ...], Samples] = {}
    score = notes_of(character, request.seconds, request.tempo, request.seed, request.prompt)
    for note in score:
        key = (note.instrument, note.notes, round(note.seconds, 4), note.pan)
        if key not in sounds:
            sounds[key] = _sound(note, character.brightness)
        sound = sounds[key]
        start = round(note.start * SAMPLE_RATE)
        end = min(count, start + sound.shape[1])
        if start < end:
            heard = sound[:, : end - start] * np.float32(note.volume)
            mix[:, start:end] += heard
            heard *= np.float32(_ROOM_SHARES[note.instrument])
            echoed[:, start:end] += heard
    mix += in_the_room(echoed)
    write_wav(into, 2, [_mastered(mix, request.seconds)])


def _sound(note: Note, brightness: float) -> Samples:
    from workers.providers.local import instruments

    first = note.notes[0]
    match note.instrument:
        case "pad":
            dry = instruments.pad(note.notes, note.seconds, brightness)
        case "strings":
            dry = instruments.strings(note.notes, note.seconds, brightness)
        case "pluck":
            dry = instruments.pluck(first, note.seconds, brightness, note.pan)
        case "keys":
            dry = instruments.keys(first, note.seconds, brightness, note.pan)
        case "bell":
            dry = instruments.bell(first, note.seconds, note.pan)
        case "flute":
            dry = instruments.flute(first, note.seconds, note.pan)
        case "bass":
            dry = instruments.bass(first, note.seconds)
        case "drum":
            dry = instruments.drum(note.seconds)
        case "brush":
            dry = instruments.brush(note.seconds, note.pan, accent=bool(first))
    return dry


def _mastered(mix: Samples, seconds: float) -> Samples:
    """Even the level, round off the peaks, fade in shortly and out slowly."""
    import numpy as np

    from workers.providers.local.sound import SAMPLE_RATE

    power = float(np.mean(np.square(mix, dtype=np.float32).sum(axis=0)))
    if power > 0:
        mix *= np.float32(10 ** (_LOUDNESS / 20) / power**0.5)
    ceiling = np.float32(10 ** (_PEAK / 20))
    size = np.abs(mix) / ceiling
    loud = size > _KNEE
    rounded = _KNEE + (1 - _KNEE) * np.tanh((size[loud] - _KNEE) / (1 - _KNEE))
    mix[loud] = np.sign(mix[loud]) * (rounded * ceiling)
    rise = max(1, round(min(0.05, seconds / 4) * SAMPLE_RATE))
    fall = max(1, round(min(3.0, seconds / 3) * SAMPLE_RATE))
    count = mix.shape[1]
    rise, fall = min(rise, count), min(fall, count)
    mix[:, :rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    mix[:, count - fall :] *= np.linspace(1, 0, fall, dtype=np.float32) ** 1.5
    return mix
