"""What the bench of the search draws, and what is right about it."""

import re
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
SENTENCE: Final = re.compile(r"[A-Z][a-z]+(?:[ ,]+[A-Za-z'-]+){5,40}[.!?]")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    wide: tuple[int, int]
    """Rows and dimensions of the first set; likewise of the large one."""
    many: tuple[int, int]
    sentences: int
    queries: int


FULL: Final = Sizes((100_000, 1_024), (1_000_000, 256), 100_000, 300)
SMALL: Final = Sizes((20_000, 1_024), (80_000, 256), 20_000, 60)


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
    sentences = [*dict.fromkeys(_sentences(wanted * 2))][:wanted]
    if len(sentences) < wanted:
        raise Unmeasured(f"only {len(sentences)} sentences were found in installed packages")
    matrix = embedded(sentences)
    np.random.default_rng(8).shuffle(matrix)
    return matrix[sizes.queries :], matrix[: sizes.queries]


def _sentences(most: int) -> Iterator[str]:
    """Sentences of comments and documentation, as they come."""
    left = most
    for path in sorted(Path(sysconfig.get_paths()["purelib"]).rglob("*.py")):
        for found in SENTENCE.finditer(path.read_text(errors="ignore")):
            yield " ".join(found.group().split())
            left -= 1
            if left == 0:
                return


def exact(matrix: Matrix, queries: Matrix, keys: Sequence[Id]) -> list[list[str]]:
    """The ids of the best rows for each query."""
    best = []
    for vector in queries:
        scores = matrix @ vector
        rows = np.argpartition(-scores, BEST)[:BEST]
        best.append([str(keys[row]) for row in rows])
    return best


def overlap(found: list[list[str]], expected: list[list[str]]) -> float:
    """What part of the expected was found: recall@10."""
    pairs = zip(found, expected, strict=True)
    hits = sum(len(set(ours) & set(right)) for ours, right in pairs)
    return hits / sum(len(each) for each in expected)
