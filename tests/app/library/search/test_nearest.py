"""Finding media by meaning."""

import numpy as np
import pytest

from app.library.search import nearest
from documents.films import Project
from documents.library import Media
from documents.store import Store
from documents.values import Id, now
from tests.factories.films import Film, make_film, make_media

MODEL = "test-2"
EAST = np.array([1, 0], dtype=np.float32)


@pytest.fixture
async def film(store: Store) -> Film:
    return await make_film(scenes=1)


async def make(film: Film, name: str, *vector: float, **given: object) -> Media:
    given = {"embedding_model": MODEL, **given}
    return await make_media(film, description=name, embedding=[*vector], **given)


async def found(film: Film, **given: float) -> list[str]:
    hits = await nearest(True, film.project.id, EAST, MODEL, **given)  # type: ignore[arg-type]
    return [hit.media["description"] for hit in hits]


async def test_the_nearest_come_first_whatever_their_length(film: Film) -> None:
    await make(film, "north", 0, 5)
    await make(film, "east", 0.1, 0)
    await make(film, "north-east", 30, 30)
    await make(film, "west", -1, 0)
    assert await found(film) == ["east", "north-east", "north", "west"]
    assert await found(film, limit=2) == ["east", "north-east"]
    assert await found(film, min_score=0.5) == ["east", "north-east"]


async def test_scores_are_cosines_and_hits_say_what_they_are(film: Film) -> None:
    media = await make(film, "north-east", 1, 1)
    [hit] = await nearest(True, film.project.id, EAST, MODEL)
    assert hit.score == pytest.approx(0.5**0.5)
    assert hit.media["_id"] == media.id
    assert hit.media["url"] == media.url
    assert "embedding" not in hit.media
    assert "storage_key" not in hit.media


async def test_only_what_belongs_together_is_compared(film: Film) -> None:
    await make(film, "mine", 1, 0)
    await make(film, "other model", 1, 0, embedding_model="other")
    await make(film, "other project", 1, 0, project_id=Id())
    await make(film, "deleted", 1, 0, deleted_at=now())
    await make_media(film, description="without a vector")
    assert await found(film) == ["mine"]


async def test_a_scope_narrows_the_search(film: Film) -> None:
    await make(film, "mine", 1, 0)
    key = film.project.id
    assert await nearest(False, key, EAST, MODEL) == []
    assert await nearest({"workspace_id": Id()}, key, EAST, MODEL) == []
    assert len(await nearest({"workspace_id": film.workspace.id}, key, EAST, MODEL)) == 1


async def test_nothing_is_near_a_vector_of_zeros(film: Film) -> None:
    await make(film, "zero", 0, 0)
    await make(film, "east", 1, 0)
    assert await found(film, min_score=0.1) == ["east"]
    zero = np.zeros(2, dtype=np.float32)
    hits = await nearest(True, film.project.id, zero, MODEL)
    assert [hit.score for hit in hits] == [0, 0]


async def test_a_project_without_media_has_no_hits(store: Store) -> None:
    assert await nearest(True, Id(), EAST, MODEL) == []
    assert await Project.collection().count_documents({}) == 0
