import pytest

from workers.render import fonts
from workers.render.burned_captions import layout_for, to_ass
from workers.render.errors import RenderError
from workers.render.formats import frame_format
from workers.render.timeline import Caption


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
    fonts.firago.cache_clear()
    with pytest.raises(RenderError, match="pip install pymupdf-fonts"):
        fonts.firago("FiraGO_Regular")
