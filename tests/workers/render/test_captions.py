import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from workers.render.captions import captions_from_words, to_srt, to_vtt
from workers.render.scripts import script_of, width
from workers.render.timeline import Caption, Word


def spoken(text: str, seconds_a_word: float = 0.3) -> list[Word]:
    return [
        Word(text=word, start=n * seconds_a_word, end=(n + 0.8) * seconds_a_word)
        for n, word in enumerate(text.split())
    ]


WORDS = st.lists(
    st.builds(
        lambda text, start, length: Word(text=text, start=start, end=start + length),
        st.text(
            st.sampled_from("abcdefg.,!? 、。「」日本語ひらがなمرحبא\u0301"),
            min_size=1,
            max_size=60,
        ),
        st.floats(0, 60),
        st.floats(0, 3),
    ),
    max_size=30,
)


@given(WORDS, st.integers(12, 42), st.integers(1, 3))
def test_captions_fit_never_overlap_and_lose_nothing(
    words: list[Word], characters: int, lines: int
) -> None:
    captions = captions_from_words(words, characters=characters, lines=lines)
    for caption in captions:
        rows = caption.text.split("\n")
        assert len(rows) <= lines or len(caption.words) == 1
        assert all(width(row) <= characters for row in rows)
        assert caption.end > caption.start
    assert all(a.end <= b.start for a, b in itertools.pairwise(captions))
    in_order = "".join(word.text for word in sorted(words, key=lambda word: word.start))
    shown = "".join(caption.text for caption in captions)
    assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", in_order)


def test_breaks_fall_where_sentences_end() -> None:
    captions = captions_from_words(
        spoken(
            "The harbour was empty. She waited for the horn, alone and cold. Nobody came at all."
        )
    )
    assert [caption.text.replace("\n", " ") for caption in captions] == [
        "The harbour was empty.",
        "She waited for the horn, alone and cold.",
        "Nobody came at all.",
    ]


def test_two_lines_are_balanced_and_break_after_a_clause() -> None:
    (caption,) = captions_from_words(
        spoken("When the lamps had all gone out, the old keeper climbed the stairs again.", 0.2)
    )
    assert (
        caption.text == "When the lamps had all gone out,\nthe old keeper climbed the stairs again."
    )


def test_a_long_pause_begins_a_new_caption() -> None:
    words = [Word(text="Wait", start=0, end=0.4), Word(text="here", start=3, end=3.4)]
    captions = captions_from_words(words)
    assert [caption.text for caption in captions] == ["Wait", "here"]
    assert captions[0].end == 1.0


def test_the_last_caption_ends_with_the_scene() -> None:
    captions = captions_from_words([Word(text="Go!", start=1.0, end=1.2)], until=1.5)
    assert captions[-1].end == 1.5


def test_chinese_and_japanese_break_without_spaces_and_respect_marks() -> None:
    text = "今日はとても良い天気ですね。散歩に行きましょう。「はい」と彼女は言った。"
    captions = captions_from_words([Word(text=text, start=0, end=9)], characters=20)
    rows = [row for caption in captions for row in caption.text.split("\n")]
    assert "".join(rows) == text
    assert all(width(row) <= 20 for row in rows)
    assert not any(row[0] in "、。」" or row[-1] == "「" for row in rows)
    assert captions[0].end <= captions[1].start


def test_words_of_one_script_know_their_spaces() -> None:
    (mixed,) = captions_from_words(spoken("我们 看 film now ,"))
    assert mixed.text == "我们看film now,"
    (arabic,) = captions_from_words(spoken("مرحبا بالعالم"))
    assert arabic.text == "مرحبا بالعالم"


def test_scripts_are_told_apart() -> None:
    texts = ["你好", "今日は", "안녕하세요", "Привет мир"]
    assert [script_of(text) for text in texts] == ["chinese", "japanese", "korean", "spaced"]


def test_subtitle_files() -> None:
    captions = [
        Caption(start=0.5, end=3661.25, text="Tom & <Jerry>\n\nrun"),
        Caption(start=3662, end=3663, text="away"),
    ]
    assert to_srt(captions) == (
        "1\n00:00:00,500 --> 01:01:01,250\nTom & <Jerry>\nrun\n\n"
        "2\n01:01:02,000 --> 01:01:03,000\naway\n"
    )
    assert to_vtt(captions) == (
        "WEBVTT\n\n00:00:00.500 --> 01:01:01.250\nTom &amp; &lt;Jerry&gt;\nrun\n\n"
        "01:01:02.000 --> 01:01:03.000\naway\n"
    )
