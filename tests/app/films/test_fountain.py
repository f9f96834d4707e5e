"""Screenplays as text, there and back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.films.fountain import Script, ScriptScene, Speech, parsed, written

PAGE = """Title: The Fox and the Goat
Author: Æsop
Source:
    Fables,
    as everybody knows them

/* cut:
INT. NOWHERE - DAY
*/
FADE IN:

# Act one

= They meet.

EXT. OPEN COUNTRY - EVENING #1#

A [[maybe two?]] FOX falls into a *deep* well. An
old GOAT comes by.

OLD GOAT (O.S.)
(curious)
How is the water?

FOX ^
Sweet!
(softly)
Come
  
and drink.

NARRATOR (V.O.)
He *jumped* in.

CUT TO:

.The bottom of the well

!THE WALLS ARE STEEP.

@McGoat
(beat) and (sad)
~Oh dear

> THE END <

===
"""


def test_a_page_is_read() -> None:
    script = parsed(PAGE)
    assert dict(script.title_page) == {
        "Title": "The Fox and the Goat",
        "Author": "Æsop",
        "Source": "Fables,\nas everybody knows them",
    }
    first, second = script.scenes
    assert (first.heading, first.number) == ("EXT. OPEN COUNTRY - EVENING", "1")
    assert (first.location, first.time_of_day) == ("OPEN COUNTRY", "dusk")
    assert first.action == "A  FOX falls into a deep well. An\nold GOAT comes by."
    assert first.speeches == (
        Speech("OLD GOAT", "How is the water?", "curious"),
        Speech("FOX", "Sweet!"),
        Speech("FOX", "Come\n\nand drink.", "softly"),
        Speech(None, "He jumped in."),
    )
    assert (second.heading, second.location, second.time_of_day) == (
        "The bottom of the well",
        None,
        None,
    )
    assert second.action == "THE WALLS ARE STEEP.\n\nTHE END"
    assert second.speeches == (Speech("McGoat", "Oh dear", "beat) and (sad"),)


@pytest.mark.parametrize(
    ("heading", "location", "time"),
    [
        ("INT./EXT. CAR - NIGHT", "CAR", "night"),
        ("int. kitchen - later", "kitchen - later", None),
        ("I/E HOUSE \u2013 DAWN", "HOUSE", "dawn"),
        ("EXT. מדבר - DAY", "מדבר", "day"),
        ("INTERIOR - NIGHT", None, None),
        ("INT. ROOM - MORNING - DAY", "ROOM - MORNING", "day"),
    ],
)
def test_a_heading_says_where_and_when(
    heading: str, location: str | None, time: str | None
) -> None:
    scenes = parsed(f"{heading}\n\nSomething happens.").scenes
    if heading.startswith("INTERIOR"):
        assert scenes == (ScriptScene(action=f"{heading}\n\nSomething happens."),)
    else:
        assert (scenes[0].location, scenes[0].time_of_day) == (location, time)


@pytest.mark.parametrize(
    "text",
    ["Only a tale.\nOf two lines.", "He said: wait.", "狐狸掉进了井里。", "سقط الثعلب في البئر."],
)
def test_text_without_headings_is_one_scene(text: str) -> None:
    assert parsed(text).scenes == (ScriptScene(action=text),)


@pytest.mark.parametrize(
    "text", ["", " \n\n ", "[[a note]]", "Title: Nothing", "# Act\n\nFADE IN:"]
)
def test_a_page_on_which_nothing_happens_has_no_scene(text: str) -> None:
    assert parsed(text).scenes == ()


@pytest.mark.parametrize("text", ["/* open\n\nfor ever", "A [[ note\n\nthat never ends ]]"])
def test_what_is_opened_and_not_closed_is_read(text: str) -> None:
    assert text.splitlines()[-1] in parsed(text).scenes[0].action


@pytest.mark.parametrize("sign", ["/*", "[[", "* a", "(", "_a ", "#\n", "@\n\n", " ", "\\*"])
def test_a_large_page_of_marks_is_read_in_one_go(sign: str) -> None:
    parsed(sign * (100_000 // len(sign)))


def test_names_that_have_no_capitals_are_kept() -> None:
    names = (
        "狐狸",
        "ثعلب",
        "\u0131slak",
        "Straße",
        "Fox (old)",
        "Fox ^",
        "@home",
        "Int. Fox",
        "#1",
    )
    spoken = tuple(Speech(name, "Hello.") for name in names)
    [scene] = parsed(written(Script((ScriptScene("INT. ROOM", speeches=spoken),)))).scenes
    assert [each.speaker for each in scene.speeches] == [
        *names[:3],
        "STRASSE",
        "FOX (OLD)",
        "FOX ^",
        *names[6:],
    ]


SIGNS = st.one_of(
    st.characters(exclude_categories=("Cs", "Cc")),
    st.sampled_from("*_[]()#.!@>=~^\\/:-אب狐aA"),
)
LINES = st.text(SIGNS, min_size=1, max_size=30).map(lambda text: " ".join(text.split()))
ONES = LINES.filter(bool)
WORDS = ONES.filter(lambda text: text != "neutral")
TEXTS = st.lists(ONES, min_size=1, max_size=3).map("\n".join)
NAMES = ONES.filter(lambda text: text.casefold() != "narrator")
SPEECHES = st.builds(
    Speech,
    st.none() | NAMES,
    st.lists(ONES, min_size=1, max_size=3).flatmap(
        lambda lines: st.sampled_from(["\n".join(lines), "\n\n".join(lines)])
    ),
    st.just("neutral") | WORDS,
)
SCENES = st.builds(
    ScriptScene,
    ONES.filter(lambda text: not text.startswith(".")),
    st.none() | st.from_regex(r"[0-9]{1,3}[A-C]?", fullmatch=True),
    st.lists(TEXTS, max_size=3).map("\n\n".join),
    st.lists(SPEECHES, max_size=3).map(tuple),
)
SCRIPTS = st.builds(
    Script,
    st.lists(SCENES, min_size=1, max_size=4).map(tuple),
    st.just(()) | ONES.map(lambda title: (("Title", title),)),
)


@settings(max_examples=50)
@given(SCRIPTS)
def test_what_is_written_is_read_back(script: Script) -> None:
    read = parsed(written(script))
    assert quiet(read) == quiet(script)


@given(st.text())
def test_every_text_can_be_read_and_written_again(text: str) -> None:
    once = parsed(text)
    assert quiet(parsed(written(once))) == quiet(once)


def quiet(script: Script) -> list[object]:
    """The script without the case of its speakers."""
    return [
        script.title_page,
        *(
            (
                scene.heading,
                scene.number,
                scene.action,
                [
                    (s.speaker and s.speaker.upper().casefold(), s.text, s.emotion)
                    for s in scene.speeches
                ],
            )
            for scene in script.scenes
        ),
    ]
