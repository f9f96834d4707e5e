"""What is heard of a sound, and that it sounds alike however it is coded."""

from pathlib import Path

import numpy as np
import pytest

from app.library.duplicates_keys import Traits, alike
from tests.workers.jobs.media.material import melody, run
from workers.render.errors import Unreadable
from workers.render.probe_sound import MOST_PEAKS, Heard, listen


def traits(heard: Heard) -> Traits:
    return Traits("audio", [], heard.sound_print, heard.seconds)


async def test_loudness_peaks_and_length(tmp_path: Path) -> None:
    run(
        *("-f", "lavfi", "-i", "sine=frequency=1000:duration=3", "-af", "volume=8dB"),
        str(tmp_path / "tone.wav"),
    )
    heard = await listen(tmp_path / "tone.wav")
    assert heard.seconds == pytest.approx(3, abs=0.01)
    # A sine of 1/8 of full scale (-18.06 dBFS), 8 dB up: its RMS lies 3.01 dB lower.
    assert heard.loudness == pytest.approx(-13.1, abs=0.5)
    assert heard.true_peak == pytest.approx(-10.1, abs=0.3)
    assert 0 < len(heard.peaks) <= MOST_PEAKS
    assert max(high for _, high in heard.peaks) == pytest.approx(0.313 * 128, abs=2)


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg", "a.m4a", "a.flac"])
async def test_another_coding_sounds_alike(tmp_path: Path, name: str) -> None:
    original = melody(tmp_path / "a.wav", seconds=8)
    run("-i", str(original), "-af", "volume=-6dB", "-b:a", "64k", str(tmp_path / name))
    how = alike(traits(await listen(original)), traits(await listen(tmp_path / name)))
    assert how is not None
    assert how.by == "sound"


async def test_another_melody_does_not(tmp_path: Path) -> None:
    prints = [
        traits(await listen(melody(tmp_path / f"{seed}.wav", seed, seconds=8)))
        for seed in range(1, 4)
    ]
    assert alike(prints[0], prints[1]) is None
    assert alike(prints[1], prints[2]) is None


async def test_silence_and_short_sounds_have_no_print(tmp_path: Path) -> None:
    silence = np.zeros(48_000 * 2, dtype="<i2").tobytes()
    options = ("-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "-")
    run(*options, str(tmp_path / "silence.wav"), given=silence)
    heard = await listen(tmp_path / "silence.wav")
    assert (heard.sound_print, heard.loudness) == (None, None)
    short = await listen(melody(tmp_path / "short.wav", seconds=0.5))
    assert short.sound_print is None


async def test_what_has_no_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVE")
    with pytest.raises(Unreadable, match=r"a\.wav"):
        await listen(tmp_path / "a.wav")
