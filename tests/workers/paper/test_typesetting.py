"""Papers: what texts say is set, and never run."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from workers.paper.typesetting import Paper, typeset
from workers.render.errors import RenderError

MOMENT = datetime(2026, 1, 2, tzinfo=UTC)
HOSTILE = '#panic("run") #read("/etc/passwd") *b* $x^2$ `c` <l> @r [q] \\u{41} "] // /* \0\x1b'


def data(words: str = "A fox.") -> dict[str, Any]:
    panel = {"heading": "1", "picture": None, "description": words, "notes": words}
    scene = {
        "heading": f"1  {words}",
        "action": words,
        "lines": [{"speaker": words, "emotion": words, "words": words}],
        "panels": [panel, {**panel, "picture": "pictures/a.jpg"}],
    }
    return {"title": words, "project": words, "logline": words, "scenes": [scene]}


async def made(paper: Paper, given: dict[str, Any], folder: Path, picture: bytes = b"") -> bytes:
    place = folder / paper
    (place / "pictures").mkdir(parents=True)
    if picture:
        (place / "pictures" / "a.raw").write_bytes(picture)
    else:
        Image.new("RGB", (1024, 576), "red").save(place / "pictures" / "a.raw", format="webp")
    pdf = folder / f"{paper}.pdf"
    await typeset(paper, given, place, pdf, MOMENT)
    return pdf.read_bytes()


@pytest.mark.parametrize("paper", ["screenplay", "storyboard"])
@pytest.mark.parametrize(
    "words",
    [HOSTILE, "שלום עולם, השועל נפל לבאר.", "ثعلب (صغير) يصرخ", "你好 狐狸。", "こんにちは 🦊 ★"],
    ids=["code", "Hebrew", "Arabic", "Chinese", "Japanese"],
)
async def test_any_text_is_set_as_it_is(paper: Paper, words: str, tmp_path: Path) -> None:
    pdf = await made(paper, data(words), tmp_path)
    assert pdf.startswith(b"%PDF-")
    fonts = {each.decode() for each in re.findall(rb"/BaseFont\s*/([\w+-]+)", pdf)}
    assert fonts == set() or any("Fira" in each or "Noto" in each for each in fonts)


async def test_the_same_is_the_same_paper(tmp_path: Path) -> None:
    for each in ("one", "two"):
        (tmp_path / each).mkdir()
    first = await made("storyboard", data(), tmp_path / "one")
    assert await made("storyboard", data(), tmp_path / "two") == first


async def test_a_picture_that_is_none_spoils_no_paper(tmp_path: Path) -> None:
    assert (await made("storyboard", data(), tmp_path, b"no picture")).startswith(b"%PDF-")


async def test_a_paper_that_cannot_be_set_says_why(tmp_path: Path) -> None:
    broken = data()
    broken["scenes"][0]["panels"][0]["picture"] = "../../etc/passwd"
    with pytest.raises(RenderError, match="storyboard can't be set"):
        await made("storyboard", broken, tmp_path)
