"""The protocol of embedders, who place texts and pictures where neighbours mean alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Protocol

from pydantic import ConfigDict, Field

from app.library.embedding import Space, Vectors
from workers.providers.base import Frozen, Provider, Request, Result


class PictureToEmbed(Frozen):
    """A picture file, known by its content."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    path: Annotated[Path, Field(exclude=True)]


class EmbeddingRequest(Request):
    """Asks for one vector a text, in order; where there is one, of the picture with it."""

    texts: tuple[str, ...] = Field(max_length=10_000)
    pictures: tuple[PictureToEmbed | None, ...] = ()
    """As many as there are texts, or none."""


class EmbeddingResult(Result):
    """`vectors` is (texts, dimensions), each row of length 1, or 0 where there was nothing."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    vectors: Vectors


class EmbeddingProvider(Provider, Protocol):
    """Embeds."""

    @property
    def version(self) -> str:
        """Of the model: vectors of two versions are never compared."""

    @property
    def dimensions(self) -> int:
        """The length of every vector."""

    @property
    def sees_pictures(self) -> bool:
        """Whether it takes pictures."""

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResult:
        """Embed the texts and pictures; raises `ProviderError`."""


def space_of(provider: EmbeddingProvider) -> Space:
    """Where the provider's vectors lie."""
    return Space(provider.model, provider.version, provider.dimensions)
