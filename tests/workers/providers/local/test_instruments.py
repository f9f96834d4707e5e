"""Instruments sound as their formulas say, begin and end in silence, and have no tone too high."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from workers.providers.local import instruments
from workers.providers.local.instruments import RATE, Sine, sines
from workers.providers.local.sound import Samples

PLAYED: dict[str, Callable[[], Samples]] = {
    "pad": lambda: instruments.pad((48, 52, 55, 60), 4.1, 0.5),
    "strings": lambda: instruments.strings((48, 52, 55, 60), 4.1, 0.5),
    "pluck": lambda: instruments.pluck(100, 1.3, 0.6),
    "keys": lambda: instruments.keys(60, 1.3, 0.5),
    "bell": lambda: instruments.bell(110, 1.7),
    "flute": lambda: instruments.flute(84, 1.9),
    "bass": lambda: instruments.bass(36, 1.0),
    "drum": lambda: instruments.drum(0.7),
    "brush": lambda: instruments.brush(0.16, accent=True),
    "a moment": lambda: instruments.pad((48,), 0.001, 0.5),
}


def moments(count: int) -> npt.NDArray[np.float64]:
    return np.arange(count) / RATE


@pytest.mark.parametrize("count", [1, 255, 256, 257, 100_003])
def test_sines_are_exact_from_the_first_to_the_last(count: int) -> None:
    time = moments(count)
    parts = [Sine(440.0, 1.0), Sine(3_000.5, 0.5, 2.5), Sine(7_999.9, 0.25, 0.1, 1.2)]
    expected = sum(
        abs(part.strength)
        * np.exp(-part.decay * time)
        * np.sin(2 * np.pi * part.tone * time + part.start)
        for part in parts
    )
    assert sines(count, parts).shape == (count,)
    assert np.abs(sines(count, parts) - expected).max() < 2e-6


def test_a_vibrato_is_the_swinging_angle_that_it_stands_for() -> None:
    time = moments(50_000)
    sine = Sine(500.0, 0.8, start=0.7)
    swinging = 0.8 * np.sin(2 * np.pi * 500 * time + 0.7 + 1.1 * np.sin(2 * np.pi * 5 * time))
    found = sines(time.size, [*instruments._wavering(sine, 5, 1.1)])
    assert np.abs(found - swinging).max() < 0.001


@pytest.mark.parametrize("name", PLAYED)
def test_it_begins_and_ends_in_silence(name: str) -> None:
    sound = PLAYED[name]()
    assert sound.dtype == np.float32
    assert np.abs(sound[:, [0, -1]]).max() < 1e-3
    assert np.isfinite(sound).all()


@pytest.mark.parametrize("name", [name for name in PLAYED if name not in ("brush", "a moment")])
def test_no_tone_is_too_high(name: str) -> None:
    sound = PLAYED[name]()
    power = np.abs(np.fft.rfft(sound * np.hanning(sound.shape[1]))) ** 2
    highest = round(power.shape[1] * 0.85)
    assert power[:, highest:].sum() < 1e-7 * power.sum()
