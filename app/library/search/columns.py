"""What conditions test, as arrays: a row for each vector of an index, a code for each value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from bson import ObjectId

from documents.base import StoredDocument
from documents.values import Id

Codes: TypeAlias = npt.NDArray[np.int32]
Value: TypeAlias = ObjectId | str | None

SINGLE: Final = (
    *("workspace_id", "project_id", "episode_id", "scene_id", "character_id"),
    *("kind", "media_type", "status"),
)
SEVERAL: Final = ("tags", "related_elements.character_ids")
MOMENT: Final = "created_at"
NOTHING: Final = 0
"""The code of null."""
KEY_BYTES: Final = 12
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
PROJECTION: Final[Mapping[str, int]] = dict.fromkeys((*SINGLE, *SEVERAL, MOMENT), 1)


@dataclass(frozen=True, slots=True)
class Several:
    """Lists of codes: those of row `i` are `codes[offsets[i]:offsets[i + 1]]`."""

    offsets: npt.NDArray[np.int64]
    codes: Codes

    def rows_with(self, code: int) -> npt.NDArray[np.intp]:
        """The rows whose list holds the code."""
        found = np.flatnonzero(self.codes == code)
        return np.searchsorted(self.offsets, found, side="right") - 1


@dataclass(frozen=True, slots=True)
class Columns:
    """The rows of an index without their vectors."""

    keys: npt.NDArray[np.bytes_]
    single: Mapping[str, Codes]
    several: Mapping[str, Several]
    moments: npt.NDArray[np.int64]
    """Milliseconds since 1970."""

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, row: int) -> Id:
        """The id of the row's media record."""
        # A slice of the bytes: NumPy's own strings lose zeros at their end.
        return Id(self.keys[row : row + 1].tobytes())


class Dictionary:
    """The codes of the values of each column; they only ever grow."""

    def __init__(self, known: Mapping[str, Iterable[Value]] | None = None) -> None:
        self._codes: dict[str, dict[Value, int]] = {
            name: {None: NOTHING} for name in (*SINGLE, *SEVERAL)
        }
        for name, values in (known or {}).items():
            for value in values:
                self.code(name, value)

    def code(self, name: str, value: Value) -> int:
        """The code of the value, a new one if need be."""
        codes = self._codes[name]
        return codes.setdefault(value, len(codes))

    def find(self, name: str, value: Any) -> int | None:
        """The code of the value, if any row has it."""
        return self._codes[name].get(value)

    def size(self, name: str) -> int:
        return len(self._codes[name])

    def values(self, name: str) -> list[Value]:
        """Every value in the order of its code."""
        return [*self._codes[name]]


def columns_of(rows: Sequence[StoredDocument], dictionary: Dictionary) -> Columns:
    """The columns of these media records."""
    return Columns(
        keys=keys_array([row["_id"] for row in rows]),
        single={
            name: np.fromiter(
                (dictionary.code(name, row.get(name)) for row in rows), np.int32, len(rows)
            )
            for name in SINGLE
        },
        several={name: _several(rows, name, dictionary) for name in SEVERAL},
        moments=np.fromiter((milliseconds(row[MOMENT]) for row in rows), np.int64, len(rows)),
    )


def keys_array(keys: Sequence[ObjectId]) -> npt.NDArray[np.bytes_]:
    """Ids as an array of their bytes."""
    return np.frombuffer(b"".join(key.binary for key in keys), dtype=f"S{KEY_BYTES}")


def milliseconds(moment: datetime) -> int:
    """Since 1970; a moment without a zone is in UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round((aware - EPOCH).total_seconds() * 1000)


def joined(parts: Sequence[Columns]) -> Columns:
    """The rows of these, one after the other."""
    if len(parts) == 1:
        return parts[0]
    return Columns(
        keys=np.concatenate([each.keys for each in parts]),
        single={name: np.concatenate([each.single[name] for each in parts]) for name in SINGLE},
        several={name: _joined_lists([each.several[name] for each in parts]) for name in SEVERAL},
        moments=np.concatenate([each.moments for each in parts]),
    )


def chosen(columns: Columns, rows: npt.NDArray[np.intp]) -> Columns:
    """These rows only, in this order."""
    return Columns(
        keys=columns.keys[rows],
        single={name: codes[rows] for name, codes in columns.single.items()},
        several={name: _chosen_lists(each, rows) for name, each in columns.several.items()},
        moments=columns.moments[rows],
    )


def _several(rows: Sequence[StoredDocument], name: str, dictionary: Dictionary) -> Several:
    lists = [[dictionary.code(name, each) for each in _list_at(row, name)] for row in rows]
    offsets = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(each) for each in lists], out=offsets[1:])
    return Several(offsets, np.array([code for each in lists for code in each], np.int32))


def _list_at(row: StoredDocument, name: str) -> Iterable[Any]:
    value: Any = row
    for step in name.split("."):
        value = (value or {}).get(step)
    return dict.fromkeys(value or ())


def _joined_lists(parts: Sequence[Several]) -> Several:
    lengths = np.concatenate([np.diff(each.offsets) for each in parts])
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Several(offsets, np.concatenate([each.codes for each in parts]))


def _chosen_lists(lists: Several, rows: npt.NDArray[np.intp]) -> Several:
    starts, lengths = lists.offsets[rows], np.diff(lists.offsets)[rows]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    return Several(offsets, lists.codes[np.repeat(starts, lengths) + within])
