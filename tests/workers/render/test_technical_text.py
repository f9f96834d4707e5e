"""Captions: what they hold, and which are refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.render.captions import to_srt, to_vtt
from workers.render.errors import Unreadable
from workers.render.technical_text import guessed_language, read_captions


@st.composite
def captions(draw: st.DrawFn) -> str:
    """A SubRip file of some captions that follow each other."""
    count, lines = draw(st.integers(1, 9)), draw(st.sampled_from(["\n", "\r\n"]))
    words = st.text(st.characters(categories=["L", "Zs"]), min_size=1, max_size=30)
    blocks = []
    for number in range(count):
        text = draw(words).strip() or "a"
        span = f"00:00:{number:02},000 --> 00:00:{number:02},{draw(st.integers(1, 999)):03}"
        blocks.append(lines.join((str(number + 1), span, text, "")))
    return lines.join(blocks)


@given(text=captions())
def test_what_is_well_formed_is_read(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("captions") / "a.srt"
    path.write_text(text, encoding="utf-8", newline="")
    facts = read_captions(path)
    assert facts.cues == text.count("-->")
    assert facts.cues - 1 < facts.duration < facts.cues


def test_an_empty_vtt_is_one_without_captions(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_text("WEBVTT\n")
    facts = read_captions(path)
    assert (facts.cues, facts.duration, facts.language) == (0, 0.0, None)


def test_notes_styles_and_cue_settings_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_text(
        "WEBVTT - a title\nKind: captions\nLanguage: fr\n\nSTYLE\n::cue { color: red }\n\n"
        "NOTE\ntwo lines\n\nfirst\n00:01.000 --> 01:00:02.500 align:start line:0\n<v Fox>Bonjour\n"
    )
    facts = read_captions(path)
    assert (facts.cues, facts.duration, facts.language) == (1, 3602.5, "fr")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("1\n00:00:02,000 --> 00:00:01,000\nA\n", 2),
        ("1\n00:00:01,000 --> 00:00:02,000\nA\n\n2\n00:0x --> 1\nB\n", 5),
        ("WEBVTT\n\nno times\n", 3),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "a.srt"
    path.write_text(text)
    with pytest.raises(Unreadable, match=f"line {line}:"):
        read_captions(path)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("You and I have to go to the forest. What is that for?", "en"),
        ("Das ist nicht der Fuchs, und ich sehe die Katze mit dir.", "de"),
        ("Je ne sais pas, et vous ? C'est pour elle dans la ville.", "fr"),
        ("\u306f\u3044\u3001\u305d\u3046\u3067\u3059", "ja"),
        ("\u041b\u0438\u0441\u0430 \u0438 \u0432\u043e\u0440\u043e\u043d\u0430", "ru"),
        ("La la la", None),
        ("", None),
    ],
)
def test_languages(text: str, language: str | None) -> None:
    assert guessed_language(text) == language


def test_our_own_captions_are_read(tmp_path: Path) -> None:
    for name, text in (("a.srt", to_srt([])), ("a.vtt", to_vtt([]))):
        (tmp_path / name).write_text(text)
    assert read_captions(tmp_path / "a.vtt").cues == 0
