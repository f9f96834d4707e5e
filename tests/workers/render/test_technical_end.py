"""Whether a sound goes on as long as it says; short ones are where decoders find no way back."""

import subprocess
from pathlib import Path

import pytest

from workers.render.errors import Unreadable
from workers.render.ffmpeg import executable
from workers.render.probe import look, probe

SECONDS = (0.05, 0.1, 0.3, 1.1, 1.5, 2.38)
SOUNDS = ("anullsrc=r=48000", "sine=frequency=333:sample_rate=48000", "anoisesrc=r=48000:a=0.1")


def encoded(sound: str, seconds: float, *into: str) -> bytes:
    command = [executable(), "-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i", sound]
    command += ["-t", str(seconds), "-c:a", "flac", "-compression_level", "3", *into]
    return subprocess.run(command, check=True, capture_output=True).stdout


@pytest.mark.parametrize("sound", SOUNDS)
async def test_a_flac_of_any_length_is_taken(tmp_path: Path, sound: str) -> None:
    for seconds in SECONDS:
        path = tmp_path / f"{seconds}.flac"
        encoded(sound, seconds, str(path))
        facts = (await look(path, tmp_path)).facts
        assert facts.mime_type == "audio/flac"
        assert facts.duration == pytest.approx(seconds, abs=0.01)


async def test_a_flac_that_was_streamed_does_not_know_its_length_and_is_read_through(
    tmp_path: Path,
) -> None:
    path = tmp_path / "streamed.flac"
    path.write_bytes(encoded(SOUNDS[1], 1.1, "-f", "flac", "pipe:1"))
    assert (await probe(path)).duration == pytest.approx(1.1, abs=0.05)
    assert (await look(path, tmp_path)).facts.duration == pytest.approx(1.1, abs=0.05)


@pytest.mark.parametrize("sound", SOUNDS[1:])
async def test_a_flac_that_was_cut_off_is_refused(tmp_path: Path, sound: str) -> None:
    whole, path = tmp_path / "whole.flac", tmp_path / "cut.flac"
    encoded(sound, 4, str(whole))
    content = whole.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(Unreadable, match="it was cut off; send it again"):
        await look(path, tmp_path)
