import asyncio
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.workers.render import material
from workers.render.errors import Unreadable
from workers.render.probe import TechnicalData, probe, probe_many, thumbnail
from workers.render.render import render
from workers.render.timeline import Still, Timeline


async def test_the_facts_of_each_kind(tmp_path: Path, picture: Path, voice: Path) -> None:
    await render(material.timeline(picture, 0.5), tmp_path / "film.mp4")
    (tmp_path / "script.txt").write_text("INT. HARBOUR - NIGHT\n")
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7\n")
    with zipfile.ZipFile(tmp_path / "script.docx", "w") as archive:
        archive.writestr("word/document.xml", "<w:document/>")
    names = ("film.mp4", "voice.wav", "picture.png", "script.txt", "paper.pdf", "script.docx")
    film, sound, image, *documents = await probe_many([tmp_path / name for name in names])
    assert isinstance(film, TechnicalData)
    assert (film.kind, film.mime_type, film.codec) == ("video", "video/mp4", "h264")
    assert (film.resolution, film.fps, film.frames, film.duration) == ("320x180", 30.0, 15, 0.5)
    assert film.bitrate == pytest.approx(film.size_bytes * 8 / 0.5, rel=0.01)
    assert isinstance(sound, TechnicalData)
    assert (sound.kind, sound.mime_type, sound.sample_rate, sound.channels, sound.duration) == (
        "audio",
        "audio/wav",
        48_000,
        1,
        1.0,
    )
    assert isinstance(image, TechnicalData)
    assert (image.kind, image.mime_type, image.resolution) == ("image", "image/png", "320x180")
    assert all(isinstance(facts, TechnicalData) for facts in documents)
    types = [
        facts.mime_type.split(".")[-1] for facts in documents if isinstance(facts, TechnicalData)
    ]
    assert types == ["text/plain", "application/pdf", "document"]


async def test_the_name_says_nothing(picture: Path) -> None:
    disguised = material.renamed(picture, "song.mp3")
    assert (await probe(disguised)).mime_type == "image/png"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n", "is a playlist"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "is a playlist"),
        (b"\x00\x01\x02\x03" * 999, "damaged, or of a kind that is not taken"),
        (b"\x00\x00\x00\x18ftypisom" + b"\x00" * 500, "is damaged|can't be read"),
        (b"PK\x03\x04" + b"\x00" * 99, "damaged, or of a kind that is not taken"),
    ],
)
async def test_bad_files_have_a_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "bad.mp4").write_bytes(content)
    with pytest.raises(Unreadable, match=f"bad.mp4.*({reason})"):
        await probe(tmp_path / "bad.mp4")


async def test_damaged_and_missing_files(tmp_path: Path, picture: Path) -> None:
    material.shorten(picture, 2000)
    with pytest.raises(Unreadable, match=r"picture\.png is damaged"):
        await probe(picture)
    with pytest.raises(Unreadable, match="can't be opened: No such file"):
        await probe(tmp_path / "nothing.png")


async def test_a_bad_file_among_many_spoils_nothing(tmp_path: Path, picture: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"\x00" * 99)
    results = await probe_many([picture, bad] * 10)
    kinds = [type(result) for result in results]
    assert kinds == [TechnicalData, Unreadable] * 10


async def test_a_picture_becomes_small(tmp_path: Path) -> None:
    large = material.picture(tmp_path / "large.png", (1200, 900))
    facts = await thumbnail(large, tmp_path / "small.webp", 480)
    assert facts.resolution == "1200x900"
    with Image.open(tmp_path / "small.webp") as small:
        assert (small.format, small.size) == ("WEBP", (480, 360))


async def test_a_film_shows_a_frame_that_is_not_black(tmp_path: Path, picture: Path) -> None:
    black = material.plain(tmp_path / "black.png", (0, 0, 0))
    shots = (Still(image=black, seconds=0.8), Still(image=picture, seconds=0.6))
    await render(Timeline(format=material.SMALL, shots=shots), tmp_path / "film.mp4")
    await thumbnail(tmp_path / "film.mp4", tmp_path / "film.webp")
    with Image.open(tmp_path / "film.webp") as small:
        assert small.size == (320, 180)
        _, high = small.convert("L").getextrema()
    assert isinstance(high, (int, float))
    assert high > 60


async def test_sound_has_no_preview(tmp_path: Path, voice: Path) -> None:
    with pytest.raises(Unreadable, match="no picture to make a preview of"):
        await thumbnail(voice, tmp_path / "no.webp")
    assert material.left_in(tmp_path) == ["scratch", "voice.wav"]


async def test_a_question_that_is_given_up_harms_no_other(picture: Path) -> None:
    task = asyncio.create_task(probe(picture))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await probe(picture)).kind == "image"


def test_a_temporary_folder_may_lie_deep(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    image = material.plain(tmp_path / "picture.png", (1, 2, 3))
    code = (
        "import asyncio, sys; from pathlib import Path; from workers.render.probe import probe; "
        "print(asyncio.run(probe(Path(sys.argv[1]))).mime_type)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(image)],
        env={**os.environ, "TMPDIR": str(deep)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "image/png\n"
