import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workers.render import gains

LEVELS = arrays(np.float32, st.integers(1, 80), elements=st.floats(0, 4, width=32))

A_STEP = gains.STEP / 48_000


@given(LEVELS)
def test_limiting_keeps_every_sample_under_the_ceiling(peaks: gains.Curve) -> None:
    samples = len(peaks) * gains.STEP
    factors = gains.factors(gains.limiting(peaks), 0, samples)[:, 0]
    loudest = np.repeat(peaks, gains.STEP) * factors
    assert loudest.max() <= 10 ** (gains.CEILING_DB / 20) * 1.0001


@given(LEVELS, st.floats(1, 500), st.floats(1, 500))
def test_a_limited_curve_is_lower_and_gentle(levels: gains.Curve, rise: float, fall: float) -> None:
    curve = gains.slope_limited(-levels, rise, fall)
    assert (curve <= -levels + 1e-4).all()
    assert (np.diff(curve) <= rise * A_STEP + 1e-4).all()
    assert (np.diff(curve) >= -fall * A_STEP - 1e-4).all()


def test_music_goes_down_before_speech_and_comes_back_after_it() -> None:
    power = np.zeros(400, dtype=np.float32)
    power[150:250] = 0.1
    curve = gains.ducking(power, -9.0)
    assert curve[:110].max() == curve[350:].max() == 0
    assert np.allclose(curve[150:251], -9, atol=0.5)
    assert np.abs(np.diff(curve)).max() < 0.6


def test_any_range_has_the_same_gains_as_the_whole() -> None:
    nodes = np.linspace(-12, 0, 11, dtype=np.float32)
    whole = gains.factors(nodes, 0, 10 * gains.STEP)
    part = gains.factors(nodes, 700, 1900)
    assert np.allclose(whole[700:1900], part)
