"""A screenplay's text is cut scene by scene, and nothing of it is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.films.fountain import Script, parsed, written
from app.films.fountain_pages import Pages, pages_of
from app.films.scene_matching import say_the_same
from tests.app.films.test_fountain import SCRIPTS

TEXT = """\
Title: The Well
Author: Anna

# ACT ONE

INT. KITCHEN - DAY #1#

[[Ask *Berta* whether the pot may break.]]
The pot boils.

ANNA
(softly)
It is *hot*. [[or: warm]]

CUT TO:

/* INT. CELLAR - NIGHT

Nobody comes here. */

# ACT TWO
= She leaves.

EXT. WELL - NIGHT #2#

ANNA
Water!
"""


def cut(text: str) -> Pages:
    pages = pages_of(text)
    assert pages is not None
    return pages


def test_notes_sections_and_boneyards_go_with_their_scene() -> None:
    pages = cut(TEXT)
    assert pages.front.strip() == "Title: The Well\nAuthor: Anna"
    kitchen, well = pages.scenes
    for kept in ("# ACT ONE", "pot may break", "*hot*", "or: warm", "CUT TO:"):
        assert kept in kitchen
    for kept in ("Nobody comes here.", "# ACT TWO\n= She leaves.\n\nEXT. WELL - NIGHT #2#"):
        assert kept in well, "what stands right above a heading belongs to what is below it"

    turned = Pages(pages.front, (well, kitchen)).text
    assert sorted(turned.split()) == sorted(TEXT.split())
    scenes = parsed(turned).scenes
    assert [each.heading for each in scenes] == ["EXT. WELL - NIGHT", "INT. KITCHEN - DAY"]
    assert [each.number for each in scenes] == ["1", "2"], "they are counted anew"


def test_what_stands_before_the_first_heading_is_a_scene_if_anything_is_seen_there() -> None:
    assert len(cut("It rains.\n\nINT. ROOM\n\nIt is dry.").scenes) == 2
    pages = cut("[[Nothing yet.]]\n\nINT. ROOM\n\nIt is dry.")
    assert len(pages.scenes) == 1
    assert "Nothing yet" in pages.text


@pytest.mark.parametrize("text", ["", "\n\n", "[[a note]]", "Title: The Well"])
def test_a_text_without_scenes_has_no_pages(text: str) -> None:
    assert cut(text).scenes == ()


@settings(max_examples=50)
@given(SCRIPTS, st.randoms(use_true_random=False))
def test_what_we_have_written_can_be_put_in_any_order(script: Script, random: object) -> None:
    text = written(script)
    pages, scenes = cut(text), parsed(text).scenes
    assert say_the_same(parsed(pages.text).scenes, scenes)
    order = list(range(len(scenes)))
    random.shuffle(order)  # type: ignore[attr-defined]
    turned = Pages(pages.front, tuple(pages.scenes[at] for at in order)).text
    assert say_the_same(parsed(turned).scenes, [scenes[at] for at in order])


@given(st.text() | st.lists(st.sampled_from(TEXT.splitlines())).map("\n".join))
def test_any_text_is_cut_into_its_scenes_or_not_at_all(text: str) -> None:
    pages = pages_of(text)
    if pages is not None:
        assert len(pages.scenes) == len(parsed(text).scenes)
        for page, scene in zip(pages.scenes, parsed(text).scenes, strict=True):
            assert parsed(page).scenes == (scene,)
