"""The local embedder: WordLlama, whose weights come with its wheel."""

from __future__ import annotations

import asyncio
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from workers.providers.base import CostsNothing, free_usage
from workers.providers.embedding import EmbeddingRequest, EmbeddingResult, Vectors

DIMENSIONS = 256

_loading = threading.Lock()


class LocalEmbeddingProvider(CostsNothing):
    """Places texts by the meaning of their words; word order counts for nothing."""

    provider = "local"
    model = "wordllama-l2-supercat-256"
    dimensions = DIMENSIONS

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResult:
        """Embed the texts; the first call loads the model."""
        vectors = await asyncio.to_thread(_embed, request.texts)
        return EmbeddingResult(
            provider=self.provider, model=self.model, usage=free_usage(), vectors=vectors
        )


def _embed(texts: tuple[str, ...]) -> Vectors:
    vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    worded = [index for index, text in enumerate(texts) if text.strip()]
    if worded:
        found = _model().embed([texts[index] for index in worded], norm=False)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        vectors[worded] = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
    return vectors


def _model() -> Any:
    with _loading:
        return _load()


@lru_cache(maxsize=1)
def _load() -> Any:
    # Loaded when the first text comes: import and weights take a good part of a second.
    import wordllama

    package = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(dim=DIMENSIONS, cache_dir=package, disable_download=True)
