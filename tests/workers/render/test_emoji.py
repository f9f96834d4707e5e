import pytest

from workers.render.emoji import pieces

FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
RAINBOW_FLAG = "\U0001f3f3\ufe0f\u200d\U0001f308"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    "emoji",
    [
        "\N{GRINNING FACE}",
        "\N{THUMBS UP SIGN}\U0001f3fd",
        FAMILY,
        RAINBOW_FLAG,
        ENGLAND,
        "1\ufe0f\u20e3",
        "\N{HEAVY BLACK HEART}\ufe0f",
        "\U0001f1e9\U0001f1ea",
    ],
)
def test_what_is_one_emoji_stays_in_one_piece(emoji: str) -> None:
    assert list(pieces(f"a{emoji}b")) == [("a", False), (emoji, True), ("b", False)]
    assert list(pieces(emoji * 2)) == [(emoji, True)] * 2


@pytest.mark.parametrize(
    "text", ["plain 1 # *", "\N{BLACK STAR} \N{HEAVY BLACK HEART}", "你好", ""]
)
def test_letters_and_signs_are_none(text: str) -> None:
    assert list(pieces(text)) == ([(text, False)] if text else [])
