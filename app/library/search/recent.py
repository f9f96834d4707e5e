"""What was written since the snapshot: rows in memory, few enough to compare them all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from app.library.search.columns import Columns, Dictionary, columns_of, joined
from app.library.search.snapshot import Matrix
from app.library.search.wanted import Row
from documents.base import StoredDocument
from documents.values import Id

FIRST_CAPACITY: Final = 256


@dataclass(frozen=True, slots=True)
class Written:
    """A media record as an index sees it."""

    fields: StoredDocument
    vector: Row


@dataclass(frozen=True, slots=True)
class Rows:
    """What searches read: rows that are there, those that count, and their columns."""

    columns: Columns
    alive: npt.NDArray[np.bool_]
    matrix: Matrix


@dataclass(slots=True)
class Recent:
    """Rows by media; the newest row of a record counts. One thread writes, others read `rows`."""

    dimensions: int
    dictionary: Dictionary
    entries: dict[Id, Written] = field(default_factory=dict)
    positions: dict[Id, str] = field(default_factory=dict)
    """Behind which change of the store each record was seen, deleted ones as well."""
    rows: Rows = field(init=False)
    _places: dict[Id, int] = field(default_factory=dict)
    _matrix: Matrix = field(init=False)
    _alive: npt.NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self._matrix = np.zeros((FIRST_CAPACITY, self.dimensions), np.float32)
        self._alive = np.zeros(FIRST_CAPACITY, np.bool_)
        columns = columns_of([], self.dictionary)
        self.rows = Rows(columns, self._alive[:0], self._matrix[:0])

    def __len__(self) -> int:
        return len(self.rows.columns)

    def apply(self, changes: Mapping[Id, Written | None], position: str) -> None:
        """Take over what these media are now; None: they are found no more."""
        for key in changes:
            self.positions[key] = position
            self.entries.pop(key, None)
            place = self._places.pop(key, None)
            if place is not None:
                self._alive[place] = False
        written = {key: each for key, each in changes.items() if each is not None}
        if not written:
            return
        begin, end = len(self), len(self) + len(written)
        self._reserve(end)
        for place, (key, each) in enumerate(written.items(), begin):
            self._matrix[place] = each.vector
            self._alive[place] = True
            self._places[key] = place
        self.entries |= written
        added = columns_of([each.fields for each in written.values()], self.dictionary)
        columns = joined([self.rows.columns, added]) if begin else added
        self.rows = Rows(columns, self._alive[:end], self._matrix[:end])

    def behind(self, position: str) -> "dict[Id, tuple[Written | None, str]]":
        """What was seen later than this position."""
        return {
            key: (self.entries.get(key), seen)
            for key, seen in self.positions.items()
            if seen > position
        }

    def _reserve(self, count: int) -> None:
        """Grow by copying: whoever searches goes on reading the old arrays."""
        if count <= len(self._alive):
            return
        capacity = max(count, 2 * len(self._alive))
        matrix = np.zeros((capacity, self.dimensions), np.float32)
        alive = np.zeros(capacity, np.bool_)
        matrix[: len(self._matrix)], alive[: len(self._alive)] = self._matrix, self._alive
        self._matrix, self._alive = matrix, alive
