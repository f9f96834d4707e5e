"""The local embedder: WordLlama, whose weights come with its wheel."""

from __future__ import annotations

from app.library.embedding import LocalEmbedder
from workers.providers.base import CostsNothing, free_usage
from workers.providers.embedding import EmbeddingRequest, EmbeddingResult


class LocalEmbeddingProvider(CostsNothing):
    """Places texts by the meaning of their words; it does not look at pictures."""

    provider = "local"
    model = LocalEmbedder.space.model
    version = LocalEmbedder.space.version
    dimensions = LocalEmbedder.space.dimensions
    sees_pictures = False

    def __init__(self) -> None:
        self._embedder = LocalEmbedder()

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResult:
        """Embed the texts; the first call loads the model."""
        vectors = await self._embedder.vectors(request.texts)
        return EmbeddingResult(
            provider=self.provider, model=self.model, usage=free_usage(), vectors=vectors
        )
