"""Takes: all tries at something are kept, up to a number."""

from collections.abc import Container
from typing import TypeVar

from documents.films import MOST_TAKES, Take
from documents.scenes import PanelTake, StoryboardPanel
from documents.values import Id

T = TypeVar("T", bound=Take)
MOST_WITH_FIGURES = 10
"""Takes of a panel that keep who is where in them: a record has to stay below the store's 16 MB."""


def next_number(takes: list[T]) -> int:
    """The number of the next try."""
    return max((each.number for each in takes), default=0) + 1


def add_take(takes: list[T], take: T, shown: Container[Id | None] = ()) -> None:
    """Keep one more; the oldest one goes beyond the limit, unless it is one of those shown."""
    takes.append(take)
    while len(takes) > MOST_TAKES:
        takes.remove(next(each for each in takes if each.media_id not in shown))


def add_panel_take(panel: StoryboardPanel, take: PanelTake) -> None:
    """Keep one more picture of a panel, and show it."""
    panel.image_id = take.media_id
    add_take(panel.takes, take, (take.media_id,))
    for each in panel.takes[:-MOST_WITH_FIGURES]:
        each.figures = []
