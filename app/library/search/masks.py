"""Conditions in the store's language, evaluated over columns: one bit a row."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from app.library.search.columns import (
    MOMENT,
    NOTHING,
    SEVERAL,
    SINGLE,
    Columns,
    Dictionary,
    Value,
    milliseconds,
)
from app.library.search.wanted import Condition

Mask: TypeAlias = npt.NDArray[np.bool_]

COMPARISONS: Final = {
    "$gt": np.greater,
    "$gte": np.greater_equal,
    "$lt": np.less,
    "$lte": np.less_equal,
}


class NotUnderstood(TypeError):
    """A condition tests what no index holds: a mistake in the code that made it."""


def mask(columns: Columns, dictionary: Dictionary, condition: Condition) -> Mask:
    """Which rows the condition lets through. Raises NotUnderstood."""
    found = np.ones(len(columns), np.bool_)
    for name, test in condition.items():
        match name:
            case "$and":
                for each in test:
                    found &= mask(columns, dictionary, each)
            case "$or":
                parts = [mask(columns, dictionary, each) for each in test]
                found &= np.logical_or.reduce(parts)
            case _:
                found &= _tested(columns, dictionary, name, test)
    return found


def _tested(columns: Columns, dictionary: Dictionary, name: str, test: Any) -> Mask:
    operators = test if isinstance(test, Mapping) else {"$eq": test}
    found = np.ones(len(columns), np.bool_)
    for operator, value in operators.items():
        found &= _one_test(columns, dictionary, name, operator, value)
    return found


def _one_test(
    columns: Columns, dictionary: Dictionary, name: str, operator: str, value: Any
) -> Mask:
    if name == MOMENT and operator in COMPARISONS and isinstance(value, datetime):
        compared: Mask = COMPARISONS[operator](columns.moments, milliseconds(value))
        return compared
    if operator == "$ne":
        return ~_one_test(columns, dictionary, name, "$eq", value)
    if operator not in ("$eq", "$in") or name not in (*SINGLE, *SEVERAL):
        raise NotUnderstood(f"{name} {operator}")
    values: Sequence[Value] = [value] if operator == "$eq" else value
    codes = [code for each in values if (code := dictionary.find(name, each)) is not None]
    if name in SINGLE:
        return _among(columns.single[name], codes, dictionary.size(name))
    return _holding(columns, name, codes)


def _among(column: npt.NDArray[np.int32], codes: Sequence[int], size: int) -> Mask:
    if len(codes) == 1:
        same: Mask = column == codes[0]
        return same
    table = np.zeros(size, np.bool_)
    table[[*codes]] = True
    found: Mask = table[column]
    return found


def _holding(columns: Columns, name: str, codes: Sequence[int]) -> Mask:
    found = np.zeros(len(columns), np.bool_)
    for code in codes:
        found[columns.several[name].rows_with(code)] = True
    return found


def counted(columns: Columns, dictionary: Dictionary, name: str, through: Mask) -> dict[str, int]:
    """How many of the rows that are let through have each value of a column; null is left out."""
    if name in SEVERAL:
        lists = columns.several[name]
        codes = lists.codes[np.repeat(through, np.diff(lists.offsets))]
    else:
        codes = columns.single[name][through]
    counts = np.bincount(codes, minlength=dictionary.size(name))
    counts[NOTHING] = 0
    values = dictionary.values(name)
    return {str(values[code]): int(counts[code]) for code in np.flatnonzero(counts)}
