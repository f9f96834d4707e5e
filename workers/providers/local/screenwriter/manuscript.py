"""Reading a text: what can't be read is refused; title, credits and paragraphs come apart."""

# ruff: noqa: RUF001 (other scripts' signs are meant)

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from workers.providers.errors import ProviderRefused

LONGEST_BYTES = 1_000_000
LONGEST_TITLE = 80

SENTENCE_END = ".!?…。！？｡؟۔।॥።։။"
_CLOSERS = "\"'”’»)]}」』）】›"
_ENDS_SENTENCE = re.compile(rf"[{re.escape(SENTENCE_END)}:;,][{re.escape(_CLOSERS)}]*$")
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
_CREDITS = re.compile(r"^[(\[（].*[)\]）]$", re.DOTALL)
_NOT_TEXT = frozenset(("Cc", "Cn", "Co", "Cs"))
_MARKS = frozenset("\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Manuscript:
    """A text taken apart; `title` is empty where the text has none of its own."""

    title: str
    paragraphs: tuple[str, ...]
    credits: str


def read_manuscript(text: str) -> Manuscript:
    """Take a text apart; raises `ProviderRefused` for what is no story."""
    refuse_unreadable(text)
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    plain = "".join(character for character in plain if character not in _MARKS)
    blocks = _blocks(plain)
    title = ""
    if len(blocks) > 1 and _is_title(blocks[0]):
        title = blocks.pop(0)
    credit_lines: list[str] = []
    while len(blocks) > 1 and _CREDITS.match(blocks[-1]):
        credit_lines.insert(0, blocks.pop())
    return Manuscript(title, tuple(blocks), " ".join(credit_lines))


def refuse_unreadable(text: str) -> None:
    """Raise `ProviderRefused` for what is no story."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > LONGEST_BYTES:
        raise ProviderRefused(
            f"The text is {size / 1e6:.1f} MB and the local screenwriter reads up to "
            f"{LONGEST_BYTES / 1e6:.0f} MB: cut it into episodes and write each for itself.",
            code="text_too_long",
        )
    if not text.strip():
        raise ProviderRefused("The text is empty: give the story as plain text.", code="text_empty")
    strange = sum(
        character == "\ufffd" or (unicodedata.category(character) in _NOT_TEXT)
        for character in text
        if character not in "\n\r\t\f\v"
    )
    if "\0" in text or strange > len(text) / 10:
        raise ProviderRefused(
            "This is binary data and not a text: give the story as plain UTF-8 text.",
            code="text_binary",
        )
    if not any(character.isalpha() for character in text):
        raise ProviderRefused(
            "There is no letter in this text: give a story in words.", code="text_without_letters"
        )


def _blocks(plain: str) -> list[str]:
    """Paragraphs with their line breaks gone; those without any letter or digit join the last."""
    raw = _BLANK_LINES.split(plain.strip())
    if len(raw) == 1:
        raw = _from_lines(raw[0])
    elif "\n" in raw[0].strip() and _is_title(raw[0].split("\n")[0]):
        # The title stands directly above the first paragraph.
        head, rest = raw[0].strip().split("\n", 1)
        if len(rest) > 2 * len(head):
            raw[:1] = [head, rest]
    blocks: list[str] = []
    for part in (" ".join(block.split()) for block in raw):
        if any(character.isalnum() for character in part):
            blocks.append(part)
        elif blocks and part:
            blocks[-1] = f"{blocks[-1]} {part}"
    return blocks


def _from_lines(block: str) -> list[str]:
    """A text without blank lines: its lines are paragraphs if most of them end a sentence."""
    lines = [line for line in block.split("\n") if line.strip()]
    if len(lines) < 2:
        return lines
    rest = lines[1:] if _is_title(lines[0]) else lines
    ended = sum(bool(_ENDS_SENTENCE.search(line.strip())) for line in rest)
    if ended * 2 >= len(rest):
        return lines
    joined = " ".join(rest)
    return [lines[0], joined] if rest is not lines else [joined]


def _is_title(line: str) -> bool:
    line = line.strip()
    return (
        len(line) <= LONGEST_TITLE
        and "\n" not in line
        and any(character.isalpha() for character in line)
        and not _ENDS_SENTENCE.search(line)
        and not line.startswith(('"', "“", "«", "„", "「", "(", "["))
    )
