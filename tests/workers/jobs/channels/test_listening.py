"""The master desk's ears: levels, silence, clipping, and which pieces are nearly the same."""

import base64
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.support.sounds import read_flac
from workers.jobs.channels.listening import difference, listen, twins
from workers.providers.local import instruments
from workers.providers.local.music import LocalMusicProvider
from workers.providers.music import MusicRequest
from workers.render.errors import Unreadable

RATE = 48_000


def write(path: Path, sound: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Path:
    samples = np.repeat((np.clip(sound, -1, 1) * 32_767).astype("<i2")[:, None], 2, axis=1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path


def tone(seconds: float, level: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)


async def test_a_good_track_has_no_problems(tmp_path: Path) -> None:
    heard = await listen(write(tmp_path / "a.wav", tone(5, 0.25)))
    assert heard.seconds == pytest.approx(5, abs=0.01)
    assert heard.check.problems == []
    assert heard.check.loudness_lufs == pytest.approx(-12, abs=1)
    assert heard.check.peak_db == pytest.approx(-12, abs=0.1)
    assert base64.b64decode(heard.sound_print)


@pytest.mark.parametrize(
    ("sound", "said"),
    [
        (np.zeros(5 * RATE), "It is silent."),
        (np.concatenate([tone(3, 0.3), np.zeros(8 * RATE), tone(3, 0.3)]), "It is silent for 8.0"),
        (tone(5, 3), "It is cut off at full scale"),
    ],
)
async def test_a_bad_track_is_named(
    tmp_path: Path, sound: "np.ndarray[tuple[int], np.dtype[np.float64]]", said: str
) -> None:
    [problem] = (await listen(write(tmp_path / "a.wav", sound))).check.problems
    assert problem.startswith(said)


async def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"not a sound")
    with pytest.raises(Unreadable):
        await listen(path)


async def test_the_same_piece_later_and_quieter_is_a_twin_and_another_is_not(
    tmp_path: Path,
) -> None:
    prints = []
    for place, seed in ((1, 5), (2, 6)):
        path = tmp_path / f"{place}.flac"
        await LocalMusicProvider().compose(MusicRequest(seconds=45, seed=seed), path)
        prints.append((place, (await listen(path)).sound_print))
    frames = read_flac(tmp_path / "1.flac", instruments.RATE, 2)
    later = np.repeat(frames[round(2.3 * instruments.RATE) :, 0], 2) / 65_536
    prints.append((3, (await listen(write(tmp_path / "3.wav", later))).sound_print))
    assert twins(prints) == {3: 1}


def test_too_little_in_common_is_no_twin() -> None:
    words = np.arange(100, dtype=np.uint32)
    assert difference(words, words) == 1
