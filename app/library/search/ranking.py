"""Exact scores over rows of a matrix, and the best of them in an order that never wavers."""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from app.library.search.columns import Columns
from app.library.search.snapshot import Matrix
from app.library.search.wanted import DECIMALS, Candidate, Row, Wanted

Rows = npt.NDArray[np.intp]
LONG_RUN: Final = 32
"""Neighbouring rows that are worth a product of their own, without copying them."""
GATHERED_AT_ONCE: Final = 8_192
SLACK: Final = 2e-6
"""More than float32's sum of products strays from the exact one."""
SPARE: Final = 32


def products(matrix: Matrix, rows: Rows, vector: Row) -> Row:
    """The product of each of these rows, which ascend, with the vector."""
    if len(rows) == 0:
        return np.zeros(0, np.float32)
    if int(rows[-1] - rows[0]) + 1 == len(rows):
        return matrix[rows[0] : rows[-1] + 1] @ vector
    breaks = np.flatnonzero(np.diff(rows) > 1) + 1
    found = np.empty(len(rows), np.float32)
    if len(rows) >= LONG_RUN * (len(breaks) + 1):
        starts = [0, *breaks.tolist()]
        for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
            np.dot(matrix[rows[start] : rows[end - 1] + 1], vector, out=found[start:end])
        return found
    for start in range(0, len(rows), GATHERED_AT_ONCE):
        part = rows[start : start + GATHERED_AT_ONCE]
        np.dot(matrix[part], vector, out=found[start : start + len(part)])
    return found


def best(
    rows: Rows,
    scores: Row,
    columns: Columns,
    wanted: Wanted,
    fetch: Callable[[Rows], Matrix],
) -> list[Candidate]:
    """The best of the rows by their exact scores; `scores` are nearly right."""
    rows, scores = _bounded(rows, scores, wanted)
    some = wanted.count + SPARE
    if len(rows) > some:
        least = np.partition(scores, len(scores) - some)[len(scores) - some]
        kept = np.flatnonzero(scores >= least - SLACK)
        rows, scores = rows[kept], scores[kept]
    return exact(rows, columns, wanted, fetch(rows))


def exact(rows: Rows, columns: Columns, wanted: Wanted, matrix: Matrix) -> list[Candidate]:
    """The best of these few rows, whose vectors are given."""
    scores = np.round(matrix.astype(np.float64) @ wanted.vector.astype(np.float64), DECIMALS)
    order = np.argsort(-scores, kind="stable")
    found: list[Candidate] = []
    last = None
    for place in order.tolist():
        score = float(scores[place])
        if len(found) >= wanted.count and score != last:
            break
        candidate = Candidate.of(score, columns.key(int(rows[place])))
        if _fits(candidate, wanted):
            found.append(candidate)
            last = score
    return sorted(found)[: wanted.count]


def merged(parts: list[list[Candidate]], count: int) -> list[Candidate]:
    """The best of several lists."""
    return sorted(each for part in parts for each in part)[:count]


def _fits(candidate: Candidate, wanted: Wanted) -> bool:
    if wanted.min_score is not None and candidate.score < wanted.min_score:
        return False
    return wanted.after is None or candidate > wanted.after


def _bounded(rows: Rows, scores: Row, wanted: Wanted) -> tuple[Rows, Row]:
    """Without what is certainly too far away, or was answered on an earlier page."""
    if wanted.after is None and wanted.min_score is None:
        return rows, scores
    kept = np.ones(len(rows), np.bool_)
    if wanted.after is not None:
        kept &= scores <= wanted.after.score + SLACK
    if wanted.min_score is not None:
        kept &= scores >= wanted.min_score - SLACK
    return rows[kept], scores[kept]
