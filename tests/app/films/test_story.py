"""Bytes that have to become a story."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.films.story import MOST_BYTES, UnusableStory, read_story

STORY = "The fox said: “Café?”"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_is_understood_in_the_encodings_of_text_files(encoding: str) -> None:
    assert read_story(STORY.encode(encoding)) == STORY


def test_text_is_tidied() -> None:
    assert read_story("\r\n  Cafe\u0301 one\r\ntwo \n\n".encode()) == "Café one\ntwo"


@pytest.mark.parametrize(
    "text", ["狐狸和乌鸦。", "الثعلب والغراب", "Лиса и ворона", "여우와 까마귀", "लोमड़ी"]
)
def test_other_scripts_are_words_too(text: str) -> None:
    assert len(read_story(text.encode())) >= len(text) - 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \r\n\t ", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"text\0text", "not text"),
        (bytes(range(256)) * 20, "not text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "not text"),
        (b"12 + 30 = 42 !?", "no words"),
        ("🦊🐐".encode(), "no words"),
        (b"a" * (MOST_BYTES + 1), "1,000,001 bytes"),
    ],
)
def test_what_cannot_be_filmed_is_refused_with_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(UnusableStory, match=reason):
        read_story(content)


def test_the_longest_story_is_taken() -> None:
    assert len(read_story(b"word " * (MOST_BYTES // 5))) == MOST_BYTES - 1


@given(st.binary(max_size=300))
def test_any_bytes_are_text_with_a_word_or_refused(content: bytes) -> None:
    try:
        text = read_story(content)
    except UnusableStory:
        return
    assert any(character.isalpha() for character in text)
    assert "\0" not in text


@given(st.text(st.characters(codec="utf-8", categories=["L", "P", "Zs"]), min_size=1))
def test_reading_again_what_was_read_changes_nothing(text: str) -> None:
    try:
        first = read_story(text.encode())
    except UnusableStory:
        return
    assert read_story(first.encode()) == first
