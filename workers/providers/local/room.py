"""The room that music is played in: what it answers to a sound."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.providers.local.sound import SAMPLE_RATE, Samples

ROOM_SECONDS = 1.6
_TRANSFORMED = 230_400
"""Samples that one transform takes: one of the quick lengths, as no prime above 5 divides it."""


def add_the_room(mix: Samples, sent: Samples, rate: int) -> None:
    """Add to `mix` what the room answers to `sent`, both (2, n) at `rate`, up to the end of it."""
    tail = round(ROOM_SECONDS * rate)
    # Fresh memory costs more than what is done with it, so all blocks share theirs. They are of
    # any type, as NumPy's annotations know transforms in double precision only.
    spectrum: Any = np.empty(_TRANSFORMED // 2 + 1, dtype=np.complex64)
    answer: Any = np.empty(_TRANSFORMED, dtype=np.float32)
    for heard, source, room in zip(mix, sent, _room_spectrum(rate), strict=True):
        for start in range(0, source.size, _TRANSFORMED - tail):
            block = source[start : start + _TRANSFORMED - tail]
            np.fft.rfft(block, _TRANSFORMED, out=spectrum)
            spectrum *= room
            np.fft.irfft(spectrum, _TRANSFORMED, out=answer)
            reached = heard[start : start + _TRANSFORMED]
            reached += answer[: reached.size]


@lru_cache(maxsize=1)
def _room_spectrum(rate: int) -> npt.NDArray[np.complex64]:
    return np.asarray(np.fft.rfft(_room(rate), _TRANSFORMED), dtype=np.complex64)


def _room(rate: int) -> Samples:
    """An impulse of decaying, darkening noise, different left and right, always the same.

    It is the same for every `rate`, up to the pitches that the rate can hold.
    """
    count = round(ROOM_SECONDS * rate)
    noise = np.random.default_rng(1954).standard_normal((2, round(ROOM_SECONDS * SAMPLE_RATE)))
    spectrum = np.fft.rfft(noise)[:, : count // 2 + 1]
    pitches = np.fft.rfftfreq(count, 1 / rate)
    dark = 1 / (1 + (pitches / 2200.0) ** 2) * (pitches > 120)
    tail = np.fft.irfft(spectrum * dark, count)
    time = np.arange(count) / rate
    tail *= np.exp(-4.2 * time) * np.minimum(1, time / 0.012)
    tail *= np.minimum(1, (ROOM_SECONDS - time) / 0.2)
    # As loud as an impulse of power 1 at 48 kHz.
    power = np.sum(tail**2, axis=1, keepdims=True) * (rate / SAMPLE_RATE)
    return np.asarray(tail / np.sqrt(power), dtype=np.float32)
