"""What the bench of the search draws, and what is right about it."""

import re
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from app.library.embedding import embedded
from documents.values import Id
from scripts.bench.report import Unmeasured

Matrix: TypeAlias = npt.NDArray[np.float32]

CENTRES: Final = 2_000
NOISE: Final = 0.6
BEST: Final = 10
DRAWN_AT_ONCE: Final = 50_000
COMPARED_AT_ONCE: Final = 20_000
SENTENCE: Final = re.compile(r"[A-Z][a-z]+(?:[\s,;:#*]+[\w'`()/\"-]+){4,40}[.!?]")
"""In comments a sentence goes on behind a mark."""
MARKS: Final = re.compile(r"[\s#*]+")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    wide: tuple[int, int]
    """Rows and dimensions of the first set; likewise of the large one."""
    many: tuple[int, int]
    loose: tuple[int, int]
    """Likewise of the set without structure."""
    sentences: int
    queries: int


FULL: Final = Sizes((100_000, 1_024), (1_000_000, 256), (100_000, 256), 100_000, 300)
SMALL: Final = Sizes((20_000, 1_024), (80_000, 256), (80_000, 256), 5_000, 60)


def heaps(random: np.random.Generator, centres: Matrix, rows: int) -> Matrix:
    """Points around the centres, of length 1."""
    drawn = np.empty((rows, centres.shape[1]), np.float32)
    for start in range(0, rows, DRAWN_AT_ONCE):
        some = drawn[start : start + DRAWN_AT_ONCE]
        some[:] = random.standard_normal(some.shape, dtype=np.float32)
        some *= NOISE
        some += centres[random.integers(0, len(centres), len(some))]
        some /= np.linalg.norm(some, axis=1, keepdims=True)
    return drawn


def gaussian(shape: tuple[int, int], queries: int) -> tuple[Matrix, Matrix]:
    """Points without any structure, and queries like them."""
    random = np.random.default_rng(7)
    centre = np.zeros((1, shape[1]), np.float32)
    return heaps(random, centre, shape[0]), heaps(random, centre, queries)


def words(sizes: Sizes) -> tuple[Matrix, Matrix]:
    """Sentences as WordLlama places them, and others as queries. Raises Unmeasured."""
    wanted = sizes.sentences + sizes.queries
    sentences = [*islice(_sentences(), wanted)]
    if len(sentences) < wanted:
        raise Unmeasured(f"only {len(sentences)} sentences were found in installed packages")
    matrix = embedded(sentences)
    np.random.default_rng(8).shuffle(matrix)
    return matrix[sizes.queries :], matrix[: sizes.queries]


def _sentences() -> Iterator[str]:
    """Sentences of comments and documentation, each once, as they come."""
    seen: set[str] = set()
    for path in sorted(Path(sysconfig.get_paths()["purelib"]).rglob("*.py")):
        for found in SENTENCE.finditer(path.read_text(errors="ignore")):
            sentence = MARKS.sub(" ", found.group())
            if sentence not in seen:
                seen.add(sentence)
                yield sentence


def exact(matrix: Matrix, queries: Matrix, keys: Sequence[Id]) -> list[list[str]]:
    """The ids of the best rows for each query."""
    rows = np.zeros((len(queries), 0), np.intp)
    scores = np.zeros((len(queries), 0), np.float32)
    for start in range(0, len(matrix), COMPARED_AT_ONCE):
        products = queries @ matrix[start : start + COMPARED_AT_ONCE].T
        few = _best(products)
        rows = np.hstack([rows, few + start])
        scores = np.hstack([scores, np.take_along_axis(products, few, 1)])
    best = np.take_along_axis(rows, _best(scores), 1)
    return [[str(keys[row]) for row in each] for each in best.tolist()]


def _best(scores: Matrix) -> npt.NDArray[np.intp]:
    """Where the largest of each row are."""
    count = min(BEST, scores.shape[1])
    return np.argpartition(-scores, count - 1, axis=1)[:, :count]


def overlap(found: list[list[str]], expected: list[list[str]]) -> float:
    """What part of the expected was found: recall@10."""
    pairs = zip(found, expected, strict=True)
    hits = sum(len(set(ours) & set(right)) for ours, right in pairs)
    return hits / sum(len(each) for each in expected)
