"""Music is of the exact length, level and without clicks, and follows mood and seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.sounds import read_flac
from workers.providers.errors import ProviderRefused
from workers.providers.local.instruments import RATE
from workers.providers.local.music import LocalMusicProvider
from workers.providers.local.score import CHARACTERS, character_of
from workers.providers.music import MusicRequest


async def compose(
    into: Path, **fields: object
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    request = MusicRequest.model_validate({"seconds": 4, **fields})
    result = await LocalMusicProvider().compose(request, into)
    return read_flac(result.path, RATE, 2) / 32768


@pytest.mark.parametrize("mood", [*CHARACTERS, "no such mood"])
async def test_every_mood_is_level_and_without_clicks(tmp_path: Path, mood: str) -> None:
    sound = await compose(tmp_path / "music.flac", mood=mood, seconds=6)
    assert np.abs(sound).max() <= 10 ** (-3 / 20)
    loudness = 10 * np.log10((sound**2).sum(axis=1).mean())
    assert -22 < loudness < -15
    assert np.abs(np.diff(sound, axis=0)).max() < 0.12
    assert np.abs(sound[[0, -1]]).max() < 0.001


@pytest.mark.parametrize("seconds", [0.000125, 0.01, 1.0, 7.12345, 20.0])
async def test_the_length_is_exact_to_a_sample(tmp_path: Path, seconds: float) -> None:
    sound = await compose(tmp_path / "music.flac", seconds=seconds)
    assert len(sound) == round(seconds * RATE)


async def test_the_same_request_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first.flac", "second.flac"):
        await compose(tmp_path / name, mood="sad", seed=4)
    assert (tmp_path / "first.flac").read_bytes() == (tmp_path / "second.flac").read_bytes()


@pytest.mark.parametrize("other", [{"seed": 2}, {"mood": "sad"}, {"tempo": 140}])
async def test_seed_mood_and_tempo_are_heard(tmp_path: Path, other: dict[str, object]) -> None:
    first = await compose(tmp_path / "music.flac", mood="calm", seed=1)
    second = await compose(tmp_path / "music.flac", **{"mood": "calm", "seed": 1, **other})
    assert np.abs(first - second).max() > 0.01


def test_an_unknown_mood_is_read_from_the_words() -> None:
    assert character_of("", "a sad tune in the rain") is CHARACTERS["sad"]
    assert character_of("grave", "tears and grief, alas") is CHARACTERS["sad"]
    assert character_of("", "") is CHARACTERS["calm"]


async def test_an_endless_piece_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProviderRefused, match="timeline"):
        await compose(tmp_path / "music.flac", seconds=601)
