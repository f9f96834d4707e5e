"""Vectors have the promised form, and neighbours mean alike."""

from __future__ import annotations

import numpy as np

from workers.providers.embedding import EmbeddingRequest
from workers.providers.local.embedding import LocalEmbeddingProvider


async def test_vectors_are_normalised_and_repeat() -> None:
    request = EmbeddingRequest(texts=("a fox in a well", "a lion in a den", "", "   "))
    result = await LocalEmbeddingProvider().embed(request)
    assert result.vectors.shape == (4, 256)
    assert result.vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(result.vectors, axis=1), (1, 1, 0, 0), atol=1e-5)
    again = await LocalEmbeddingProvider().embed(request)
    assert np.array_equal(result.vectors, again.vectors)
    assert result.model == "wordllama-l2-supercat-256"


async def test_neighbours_mean_alike() -> None:
    texts = (
        "a fox fell into a deep well",
        "the animal is trapped in water",
        "quarterly tax report",
    )
    vectors = (await LocalEmbeddingProvider().embed(EmbeddingRequest(texts=texts))).vectors
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


async def test_no_texts_give_no_vectors() -> None:
    result = await LocalEmbeddingProvider().embed(EmbeddingRequest(texts=()))
    assert result.vectors.shape == (0, 256)
