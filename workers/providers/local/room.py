"""The room that music is played in: what it answers to a sound."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from workers.providers.local.sound import Samples

ROOM_SECONDS = 1.6
_POWER = 2.0
"""Of what it answers to an impulse of power 1, on either side."""
_TRANSFORMED = 200_000
"""Samples that one transform takes: one of the quick lengths, as no prime above 5 divides it."""
_NORM: Final = "ortho"
"""One way and back it is as exact as any; with a factor of 1 NumPy reckons in double precision."""


def add_the_room(mix: Samples, sent: Samples, rate: int) -> None:
    """Add to `mix`, (2, n) at `rate`, what the room answers to `sent`, (n,), up to the end of it.

    What is sent is of one channel: in a room it is heard from all sides wherever it comes from.
    """
    tail = round(ROOM_SECONDS * rate)
    # Fresh memory costs more than what is done with it, so all blocks share theirs. They are of
    # any type, as NumPy's annotations know transforms in double precision only.
    spectrum: Any = np.empty(_TRANSFORMED // 2 + 1, dtype=np.complex64)
    answered: Any = np.empty_like(spectrum)
    answer: Any = np.empty(_TRANSFORMED, dtype=np.float32)
    for start in range(0, sent.size, _TRANSFORMED - tail):
        block = sent[start : start + _TRANSFORMED - tail]
        np.fft.rfft(block, _TRANSFORMED, norm=_NORM, out=spectrum)
        for side, room in zip(mix, _room_spectrum(rate), strict=True):
            np.multiply(spectrum, room, out=answered)
            np.fft.irfft(answered, _TRANSFORMED, norm=_NORM, out=answer)
            reached = side[start : start + _TRANSFORMED]
            reached += answer[: reached.size]


@lru_cache(maxsize=1)
def _room_spectrum(rate: int) -> npt.NDArray[np.complex64]:
    return np.asarray(np.fft.rfft(_room(rate), _TRANSFORMED), dtype=np.complex64)


def _room(rate: int) -> Samples:
    """An impulse of decaying, darkening noise, different left and right, always the same."""
    count = round(ROOM_SECONDS * rate)
    spectrum = np.fft.rfft(np.random.default_rng(1954).standard_normal((2, count)))
    pitches = np.fft.rfftfreq(count, 1 / rate)
    dark = 1 / (1 + (pitches / 2200.0) ** 2) * (pitches > 120)
    tail = np.fft.irfft(spectrum * dark, count)
    time = np.arange(count) / rate
    tail *= np.exp(-4.2 * time) * np.minimum(1, time / 0.012)
    tail *= np.minimum(1, (ROOM_SECONDS - time) / 0.2)
    tail *= np.sqrt(_POWER / np.sum(tail**2, axis=1, keepdims=True))
    return np.asarray(tail, dtype=np.float32)
