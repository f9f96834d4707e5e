"""A mix becomes even and of the exact length, with round peaks."""

import numpy as np
import pytest

from workers.providers.local.mastering import mastered
from workers.providers.local.sound import Samples

RATE = 24_000


def whole(mix: Samples) -> Samples:
    return np.concatenate([*mastered(mix, RATE)], axis=1)


def tone(seconds: float, loud: float) -> Samples:
    time = np.arange(round(seconds * RATE)) / RATE
    wave = np.sin(2 * np.pi * 311.3 * time)
    return (loud * np.stack((wave, wave))).astype(np.float32)


@pytest.mark.parametrize("count", [1, 2, 3, 32_767, 32_768, 32_769, 100_001])
def test_the_length_is_exact(count: int) -> None:
    assert whole(np.ones((2, count), dtype=np.float32)).shape == (2, count)


@pytest.mark.parametrize("loud", [0.001, 0.3, 20.0])
def test_the_level_is_even(loud: float) -> None:
    steady = whole(tone(20, loud))[:, 2 * RATE : 10 * RATE]
    assert 10 * np.log10(np.square(steady).sum(axis=0).mean()) == pytest.approx(-17, abs=0.1)


def test_peaks_are_bent_and_not_cut() -> None:
    mix = tone(20, 0.02)
    mix[:, 5 * RATE : 5 * RATE + 2_000] *= 5
    out = np.abs(whole(mix))
    assert 0.6 < out.max() <= 10 ** (-3.2 / 20)
    assert np.count_nonzero(out == out.max()) < 100


def test_silence_stays() -> None:
    assert not whole(np.zeros((2, 1_000), dtype=np.float32)).any()
