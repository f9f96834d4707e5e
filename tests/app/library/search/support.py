"""Media with vectors, and searches for them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
import numpy as np

from app.library.embedding import Space
from documents.identity import User
from documents.library import EmbeddingPlace, EmbeddingSpace, Media
from documents.values import to_vector
from tests.app.support import API, World, as_
from tests.factories.records import valid

SPACE: Final = Space("test-model", "1", 4)
PATIENCE_SECONDS: Final = 30


async def use(space: Space = SPACE, **given: Any) -> EmbeddingSpace:
    """Search by this space."""
    values: dict[str, Any] = {
        "state": "current",
        "model": space.model,
        "version": space.version,
        "dimensions": space.dimensions,
    }
    return await valid(EmbeddingSpace, **{**values, **given}).insert()


def vector_fields(
    *numbers: float, space: Space = SPACE, place: EmbeddingPlace = "embedding"
) -> dict[str, Any]:
    return {place: to_vector(numbers), **space.beside(place)}


def new_media(world: World, *numbers: float, **given: Any) -> Media:
    """A record in the world's project."""
    inside = {"workspace_id": world.workspace.id, "project_id": world.project.id}
    return valid(Media, **{**inside, **(vector_fields(*numbers) if numbers else {}), **given})


async def made_media(world: World, *numbers: float, **given: Any) -> Media:
    return await new_media(world, *numbers, **given).insert()


async def ask(http: httpx.AsyncClient, user: User, **asked: Any) -> httpx.Response:
    return await http.post(f"{API}/media/search", json=asked, headers=as_(user))


async def found(http: httpx.AsyncClient, user: User, **asked: Any) -> list[str]:
    """The descriptions of what is found, the best first."""
    answer = await ask(http, user, **asked)
    assert answer.status_code == 200, answer.text
    return [each["media"]["description"] for each in answer.json()["data"]]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await holds():
            await asyncio.sleep(0.02)


def some_vectors(count: int, dimensions: int, seed: int = 1) -> np.ndarray[Any, np.dtype[Any]]:
    """Rows of length 1 that lie in a few heaps."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((max(count // 20, 2), dimensions))
    rows = centres[random.integers(0, len(centres), count)]
    rows = rows + 0.6 * random.standard_normal((count, dimensions))
    found: np.ndarray[Any, np.dtype[Any]] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found.astype(np.float32)
