"""Captions from word timings, and captions as SRT and WebVTT text."""

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from workers.render.scripts import clusters, is_ideographic, unspaced_pieces, width
from workers.render.timeline import Caption, Word

LINE_CHARACTERS = 42
LINES = 2
SHORTEST = 1.0
_LONGEST = 7.0
_LINGER = 0.25
_SENTENCE_END = (
    *".!?…。؟।",
    "\N{FULLWIDTH EXCLAMATION MARK}",
    "\N{FULLWIDTH QUESTION MARK}",
)
_CLAUSE_END = (
    *",;:—、،؛",
    "\N{FULLWIDTH COMMA}",
    "\N{FULLWIDTH SEMICOLON}",
    "\N{FULLWIDTH COLON}",
)
# Quotes and brackets that may follow the mark a sentence ends with.
_CLOSING = "\"'”»)]」』\N{RIGHT SINGLE QUOTATION MARK}\N{FULLWIDTH RIGHT PARENTHESIS}"


class _Token(NamedTuple):
    """The smallest thing that stays on one line."""

    text: str
    start: float
    end: float
    spaced: bool
    word: int

    @property
    def width(self) -> int:
        return width(self.text)


def captions_from_words(
    words: Iterable[Word],
    *,
    characters: int = LINE_CHARACTERS,
    lines: int = LINES,
    shortest: float = SHORTEST,
    until: float | None = None,
) -> tuple[Caption, ...]:
    """Group spoken words into captions.

    Breaks fall on sentence ends, clause ends and pauses where possible; lines are at most
    `characters` Latin letters wide (East Asian ones count two); a caption stays for `shortest`
    seconds if the next one leaves it the time, never overlaps it, and ends by `until`.
    """
    tokens = _tokens(words, characters)
    groups = _best_groups(tokens, characters, lines, shortest)
    captions: list[Caption] = []
    free_from = 0.0
    for index, group in enumerate(groups):
        start = max(group[0].start, free_from)
        following = groups[index + 1][0].start if index + 1 < len(groups) else float("inf")
        end = max(group[-1].end + _LINGER, start + shortest)
        end = max(min(end, following), start + 0.05)
        if until is not None:
            end = min(end, until)
        if end <= start:
            break
        free_from = end
        text = "\n".join(_joined(line) for line in _broken(group, characters, lines))
        captions.append(Caption(start=start, end=end, text=text, words=_words_of(group)))
    return tuple(captions)


def _tokens(words: Iterable[Word], characters: int) -> list[_Token]:
    tokens: list[_Token] = []
    for number, word in enumerate(sorted(words, key=lambda word: word.start)):
        text = " ".join(word.text.split())
        if not text:
            continue
        pieces = unspaced_pieces(text) if any(map(is_ideographic, text)) else [text]
        pieces = [part for piece in pieces for part in _cut_to(piece, characters)]
        length, said = max(1, width(text)), 0
        for position, piece in enumerate(pieces):
            share = max(0.0, word.end - word.start) / length
            start = word.start + said * share
            said += width(piece)
            spaced = position == 0 and _needs_space(tokens[-1].text if tokens else "", piece)
            tokens.append(_Token(piece, start, word.start + said * share, spaced, number))
    return tokens


def _cut_to(piece: str, characters: int) -> list[str]:
    """Cut what is wider than a whole line."""
    if width(piece) <= characters:
        return [piece]
    parts = [""]
    for cluster in clusters(piece):
        if parts[-1] and width(parts[-1] + cluster) > characters:
            parts.append("")
        parts[-1] += cluster
    return parts


def _needs_space(before: str, piece: str) -> bool:
    if not before or piece in _SENTENCE_END + _CLAUSE_END:
        return False
    return not (is_ideographic(before[-1]) or is_ideographic(piece[0]))


def _joined(tokens: Sequence[_Token]) -> str:
    first, *rest = tokens
    return first.text + "".join((" " if t.spaced else "") + t.text for t in rest)


def _words_of(tokens: Sequence[_Token]) -> tuple[Word, ...]:
    """The words of a caption; the pieces of one word become one again."""
    return tuple(
        Word(text="".join(t.text for t in pieces), start=pieces[0].start, end=pieces[-1].end)
        for pieces in (list(g) for _, g in itertools.groupby(tokens, key=lambda t: t.word))
    )


