"""Walking from a file to what it was made of and to what was made with it.

Level by level, a query or two each. Access is part of every step: a file that the asker may not
see is counted, and neither shown nor gone through.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from documents.base import Scope, StoredDocument, within
from documents.library import Media
from documents.values import Id

INPUTS: Final = "generation_metadata.input_ids"
MOST_FILES: Final = 5_000
"""A walk ends after so many files; from one of those at its end another walk leads on."""
MOST_LEVELS: Final = 100


@dataclass(slots=True)
class Walk:
    """What was met on the way."""

    depths: dict[Id, int] = field(default_factory=dict)
    """How many steps away each file lies at least; where the walk began is not among them."""
    hidden: set[Id] = field(default_factory=set)
    """What the asker may not see, or what lies in the trash."""
    truncated: bool = False
    """Whether there is more beyond."""

    def in_order(self) -> list[tuple[int, Id]]:
        """Depth and id: what is nearest first."""
        return sorted((depth, key) for key, depth in self.depths.items())

    def enter(self, found: Iterable[Id], depth: int) -> list[Id]:
        """Note the files of a level; answers those that there is room for."""
        fresh = sorted(found)
        kept = fresh[: MOST_FILES - len(self.depths)]
        self.truncated = self.truncated or len(kept) < len(fresh)
        self.depths |= dict.fromkeys(kept, depth)
        return kept


@dataclass(frozen=True, slots=True)
class Step:
    """What lies one step away, in reach and out of it."""

    found: set[Id]
    hidden: set[Id]


async def parents(scope: Scope, start: Id, levels: int = MOST_LEVELS) -> Walk:
    """What the file was made of, and so on."""
    walk, seen = Walk(), {start}
    inputs = await _inputs(scope, {start})
    for depth in range(1, levels + 1):
        wanted = {key for each in inputs.values() for key in each} - seen
        if not wanted:
            return walk
        seen |= wanted
        inputs = await _inputs(scope, wanted)
        walk.hidden |= wanted - inputs.keys()
        inputs = {key: inputs[key] for key in walk.enter(inputs, depth)}
    beyond = {key for each in inputs.values() for key in each}
    walk.truncated = walk.truncated or not beyond <= seen
    return walk


async def children(scope: Scope, start: Id, levels: int = MOST_LEVELS) -> Walk:
    """What was made with the file, with what was made of that, and so on."""
    walk, seen, level = Walk(), {start}, {start}
    for depth in range(1, levels + 1):
        step = await step_down(scope, level)
        walk.hidden |= step.hidden
        level = {*walk.enter(step.found - seen, depth)}
        if not level:
            return walk
        seen |= level
    walk.truncated = walk.truncated or not (await step_down(scope, level)).found <= seen
    return walk


async def step_down(scope: Scope, level: Iterable[Id]) -> Step:
    """What was made with one of these files."""
    query = {INPUTS: {"$in": [*level]}}
    found = await _ids(within(scope, query))
    return Step(found, await _ids(query) - found)


def inputs_of(row: StoredDocument) -> list[Id]:
    """The files that a stored record names as what it was made of."""
    made: dict[str, Any] = row.get("generation_metadata") or {}
    return made.get("input_ids") or []


async def _inputs(scope: Scope, keys: set[Id]) -> dict[Id, list[Id]]:
    """Those of the files that are in reach, with what they were made of."""
    query = within(scope, {"_id": {"$in": [*keys]}})
    rows = Media.collection().find(query, {INPUTS: 1})
    return {row["_id"]: inputs_of(row) async for row in rows}


async def _ids(query: StoredDocument) -> set[Id]:
    # One more than there is room for shows that there are more.
    rows = Media.collection().find(query, {"_id": 1}, limit=MOST_FILES + 1)
    return {row["_id"] async for row in rows}
