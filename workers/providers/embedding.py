"""The protocol of embedders, who place texts in a space where neighbours mean alike."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field

from workers.providers.base import Provider, Request, Result

Vectors = npt.NDArray[np.float32]


class EmbeddingRequest(Request):
    """Asks for one vector a text, in order."""

    texts: tuple[str, ...] = Field(max_length=10_000)


class EmbeddingResult(Result):
    """`vectors` is (texts, dimensions), each row of length 1, or 0 for a text without words."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    vectors: Vectors


class EmbeddingProvider(Provider, Protocol):
    """Embeds."""

    @property
    def dimensions(self) -> int:
        """The length of every vector."""

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResult:
        """Embed the texts; raises `ProviderError`."""
