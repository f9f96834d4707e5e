"""A series of a text: cut where it is sewn together, or grown of an idea."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.providers.errors import ProviderRefused
from workers.providers.local.screenwriter.outline import outline_series
from workers.providers.local.screenwriter.seams import cut_parts
from workers.providers.local.text import LocalTextProvider
from workers.providers.outline import SeriesOutline
from workers.providers.text import TextRequest

CHAPTER = """The Fox went to the river and looked into the water. “Who is there?” asked the Fox.

The Otter came up and laughed. “Only I,” said the Otter. They swam until the evening, and then
they sat under a tree and told each other of the winter, which had been long and cold for both.
"""
NAMES = ("Snow", "The Bridge", "A Letter", "Home")
BOOK = "The Year of the Fox\n\n" + "\n\n".join(
    f"Chapter {number}\n\n{name}\n\n{CHAPTER}" for number, name in enumerate(NAMES, start=1)
)
IDEA = "A lonely robot learns to paint"


def told(outline: SeriesOutline, text: str) -> list[str]:
    return [(outline.text or text)[each.start : each.end] for each in outline.episodes]


def test_a_book_is_cut_into_its_chapters() -> None:
    outline = outline_series(BOOK, 4)
    assert (outline.title, outline.text, outline.language) == ("The Year of the Fox", None, "en")
    assert [each.title for each in outline.episodes] == [
        f"Chapter {number}: {name}" for number, name in enumerate(NAMES, start=1)
    ]
    assert all("Otter" in part for part in told(outline, BOOK))
    assert outline.episodes[1].logline.startswith("The Fox went to the river")
    assert {each.name for each in outline.characters} == {"Fox", "Otter"}
    assert all(each.color_palette and each.voice_characteristics for each in outline.characters)


@pytest.mark.parametrize("episodes", [1, 2, 3, 7])
def test_parts_are_about_as_long_and_lose_nothing(episodes: int) -> None:
    parts = told(outline_series(BOOK, episodes), BOOK)
    assert len(parts) == episodes
    assert "".join("".join(parts).split()) == "".join(BOOK.split())
    assert max(map(len, parts)) < 2.5 * min(map(len, parts))
    assert len({each.title for each in outline_series(BOOK, episodes).episodes}) == episodes


@pytest.mark.parametrize("text", ["狐狸去了河边。" * 200, "ذهب الثعلب إلى النهر. " * 100])
def test_texts_of_all_scripts_are_cut_between_sentences(text: str) -> None:
    parts = told(outline_series(text, 5), text)
    assert len(parts) == 5
    assert all(part.endswith(("。", ".")) for part in parts)


@settings(max_examples=40)
@given(st.text(alphabet="ab .!?\n“”。", max_size=300), st.integers(1, 6))
def test_every_text_is_cut_whole_or_not_at_all(text: str, parts: int) -> None:
    found = cut_parts(text, parts)
    if found is not None and parts > 1:
        assert len(found) == parts
        assert all(start < end for start, end in found)
        whole = "".join(text[start:end] for start, end in found)
        assert "".join(whole.split()) == "".join(text.split())


def test_an_idea_grows_to_a_series_with_dice_that_the_seed_decides() -> None:
    first, again, other = (outline_series(IDEA, 6, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.text != other.text
    assert first.text is not None
    assert first.text.startswith(f"{IDEA}. ")
    assert "Robot" in {each.name for each in first.characters}
    assert len({each.title for each in first.episodes}) == 6
    parts = told(first, IDEA)
    assert all("Robot" in part and "said" in part and part.count("\n\n") == 4 for part in parts)
    assert len({part.split("\n\n", 1)[1] for part in parts}) == 6
    assert outline_series(IDEA, 6, title="Blue", seed=1).title == "Blue"


@pytest.mark.parametrize(
    ("idea", "names"),
    [
        ("Anna finds a map. Her cat knows more than it says.", {"Anna", "Cat"}),
        ("A fox and a goat go to sea {together}", {"Fox", "Goat"}),
        ("Love", set()),
    ],
)
def test_the_idea_says_whom_the_tale_is_of(idea: str, names: set[str]) -> None:
    for seed in range(5):
        outline = outline_series(idea, 2, seed=seed)
        assert names <= {each.name for each in outline.characters}
        assert len(outline.characters) >= 3


@pytest.mark.parametrize(
    ("text", "episodes", "code"),
    [
        ("狐狸与山羊。", 3, "language_unsupported"),
        ("Der Fuchs und die Ziege fahren mit dem Boot nach Norden.", 3, "language_unsupported"),
        ("", 1, "text_empty"),
        ("1 2 3", 1, "text_without_letters"),
    ],
)
def test_of_what_nothing_can_be_made_is_refused(text: str, episodes: int, code: str) -> None:
    with pytest.raises(ProviderRefused) as refused:
        outline_series(text, episodes)
    assert refused.value.code == code


async def test_the_local_writer_knows_the_purpose() -> None:
    inputs = {"text": IDEA, "title": "Blue", "episodes": 3}
    result = await LocalTextProvider().write(TextRequest(purpose="outline", inputs=inputs, seed=4))
    outline = SeriesOutline.model_validate(result.output)
    assert (outline.title, len(outline.episodes)) == ("Blue", 3)
    for wrong in ({"episodes": 51}, {"episodes": "3"}, {"title": 3}):
        with pytest.raises(ProviderRefused):
            await LocalTextProvider().write(
                TextRequest(purpose="outline", inputs={**inputs, **wrong})
            )
