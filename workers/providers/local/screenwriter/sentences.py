"""Cutting prose into sentences, in any script, without ever losing a letter."""

# ruff: noqa: RUF001 (other scripts' signs are meant)

from __future__ import annotations

import re

from workers.providers.local.screenwriter.manuscript import SENTENCE_END

LONGEST_SENTENCE = 320

_CLOSERS = "\"'”’»)]}」』）】›"
_FULL_WIDTH = "。！？｡"
_BOUNDARY = re.compile(
    rf"[{re.escape(SENTENCE_END)}]+[{re.escape(_CLOSERS)}]*(?=\s|$)"
    rf"|[{_FULL_WIDTH}]+[{re.escape(_CLOSERS)}]*"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"“])(?:Mr|Mrs|Ms|Dr|St|Prof|Sr|Jr|Capt|Col|Gen|Lt|No|Nr|vs|etc|e\.g|i\.e|cf|z\.B|"
    r"[^\W\d_])\.$"
)
_BREATHS = (re.compile(r"[;:—–]\s*"), re.compile(r"[,،、，]\s*"), re.compile(r"\s+"))


def split_sentences(prose: str) -> list[str]:
    """The sentences of a paragraph in order; endless ones are cut where one would breathe."""
    sentences: list[str] = []
    start = 0
    for boundary in _BOUNDARY.finditer(prose):
        end = boundary.end()
        following = prose[end : end + 2].lstrip()[:1]
        if following.islower() or _ABBREVIATION.search(prose[max(start, end - 12) : end]):
            continue
        sentences.append(prose[start:end])
        start = end
    sentences.append(prose[start:])
    return [part for piece in sentences if piece.strip() for part in _breathe(piece.strip())]


def _breathe(sentence: str) -> list[str]:
    parts: list[str] = []
    start = 0
    while len(sentence) - start > LONGEST_SENTENCE:
        cut = start + _place_to_breathe(sentence[start : start + LONGEST_SENTENCE])
        parts.append(sentence[start:cut].strip())
        start = cut
    parts.append(sentence[start:].strip())
    return [part for part in parts if part]


def _place_to_breathe(window: str) -> int:
    for pattern in _BREATHS:
        ends = [match.end() for match in pattern.finditer(window) if match.end() > len(window) // 3]
        if ends:
            return ends[-1]
    return len(window)


def letters(text: str) -> str:
    """What is heard of a text: its letters and digits, nothing else."""
    return "".join(character for character in text if character.isalnum())