def _best_groups(
    tokens: list[_Token], characters: int, lines: int, shortest: float
) -> list[list[_Token]]:
    """Split tokens into captions at the least total cost (dynamic programming)."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(tokens) + 1):
        best.append((float("inf"), end - 1))
        for start in range(end - 1, -1, -1):
            group = tokens[start:end]
            if len(group) > 1 and not _fits(group, characters, lines):
                break
            after = tokens[end].start - group[-1].end if end < len(tokens) else None
            cost = best[start][0] + _cost(group, after, characters * lines, shortest)
            if cost < best[end][0]:
                best[end] = (cost, start)
    groups: list[list[_Token]] = []
    end = len(tokens)
    while end:
        start = best[end][1]
        groups.insert(0, tokens[start:end])
        end = start
    return groups


def _cost(group: Sequence[_Token], pause_after: float | None, room: int, shortest: float) -> float:
    """How bad a caption is: too empty, too short, or broken where nobody draws breath."""
    filled = sum(t.width + t.spaced for t in group) / room
    lasting = group[-1].end - group[0].start
    cost = 0.4 + (1 - filled) ** 2 * 0.5
    cost += max(0.0, shortest - lasting) * 0.5 + max(0.0, lasting - _LONGEST) * 2
    if pause_after is not None and pause_after < 0.5 and not _ends(group[-1], _SENTENCE_END):
        cost += 0.25 if _ends(group[-1], _CLAUSE_END) else 1.0
    for token, following in itertools.pairwise(group):
        cost += 0.8 if _ends(token, _SENTENCE_END) else 0.0
        pause = following.start - token.end
        cost += 4.0 if pause > 1.5 else 0.8 if pause > 0.6 else 0.0
    return cost


def _ends(token: _Token, marks: tuple[str, ...]) -> bool:
    return token.text.rstrip(_CLOSING).endswith(marks)


def _fits(tokens: Sequence[_Token], characters: int, lines: int) -> bool:
    used, line = 0, 1
    for token in tokens:
        needed = used + token.spaced + token.width if used else token.width
        if needed > characters:
            line, needed = line + 1, token.width
        used = needed
    return line <= lines


def _broken(tokens: Sequence[_Token], characters: int, lines: int) -> list[Sequence[_Token]]:
    """Break a caption into as few lines as it needs, evenly, rather after punctuation."""
    if lines == 1 or _fits(tokens, characters, 1):
        return [tokens]
    needed = next((n for n in range(2, lines) if _fits(tokens, characters, n)), lines)

    def badness(at: int) -> float:
        head, rest = tokens[:at], tokens[at:]
        if not _fits(head, characters, 1) or not _fits(rest, characters, needed - 1):
            return float("inf")
        wanted = width(_joined(tokens)) / needed
        bonus = 0.3 if _ends(head[-1], _SENTENCE_END + _CLAUSE_END) else 0.0
        return abs(width(_joined(head)) - wanted) / wanted - bonus

    at = min(range(1, len(tokens)), key=badness)
    return [tokens[:at], *_broken(tokens[at:], characters, needed - 1)]


def to_srt(captions: Iterable[Caption]) -> str:
    """The captions as a SubRip file."""
    blocks = (
        f"{number}\n{_span(caption, ',')}\n{_without_blank_lines(caption.text)}\n"
        for number, caption in enumerate(captions, start=1)
    )
    return "\n".join(blocks)


def to_vtt(captions: Iterable[Caption]) -> str:
    """The captions as a WebVTT file; markup characters are escaped."""
    blocks = ["WEBVTT\n"]
    for caption in captions:
        text = _without_blank_lines(caption.text)
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(f"{_span(caption, '.')}\n{text}\n")
    return "\n".join(blocks)


def _without_blank_lines(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.strip())


def _span(caption: Caption, mark: str) -> str:
    return f"{_clock(caption.start, mark)} --> {_clock(caption.end, mark)}"


def _clock(seconds: float, mark: str) -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{mark}{rest % 1000:03}"
