"""Telling speech from prose by its quotation marks."""

# ruff: noqa: RUF001 (other scripts' signs are meant)

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workers.providers.local.languages import WORD
from workers.providers.local.screenwriter.vocabulary import SPEECH_VERBS

_PAIRS = {"“": "”", "„": "“”", "«": "»", "「": "」", "『": "』", '"': '"', "»": "«", "”": "”"}
# An apostrophe looks like a single quotation mark: the search for its fellow ends somewhere.
_LONGEST_SINGLE = 600
_CLOSING_CURLY = re.compile(r"(?<=[.,!?…—–])’(?!\w)")
_CLOSING_STRAIGHT = re.compile(r"(?<=[.,!?…—–])'(?!\w)")
_SAID = re.compile(r"[.,!?…—–。！？、؟۔।-]$")
_LEADS_TO_SPEECH = re.compile(r"[,:،：—–]\s*$")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a paragraph: prose, or somebody's words without their marks."""

    text: str
    spoken: bool


def split_quotes(paragraph: str) -> list[Passage]:
    """Prose and speech in order; quoted words that nobody says stay in the prose."""
    passages: list[Passage] = []
    prose_from = 0
    for start, end, inner in _quotations(paragraph):
        if start < prose_from:
            continue
        before = paragraph[prose_from:start]
        if not inner.strip() or not _is_speech(before, inner, paragraph[end : end + 40]):
            continue
        if before.strip():
            passages.append(Passage(before.strip(), spoken=False))
        passages.append(Passage(inner.strip(), spoken=True))
        prose_from = end
    rest = paragraph[prose_from:]
    if rest.strip():
        passages.append(Passage(rest.strip(), spoken=False))
    return passages


def _is_speech(before: str, inner: str, after: str) -> bool:
    words = [word.lower() for word in WORD.findall(after)[:2]]
    if after.startswith(",") and any(word in SPEECH_VERBS for word in words):
        return True  # in German the comma stands behind the mark
    said = bool(_SAID.search(inner.strip())) or bool(_LEADS_TO_SPEECH.search(before))
    return said or len(inner.split()) > 4 or not before.strip()


def _quotations(paragraph: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, inner) of the outermost quotations; one left open runs to the end."""
    position = 0
    while position < len(paragraph):
        mark = paragraph[position]
        closers = _PAIRS.get(mark)
        if closers:
            close = _find_any(paragraph, closers, position + 1)
            inner = paragraph[position + 1 : close]
            yield position, min(close + 1, len(paragraph)), inner
            position = close + 1
        elif mark in "'‘" and _opens(paragraph, position):
            single = _single_close(paragraph, position + 1)
            if single is not None:
                yield position, single + 1, paragraph[position + 1 : single]
                position = single
            position += 1
        else:
            position += 1


def _find_any(text: str, marks: str, start: int) -> int:
    found = re.compile(f"[{marks}]").search(text, start)
    return found.start() if found else len(text)


def _opens(text: str, position: int) -> bool:
    before = text[position - 1] if position else " "
    after = text[position + 1 : position + 2]
    return (before.isspace() or before in "(—–") and after.isalnum()


def _single_close(text: str, start: int) -> int | None:
    """A single mark closes where punctuation stands before it and no letter behind."""
    pattern = _CLOSING_CURLY if text[start - 1] == "‘" else _CLOSING_STRAIGHT
    found = pattern.search(text, start, start + _LONGEST_SINGLE)
    return found.start() if found else None
