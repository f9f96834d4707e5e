"""A snapshot and what was written since, searched as one."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from app.library.search.columns import Columns, columns_of, keys_array
from app.library.search.graph import Graph
from app.library.search.masks import Mask, counted, mask
from app.library.search.ranking import best, exact, merged, products
from app.library.search.recent import Recent, Written
from app.library.search.snapshot import Snapshot
from app.library.search.wanted import Candidate, Condition, Facets, Row, Wanted
from documents.values import Id

EXACT_FLOATS: Final = 20_000_000
"""Up to so many numbers in reach, one product is quicker than a graph, and finds everything."""
RERANKED: Final = 200
"""So many of what the graph finds are compared exactly."""
MOST_ASKED: Final = 8_192
"""A graph that finds too little within reach, having been asked for so many, is given up."""
SPREAD: Final = 1.3
"""How much more than their share the graph is asked for, since reach is not spread evenly."""
REMEMBERED: Final = 64


class View:
    """Searches run in threads; `apply` is called by one thread only."""

    def __init__(self, snapshot: Snapshot, exact_floats: int = EXACT_FLOATS) -> None:
        self.snapshot, self._exact_floats = snapshot, exact_floats
        self.dimensions = snapshot.manifest.dimensions
        self.position = snapshot.manifest.position
        self.recent = Recent(self.dimensions, snapshot.dictionary)
        self.changed = 0
        """How many changes came since the snapshot."""
        self._graph = Graph(snapshot.graph) if snapshot.graph else None
        living = np.flatnonzero(snapshot.alive)
        keys = snapshot.columns.keys[living]
        order = np.argsort(keys)
        self._order, self._sorted = living[order].astype(np.int32), keys[order]
        self._masks: OrderedDict[str, Mask] = OrderedDict()
        self._guard = threading.Lock()

    @property
    def dead(self) -> int:
        """How many rows of the snapshot count no more."""
        return len(self.snapshot.alive) - int(np.count_nonzero(self.snapshot.alive))

    def apply(self, changes: Mapping[Id, Written | None], position: str) -> None:
        """Take over what these media are now."""
        moved = dict(changes)
        for key, row in self._rows_of([*changes]).items():
            written = changes[key]
            if written is not None and self._is(row, written):
                del moved[key]
            else:
                self.snapshot.alive[row] = False
        self.recent.apply(moved, position)
        self.changed += len(moved)
        self.position = max(self.position, position)

    def take_over(self, other: "View") -> None:
        """Take over what the other one has seen since this one's snapshot."""
        for key, (written, position) in other.recent.behind(self.position).items():
            self.apply({key: written}, position)
        self.position = max(self.position, other.position)

    def nearest(self, wanted: Wanted) -> list[Candidate]:
        """The nearest of what the condition lets through."""
        found = self._nearest_in_snapshot(wanted)
        if not len(self.recent):
            return found
        return merged([found, self._nearest_of_recent(wanted)], wanted.count)

    def scores(self, vector: Row, keys: Sequence[Id]) -> dict[Id, float]:
        """The cosines of these media, as far as they have vectors."""
        found = {
            key: each.vector for key in keys if (each := self.recent.entries.get(key)) is not None
        }
        left = [key for key in keys if key not in found]
        rows = {key: row for key, row in self._rows_of(left).items() if self.snapshot.alive[row]}
        matrix = self.snapshot.rows(np.fromiter(rows.values(), np.intp, len(rows)))
        found |= dict(zip(rows, matrix, strict=True))
        question = vector.astype(np.float64)
        return {
            key: Candidate.of(float(each.astype(np.float64) @ question), key).score
            for key, each in found.items()
        }

    def facets(self, condition: Condition, names: Sequence[str]) -> Facets:
        """Counts by value, of what the condition lets through."""
        rows, dictionary = self.recent.rows, self.snapshot.dictionary
        through = mask(rows.columns, dictionary, condition) & rows.alive
        reach = self._mask(condition) & self.snapshot.alive
        found: Facets = {}
        for name in names:
            counts = counted(self.snapshot.columns, dictionary, name, reach)
            for value, count in counted(rows.columns, dictionary, name, through).items():
                counts[value] = counts.get(value, 0) + count
            found[name] = counts
        return found

    def _nearest_of_recent(self, wanted: Wanted) -> list[Candidate]:
        rows = self.recent.rows
        through = mask(rows.columns, self.snapshot.dictionary, wanted.condition)
        reach = np.flatnonzero(through & rows.alive)
        scores = products(rows.matrix, reach, wanted.vector)
        return best(reach, scores, rows.columns, wanted, lambda chosen: rows.matrix[chosen])

    def _nearest_in_snapshot(self, wanted: Wanted) -> list[Candidate]:
        snapshot = self.snapshot
        reach = self._mask(wanted.condition) & snapshot.alive
        count = int(np.count_nonzero(reach))
        if count == 0:
            return []
        if self._graph is not None and count * self.dimensions > self._exact_floats:
            found = self._by_graph(wanted, reach, count)
            if found is not None:
                return found
        rows = np.flatnonzero(reach)
        scores = products(snapshot.vectors, rows, wanted.vector)
        snapshot.note_touched(len(rows))
        return best(rows, scores, snapshot.columns, wanted, snapshot.rows)

    def _by_graph(self, wanted: Wanted, reach: Mask, count: int) -> list[Candidate] | None:
        """What the graph finds in reach, ranked exactly; None where that is too little."""
        assert self._graph is not None
        needed = min(max(RERANKED, wanted.served + 2 * wanted.count), count)
        asked = needed if count == len(reach) else int(SPREAD * needed * len(reach) / count)
        while asked <= MOST_ASKED:
            rows = self._graph.nearest(wanted.vector, asked)
            rows = rows[reach[rows]]
            if len(rows) >= needed:
                chosen = rows[:needed]
                matrix = self.snapshot.rows(chosen)
                return exact(chosen, self.snapshot.columns, wanted, matrix)
            asked *= 4
        return None

    def _mask(self, condition: Condition) -> Mask:
        """Which rows of the snapshot the condition lets through; the same for the same one."""
        name = repr(condition)
        with self._guard:
            if name in self._masks:
                self._masks.move_to_end(name)
                return self._masks[name]
        found = mask(self.snapshot.columns, self.snapshot.dictionary, condition)
        with self._guard:
            self._masks[name] = found
            while len(self._masks) > REMEMBERED:
                self._masks.popitem(last=False)
        return found

    def _rows_of(self, keys: Sequence[Id]) -> dict[Id, int]:
        """The rows of the snapshot that hold these media."""
        if not keys or not len(self._sorted):
            return {}
        sought = keys_array(keys)
        places = np.minimum(np.searchsorted(self._sorted, sought), len(self._sorted) - 1)
        hits = self._sorted[places] == sought
        return {
            key: int(self._order[place])
            for key, place, hit in zip(keys, places.tolist(), hits.tolist(), strict=True)
            if hit
        }

    def _is(self, row: int, written: Written) -> bool:
        """Whether the living row holds just this: most changes of media concern no index."""
        snapshot = self.snapshot
        if not snapshot.alive[row]:
            return False
        columns = columns_of([written.fields], snapshot.dictionary)
        single = all(
            columns.single[name][0] == codes[row] for name, codes in snapshot.columns.single.items()
        )
        return (
            single
            and columns.moments[0] == snapshot.columns.moments[row]
            and all(
                np.array_equal(each.codes, _codes_at(snapshot.columns, name, row), equal_nan=False)
                for name, each in columns.several.items()
            )
            and bool(np.allclose(snapshot.vectors[row], written.vector, rtol=0, atol=1e-6))
        )


def _codes_at(columns: Columns, name: str, row: int) -> npt.NDArray[np.int32]:
    lists = columns.several[name]
    return lists.codes[lists.offsets[row] : lists.offsets[row + 1]]
