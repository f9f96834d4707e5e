"""Looking once, for scripts: exact, over the vectors of one project and one model."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.library.search.snapshot import unit_rows
from documents.base import Scope, StoredDocument, within
from documents.library import Media
from documents.values import Id, to_floats

SHOWN: Final = ("description", "media_type", "kind", "filename", "scene_id", "url")


@dataclass(frozen=True, slots=True)
class Hit:
    """One media record, and how near it is: the cosine, from -1 to 1."""

    media: StoredDocument
    score: float


async def nearest(
    scope: Scope,
    project_id: Id,
    vector: npt.NDArray[np.float32],
    model: str,
    *,
    limit: int = 10,
    min_score: float = -1.0,
) -> list[Hit]:
    """The project's media nearest to the vector, best first; only vectors of the same model."""
    if scope is False:
        return []
    query = within(scope, {"embedding_model": model, "project_id": project_id})
    rows = await Media.collection().find(query, dict.fromkeys((*SHOWN, "embedding"), 1)).to_list()
    if not rows:
        return []
    matrix = np.stack([to_floats(row.pop("embedding")) for row in rows])
    scores = unit_rows(matrix) @ unit_rows(vector[None])[0]
    best = np.argsort(-scores, kind="stable")[:limit]
    return [Hit(rows[i], float(scores[i])) for i in best if scores[i] >= min_score]
