from pathlib import Path

import pytest

from workers.render import fonts
from workers.render.burned_captions import layout_for, to_ass
from workers.render.errors import RenderError
from workers.render.formats import frame_format
from workers.render.timeline import Caption, CaptionStyle, TextOverlay, Word


def test_a_text_can_give_libass_no_commands() -> None:
    script = to_ass([Caption(start=0, end=1, text="{\\b1}C:\\new")], frame_format("16:9"))
    assert script.rstrip().endswith(",,\\{\\\u2060b1\\}C:\\\u2060new")


def test_lines_and_times() -> None:
    script = to_ass([Caption(start=1.234, end=3661.5, text="a\nb")], frame_format("16:9"))
    assert "Dialogue: 0,0:00:01.23,1:01:01.50,Caption,,0,0,0,,a\\Nb\n" in script


def test_each_script_gets_its_font() -> None:
    captions = [Caption(start=0, end=1, text=text) for text in ("Ciao", "שלום", "你好", "안녕")]
    events = to_ass(captions, frame_format("16:9")).splitlines()[-4:]
    assert ["\\fn" in event for event in events] == [False, False, True, True]
    assert "Noto Sans CJK SC" in events[2]
    assert "Noto Sans CJK KR" in events[3]


def test_upright_frames_have_larger_letters_and_more_room_below() -> None:
    wide, upright = layout_for(frame_format("16:9")), layout_for(frame_format("9:16"))
    assert wide.characters == 42
    assert 20 <= upright.characters < 42
    assert upright.size > wide.size
    assert upright.below / 1280 > wide.below / 720


def test_a_missing_font_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_PACKAGE", "no_such_fonts")
    fonts.packaged.cache_clear()
    with pytest.raises(RenderError, match="pip install pymupdf-fonts"):
        fonts.packaged("FiraGO_Regular")


def test_emoji_get_their_own_font_and_those_that_no_font_has_are_left_out() -> None:
    later = "\U0001f6d8\U0001f3fd"
    text = f"Hi \N{GRINNING FACE} {later}\N{HEAVY BLACK HEART} \N{PLAYING CARD ACE OF SPADES}!"
    script = to_ass([Caption(start=0, end=1, text=text)], frame_format("16:9"))
    shown = script.rstrip().rpartition(",,")[2]
    face = "{\\fnNoto Emoji}\u180e\N{GRINNING FACE}{\\fnFiraGO}"
    assert shown == f"Hi {face} \N{HEAVY BLACK HEART} \N{PLAYING CARD ACE OF SPADES}!"


def test_a_package_of_emoji_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "_NOTO_PACKAGE", "no_such_fonts")
    fonts._noto_file.cache_clear()
    with pytest.raises(RenderError, match="pip install no-such-fonts"):
        fonts.lay_out(tmp_path, ["\N{GRINNING FACE}"])


def test_words_light_up_when_they_are_said() -> None:
    words = (Word(text="one", start=1.2, end=1.5), Word(text="two", start=1.5, end=2))
    caption = Caption(start=1, end=2, text="one\ntwo!", words=words)
    style = CaptionStyle(karaoke=True, highlight="#FF8000")
    script = to_ass([caption], frame_format("16:9"), style)
    assert script.rstrip().endswith("{\\k20}\u200b{\\k30}one\\N{\\k50}two!")
    assert "&H000080FF,&H00FFFFFF" in script
    other = caption.model_copy(update={"text": "something else"})
    assert "\\k" not in to_ass([other], frame_format("16:9"), style)


def test_places_and_looks_are_styles() -> None:
    text = TextOverlay(start=0, end=1, text="Title", place="top", fade=0.25)
    script = to_ass([], frame_format("16:9"), CaptionStyle(look="box"), [text])
    caption, title = (line for line in script.splitlines() if line.startswith("Style:"))
    assert caption.split(",")[15] == "3"
    assert title.split(",")[18] == "8"
    assert "{\\fad(250,250)}Title" in script
