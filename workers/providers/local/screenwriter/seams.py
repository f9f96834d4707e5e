"""Cutting a text into parts of about the same length, where it is sewn together anyway."""

# ruff: noqa: RUF001 (other scripts' signs are meant)

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

CHAPTER_STRENGTH, PARAGRAPH_STRENGTH, LINE_STRENGTH, SENTENCE_STRENGTH = 3.0, 1.0, 0.6, 0.3
UNEVENNESS = 4.0
"""How much a part that is twice as long as it should be counts against the seam."""
FEWEST_WORDS = 30
"""A part of fewer makes no episode."""

CHAPTER = re.compile(
    r"(?:(?:chapter|part|book|act|canto|kapitel|teil|chapitre|partie|capítulo|parte|capitolo|глава|часть)"
    r"\s+[\w.]{1,12}\b[^\n]{0,80}|第[一二三四五六七八九十百零\d]{1,6}[章回節节部][^\n]{0,40}"
    r"|[IVXLC]{1,7}\.?|\d{1,3}\.?|[*#~=—\-][*#~=—\- ]{2,20})$",
    re.IGNORECASE | re.MULTILINE,
)
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_LINE = re.compile(r"\n\s*")
_SENTENCE = re.compile(r"[.!?…؟۔।]+[\"'”’»)\]]*\s+|[。！？｡]+[”’」』）]*\s*")
_WORD = re.compile(r"\s+")


def cut_parts(text: str, parts: int) -> list[tuple[int, int]] | None:
    """Where so many parts begin and end; None where the text has no so many sentences.

    Together they are the whole text, but for blanks between them.
    """
    if parts == 1:
        return [_trimmed(text, 0, len(text))]
    strengths = _seams(text)
    places = sorted(strengths)
    if len(places) < parts - 1:
        return None
    cuts = [0]
    while len(cuts) < parts:
        left = parts - len(cuts)  # the cuts that are still to be made
        share = (len(text) - cuts[-1]) / (left + 1)
        first = bisect_right(places, cuts[-1])
        last = len(places) - left
        # What is more than twice as long is looked at only where there is nothing nearer.
        end = min(last + 1, max(first + 1, bisect_left(places, cuts[-1] + 2 * share)))
        cuts.append(
            max(
                places[first:end],
                key=lambda at: strengths[at] - UNEVENNESS * abs((at - cuts[-1]) / share - 1),
            )
        )
    return [_trimmed(text, *each) for each in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def _seams(text: str) -> dict[int, float]:
    """How strong the seam is at each place where a part could begin, words on both sides."""
    strengths: dict[int, float] = {}
    for pattern, strength in (
        (_SENTENCE, SENTENCE_STRENGTH),
        (_LINE, LINE_STRENGTH),
        (_PARAGRAPH, PARAGRAPH_STRENGTH),
    ):
        for found in pattern.finditer(text):
            strengths[found.end()] = max(strength, strengths.get(found.end(), 0.0))
    for found in CHAPTER.finditer(text):
        if found.start() in strengths:
            strengths[found.start()] = CHAPTER_STRENGTH
    end = next((at for at in range(len(text) - 1, -1, -1) if text[at].isalpha()), 0)
    kept: dict[int, float] = {}
    last = 0
    for at in sorted(strengths):
        if any(map(str.isalpha, text[last:at])):
            if at <= end:
                kept[at] = strengths[at]
                last = at
        elif last:  # only signs lie between: it is the same seam
            kept[last] = max(kept[last], strengths[at])
    return kept


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())


def heading_of(part: str) -> tuple[str, str]:
    """The chapter heading with which a part begins, if it has one, and the rest."""
    head, _, rest = part.partition("\n")
    if rest.strip() and CHAPTER.fullmatch(head.strip()):
        following, _, more = rest.lstrip().partition("\n")
        bare = len(head.split()) <= 2
        is_name = len(following) <= 60 and following.strip()[-1:].isalnum() and more.strip()
        if bare and is_name:
            return f"{head.strip().rstrip('.')}: {following.strip()}", more.strip()
        return head.strip().rstrip("."), rest.strip()
    return "", part
