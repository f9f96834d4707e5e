from pathlib import Path

import numpy as np
import pytest

from tests.workers.render import material
from workers.render.errors import Unreadable
from workers.render.formats import SAMPLE_RATE
from workers.render.quality import examine
from workers.render.render import render
from workers.render.timeline import Still, Timeline, VoiceClip


async def test_black_and_silence_are_measured(tmp_path: Path, picture: Path, voice: Path) -> None:
    black = material.plain(tmp_path / "black.png", (0, 0, 0))
    timeline = Timeline(
        format=material.SMALL,
        shots=(Still(image=black, seconds=0.5), Still(image=picture, seconds=1.5)),
        voices=(VoiceClip(path=voice, start=1.0),),
        loudness=None,
    )
    await render(timeline, tmp_path / "film.mp4")
    quality = await examine(tmp_path / "film.mp4")
    assert quality.duration == 2.0
    assert quality.black_ratio == pytest.approx(0.25, abs=0.02)
    assert quality.silence_ratio == pytest.approx(0.5, abs=0.03)
    assert quality.peak_db == pytest.approx(-6.0, abs=0.7)
    assert quality.mean_volume_db == pytest.approx(-12.0, abs=0.7)


async def test_sound_alone(tmp_path: Path) -> None:
    at = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    material.sound(tmp_path / "tone.wav", 0.1 * np.sin(2 * np.pi * 1000 * at), channels=2)
    quality = await examine(tmp_path / "tone.wav")
    assert quality.black_ratio is None
    assert quality.silence_ratio == 0
    assert quality.loudness_lufs == pytest.approx(-20.0, abs=0.5)


async def test_a_picture_can_not_be_examined(picture: Path) -> None:
    with pytest.raises(Unreadable, match="neither a film nor a sound"):
        await examine(picture)
