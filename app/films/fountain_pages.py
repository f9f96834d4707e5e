"""A screenplay's own text, cut scene by scene: what no scene shows, such as notes, goes along."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.films.fountain import is_opening, parsed, title_page_of
from app.films.fountain_text import hidden_blanked

_NUMBER: Final = re.compile(r"#[\w.\-]+#")
_BEFORE_A_HEADING: Final = ("#", "=")
"""Sections and synopses above a heading belong to what is below them, and so does what is hidden
right there."""


@dataclass(frozen=True, slots=True)
class Pages:
    """A text in pieces: what stands before the first scene, and each scene."""

    front: str
    scenes: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole, with a blank line between the pieces; scenes that have numbers count on."""
        numbered = (_numbered(each, at) for at, each in enumerate(self.scenes, start=1))
        pieces = (each.strip("\n") for each in (self.front, *numbered))
        return "\n\n".join(filter(None, pieces)) + "\n"


def pages_of(text: str) -> Pages | None:
    """The text cut before each of its scenes; None where it can't be cut without changing one."""
    text, shown = hidden_blanked(text)
    lines = shown.splitlines(keepends=True)
    first, _ = title_page_of([*map(str.rstrip, lines)])
    cuts = _cuts(lines, first)
    offsets = [0, *itertools.accumulate(map(len, lines))]
    starts = [offsets[at] for at in cuts]
    pieces = [text[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
    front = text[: starts[0]]
    scenes = parsed(text).scenes
    if len(pieces) > len(scenes):  # nothing is filmed before the first heading
        front, pieces = front + pieces[0], pieces[1:]
    alone = [parsed(each).scenes for each in pieces]
    return Pages(front, tuple(pieces)) if alone == [(each,) for each in scenes] else None


def _cuts(lines: Sequence[str], first: int) -> list[int]:
    """The first lines of the pieces: the one behind the title page, and those of headings."""
    cuts = [first]
    for at in range(first, len(lines)):
        if not is_opening(lines[at].strip()):
            continue
        above = at
        while above > first and _goes_along(lines[above - 1]):
            above -= 1
        is_block = at == first or above < at or is_opening(lines[at - 1].strip())
        if is_block and above > cuts[-1]:
            cuts.append(above)
    return cuts


def _goes_along(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith(_BEFORE_A_HEADING)


def _numbered(piece: str, number: int) -> str:
    lines = piece.splitlines(keepends=True)
    for at, line in enumerate(lines):
        if is_opening(line.strip()):
            lines[at] = _NUMBER.sub(f"#{number}#", line, count=1)
            break
    return "".join(lines)
