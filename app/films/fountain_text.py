"""The marks within Fountain's lines: notes and boneyards, emphasis, and what a backslash spares."""

import re
from collections.abc import Iterator
from typing import Final

MARKS: Final = "\\*_[]()~^#"
"""What a backslash makes a plain sign of."""
PARENTHESES: Final = "()"
_ALWAYS: Final = re.compile(r"[\\*_]")
_SPARED: Final = re.compile(rf"\\([{re.escape(MARKS)}])")
_KEPT: Final = re.compile("\0([0-9])")
# Neither looks past the next mark of its kind, so that both read a text once however it is made.
_NOTE: Final = re.compile(r"\[\[(?:(?!\[\[|\]\]|\n[^\S\n]{0,1}\n).)*\]\]", re.DOTALL)
_STRESS: Final = (
    re.compile(r"\*{1,3}(?=[^\s*])([^*\n]*[^\s*])\*{1,3}"),
    re.compile(r"(?<!\w)_(?=[^\s_])([^_\n]*[^\s_])_(?!\w)"),
)


def without_hidden(text: str) -> str:
    """The text without boneyards and notes, and without signs that nobody sees."""
    return _NOTE.sub("", "".join(shown for shown, _ in _parts(_readable(text))))


def hidden_blanked(text: str) -> tuple[str, str]:
    """The text as it is read, and the same with blanks in place of its boneyards and notes."""
    text = _readable(text)
    blanked = "".join(shown + " " * len(hidden) for shown, hidden in _parts(text))
    return text, _NOTE.sub(lambda note: " " * len(note[0]), blanked)


def _readable(text: str) -> str:
    return text.replace("\0", "").removeprefix("\ufeff").replace("\r\n", "\n")


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """What is shown, and the boneyard after it, again and again."""
    start = 0
    while (opened := text.find("/*", start)) >= 0:
        closed = text.find("*/", opened + 2)
        if closed < 0:
            break
        yield text[start:opened], text[opened : closed + 2]
        start = closed + 2
    yield text[start:], ""


def escaped(line: str, more: str = "") -> str:
    """The line so that none of its signs, `more` among them, is taken for a mark."""
    spared = _ALWAYS.sub(r"\\\g<0>", line)
    for sign in f"{more}[" if "[[" in spared else more:
        spared = spared.replace(sign, f"\\{sign}")
    return spared


def plain(line: str) -> str:
    """The line as it is meant: without the marks of emphasis, and what was spared as it is."""
    kept = _SPARED.sub(lambda found: f"\0{MARKS.index(found[1])}", line)
    for pattern in _STRESS:
        kept = pattern.sub(r"\1", kept)
    return _KEPT.sub(lambda found: MARKS[int(found[1])], kept)


def one_line(text: str) -> str:
    """The text with one blank wherever it has any."""
    return " ".join(text.split())
