"""What is asked of an index, and what it answers: the protocol of the backends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from app.library.embedding import Space
from documents.library import EmbeddingPlace
from documents.values import Id

Row: TypeAlias = npt.NDArray[np.float32]
Condition: TypeAlias = Mapping[str, Any]
"""A filter in the store's language, as far as `CONDITION_FIELDS` and the operators of
`app.library.search.masks` go: every backend understands it before it ranks."""
Facets: TypeAlias = dict[str, dict[str, int]]

CONDITION_FIELDS: Final = (
    *("workspace_id", "project_id", "episode_id", "scene_id", "character_id"),
    *("related_elements.character_ids", "kind", "media_type", "status", "tags", "created_at"),
)
"""What a condition may test."""
DECIMALS: Final = 6
"""Scores are compared and shown to so many places: beyond, the order of adding up shows."""


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """A media record that was found; the best ones sort first."""

    rank: float
    """The score, negative, so that sorting needs no key."""
    id: Id

    @property
    def score(self) -> float:
        return -self.rank

    @classmethod
    def of(cls, score: float, key: Id) -> "Candidate":
        return cls(-round(float(score), DECIMALS) + 0.0, key)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The nearest of what the condition lets through, at most `count`, behind `after`."""

    vector: Row
    condition: Condition
    count: int
    after: Candidate | None = None
    served: int = 0
    """How many were answered before: an index that looks at few has to look at more by these."""
    min_score: float | None = None
    """The least cosine."""


class Backend(Protocol):
    """An index over the vectors of one space."""

    async def nearest(self, wanted: Wanted) -> list[Candidate]:
        """The best first; the scores are cosines."""

    async def scores(self, vector: Row, keys: Sequence[Id]) -> dict[Id, float]:
        """The cosine of each of these media that has a vector."""

    async def facets(self, condition: Condition, names: Sequence[str]) -> Facets:
        """How many of what the condition lets through have each value of these fields."""


@dataclass(frozen=True, slots=True)
class Searched:
    """The space that is searched, and the field of the media that holds its vectors."""

    space: Space
    place: EmbeddingPlace


def unit(vector: npt.NDArray[Any]) -> Row:
    """The vector at length 1; one of zeros stays."""
    row = np.ascontiguousarray(vector, dtype=np.float32)
    length = float(np.linalg.norm(row.astype(np.float64)))
    return row / np.float32(length) if length > 0 else row
