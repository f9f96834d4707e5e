"""Which scene of a new script is which scene of the old one."""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from app.films.casting import name_key
from app.films.fountain import ScriptScene
from app.films.fountain_text import one_line

ENOUGH: Final = 0.5
"""From this likeness on it is the same scene, changed."""
SAME_HEADING: Final = 0.3
SAME_NUMBER: Final = 0.2
SAME_PLACE: Final = 0.2
"""What counts beside the words: these go on top of their share."""
MOST_COMPARED: Final = 20_000
"""Of more pairs than so many, only those with the same heading or number are compared."""
# Words; in scripts without spaces, signs.
_WORD: Final = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]|\w+")


@dataclass(frozen=True, slots=True)
class _Page:
    """What scenes are told apart by."""

    heading: str
    number: str | None
    place: int
    words: Counter[str]
    size: int
    exact: tuple[object, ...]

    @classmethod
    def of(cls, scene: ScriptScene, place: int) -> "_Page":
        said = [each.text for each in scene.speeches]
        words = Counter(_WORD.findall(" ".join([scene.action, *said]).lower()))
        heading = one_line(scene.heading).casefold()
        lines = (
            (each.speaker and name_key(each.speaker), one_line(each.text), each.emotion)
            for each in scene.speeches
        )
        exact = (heading, one_line(scene.action), *lines)
        return cls(heading, scene.number, place, words, words.total(), exact)


def matched(old: Sequence[ScriptScene], new: Sequence[ScriptScene]) -> dict[int, int]:
    """For each new scene that is an old one, by their indexes, which one.

    First those that say the same, wherever they are; of the others the most alike find each other,
    by their words, and by heading, number and place.
    """
    befores = [_Page.of(each, at) for at, each in enumerate(old)]
    afters = [_Page.of(each, at) for at, each in enumerate(new)]
    found = _the_same(befores, afters)
    left = [each for each in befores if each.place not in found.values()]
    fresh = [each for each in afters if each.place not in found]
    scored = sorted(_scored(left, fresh), key=lambda each: (-each[0], each[1], each[2]))
    taken: set[int] = set()
    for _, after, before in scored:
        if after not in found and before not in taken:
            found[after] = before
            taken.add(before)
    return found


def say_the_same(some: Sequence[ScriptScene], others: Sequence[ScriptScene]) -> bool:
    """Whether the same is seen and said in the same order, however it is numbered and spaced."""
    exact = [[_Page.of(each, 0).exact for each in scenes] for scenes in (some, others)]
    return exact[0] == exact[1]


def _the_same(befores: Sequence[_Page], afters: Sequence[_Page]) -> dict[int, int]:
    known: dict[tuple[object, ...], deque[int]] = defaultdict(deque)
    for each in befores:
        known[each.exact].append(each.place)
    return {each.place: known[each.exact].popleft() for each in afters if known[each.exact]}


def _scored(left: Sequence[_Page], fresh: Sequence[_Page]) -> Iterator[tuple[float, int, int]]:
    few = len(left) * len(fresh) <= MOST_COMPARED
    for after in fresh:
        for before in left:
            same_heading = bool(after.heading) and after.heading == before.heading
            same_number = after.number is not None and after.number == before.number
            if not (few or same_heading or same_number):
                continue
            score = (
                _likeness(before, after)
                + SAME_HEADING * same_heading
                + SAME_NUMBER * same_number
                + SAME_PLACE * (after.place == before.place)
            )
            if score >= ENOUGH:
                yield score, after.place, before.place


def _likeness(before: _Page, after: _Page) -> float:
    """The share of words that both have."""
    if not before.size + after.size:
        return 0.0
    return 2 * (before.words & after.words).total() / (before.size + after.size)
