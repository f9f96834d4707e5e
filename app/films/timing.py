"""How long words are, and how long they take to say."""

import re
from collections.abc import Iterable
from typing import Final

WORDS_A_SECOND: Final = 2.6
LINE_PAUSE: Final = 0.35
SCENE_PAUSE: Final = 1.0
# Scripts without spaces: two of their signs are about a word.
_DENSE: Final = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")


def words_in(text: str) -> int:
    """How many words it has; two signs of a script without spaces count as one."""
    dense = len(_DENSE.findall(text))
    return -(-dense // 2) + len(_DENSE.sub(" ", text).split())


def line_seconds(text: str) -> float:
    """About how long it takes to say this, with the pause behind it."""
    return max(0.5, words_in(text)) / WORDS_A_SECOND + LINE_PAUSE


def scene_seconds(action: str, lines: Iterable[str]) -> float:
    """About how long a scene plays: what is said in it, or else what happens."""
    said = sum(map(line_seconds, lines))
    return round(SCENE_PAUSE + (said or line_seconds(action)), 2)
