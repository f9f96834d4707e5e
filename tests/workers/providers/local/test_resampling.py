"""A higher rate keeps every tone as it is, and mirrors none."""

import numpy as np
import numpy.typing as npt
import pytest

from workers.providers.local.resampling import resampled
from workers.providers.local.sound import SAMPLE_RATE, Samples


def tone(pitch: float, rate: int, count: int) -> npt.NDArray[np.float64]:
    return np.sin(2 * np.pi * pitch * np.arange(count) / rate)


def at_48_khz(sound: Samples, rate: int) -> Samples:
    return np.concatenate([*resampled(sound, rate)], axis=1)


@pytest.mark.parametrize("rate", [22_050, 24_000, 16_000])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
def test_tone_and_level_stay(rate: int, share: float) -> None:
    pitch = rate / 2 * share
    sound = np.stack([tone(pitch, rate, 2 * rate), np.zeros(2 * rate)]).astype(np.float32)
    out = at_48_khz(sound, rate)
    assert out.shape == (2, 2 * SAMPLE_RATE)
    expected = tone(pitch, SAMPLE_RATE, 2 * SAMPLE_RATE)
    assert np.abs(out[0] - expected)[400:-400].max() < 0.0003
    assert not out[1].any()


def test_nothing_is_mirrored() -> None:
    out = at_48_khz(tone(9_900, 22_050, 44_100).astype(np.float32)[np.newaxis], 22_050)[0]
    spectrum = np.abs(np.fft.rfft(out * np.hanning(out.size)))
    assert spectrum[11_500 * 2 :].max() < spectrum.max() * 10 ** (-78 / 20)


@pytest.mark.parametrize("count", [0, 1, 4_703, 4_704, 4_705, 100_001])
def test_the_length_is_exact(count: int) -> None:
    blocks = [*resampled(np.ones((1, count), dtype=np.float32), 22_050)]
    assert sum(block.shape[1] for block in blocks) == round(count * 48_000 / 22_050)


def test_what_has_the_rate_stays_as_it_is() -> None:
    sound = np.ones((2, 10), dtype=np.float32)
    assert next(resampled(sound, SAMPLE_RATE)) is sound
