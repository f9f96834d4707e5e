from pathlib import Path

import numpy as np
import pytest

from tests.workers.render import material
from workers.render.formats import SAMPLE_RATE
from workers.render.timeline import MusicClip, VoiceClip


def seconds(signal: material.Signal, start: float, end: float) -> material.Signal:
    return signal[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]


def test_music_is_ducked_under_speech_and_lasts_exactly(
    tmp_path: Path, picture: Path, voice: Path
) -> None:
    music = material.tone(tmp_path / "long.wav", hertz=220, seconds=9.0, level=0.4, channels=2)
    bed = MusicClip(path=music, gain_db=-6, duck_db=-12, fade_out=0)
    clip = VoiceClip(path=voice, start=2.0)
    timeline = material.timeline(picture, 5.0, voices=(clip,), music=(bed,))
    mixed = material.mixed(timeline, tmp_path)
    assert len(mixed) == 5 * SAMPLE_RATE
    alone, beneath, after = (
        material.level_db(seconds(mixed, *span), 220) for span in ((1, 1.5), (2.2, 2.8), (4.2, 4.8))
    )
    assert alone == pytest.approx(-14.0, abs=0.5)  # 0.4 is -8 dBFS
    assert beneath == pytest.approx(alone - 12, abs=0.7)
    assert after == pytest.approx(alone, abs=0.7)
    assert material.level_db(seconds(mixed, 2.2, 2.8), 600) == pytest.approx(-6, abs=0.2)


def test_nothing_clicks(tmp_path: Path, picture: Path, voice: Path, music: Path) -> None:
    bed = MusicClip(path=music, gain_db=0)
    clips = (VoiceClip(path=voice, start=0.7), VoiceClip(path=voice, start=3.1))
    timeline = material.timeline(
        picture, 6.0, voices=clips, music=(bed,), fade_in=0.3, fade_out=0.3
    )
    mixed = material.mixed(timeline, tmp_path)
    steepest = 2 * np.pi * (600 * 0.5 + 220 * 0.4 * 2**0.5) / SAMPLE_RATE
    assert np.abs(np.diff(mixed, axis=0)).max() < steepest * 1.1
    assert np.abs(mixed[[0, -1]]).max() < 0.001


def test_loud_voices_are_kept_below_minus_one_decibel(
    tmp_path: Path, picture: Path, voice: Path
) -> None:
    clips = tuple(VoiceClip(path=voice, start=start, gain_db=9) for start in (0, 0.2, 0.4))
    peak = np.abs(material.mixed(material.timeline(picture, 1.0, voices=clips), tmp_path)).max()
    assert 10 ** (-3 / 20) < peak < 10 ** (-1 / 20)


def test_segments_share_one_piece_of_music(tmp_path: Path, picture: Path, music: Path) -> None:
    bed = {"path": music, "fade_in": 0, "fade_out": 0}
    whole = material.timeline(picture, 8.0, music=({**bed, "offset": 0.0},))
    second = material.timeline(picture, 4.0, music=({**bed, "offset": 4.0},))
    expected = material.mixed(whole, tmp_path)[4 * SAMPLE_RATE :]
    actual = material.mixed(second, tmp_path)
    assert np.abs(expected[200:-200] - actual[200:-200]).max() < 0.001


def test_a_timeline_without_sound_is_silent_for_its_length(tmp_path: Path, picture: Path) -> None:
    silent = material.mixed(material.timeline(picture, 0.7), tmp_path)
    assert silent.shape == (round(0.7 * SAMPLE_RATE), 2)
    assert not silent.any()
