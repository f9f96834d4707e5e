"""A story as people bring it: bytes that have to become text worth filming."""

import unicodedata
from typing import Final

MOST_BYTES: Final = 1_000_000
MOST_CHARACTERS: Final = 1_000_000
READABLE_SHARE: Final = 0.9
"""Below this share of readable characters, bytes are taken for something else than text."""


class UnusableStory(Exception):
    """No film can be made of this; the message says why and what to do."""


def read_story(content: bytes) -> str:
    """The text of a story. Raises UnusableStory for what is no text, has no words or is too long.

    UTF-8 (with or without a mark) and UTF-16 with a mark are understood; else Windows-1252, which
    is what old text files mostly are.
    """
    if len(content) > MOST_BYTES:
        raise UnusableStory(
            f"The story has {len(content):,} bytes; a film takes up to {MOST_BYTES:,}. "
            "Cut it into parts and make an episode of each."
        )
    return usable_text(_decoded(content))


def usable_text(content: str) -> str:
    """The same for what is text already. Raises UnusableStory."""
    text = unicodedata.normalize("NFC", content).replace("\r\n", "\n").strip()
    if len(text) > MOST_CHARACTERS:
        raise UnusableStory(
            f"The story has {len(text):,} characters; a series takes up to {MOST_CHARACTERS:,}."
        )
    if not text:
        raise UnusableStory("The story is empty: give a text file with at least one sentence.")
    readable = sum(character.isprintable() or character.isspace() for character in text)
    if "\0" in text or readable < READABLE_SHARE * len(text):
        raise UnusableStory("The story is not text but some other kind of file: save it as UTF-8.")
    if not any(character.isalpha() for character in text):
        raise UnusableStory("The story has no words: give a text with at least one sentence.")
    return text


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
