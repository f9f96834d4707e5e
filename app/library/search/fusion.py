"""Two rankings as one: reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009)."""

from collections.abc import Hashable, Sequence
from typing import Final, TypeVar

Key = TypeVar("Key", bound=Hashable)

CONSTANT: Final = 60
"""The paper's k: how much the first places outweigh the following ones."""


def fused(rankings: Sequence[Sequence[Key]]) -> dict[Key, float]:
    """The score of each key: the sum of 1 / (60 + its rank), which begins at 1."""
    scores: dict[Key, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, 1):
            scores[key] = scores.get(key, 0.0) + 1 / (CONSTANT + rank)
    return scores
