"""Placing texts in a space where neighbours mean alike: for tasks that embed media, and for the
queries of the API. Vectors of two spaces are never compared.

The local embedder is WordLlama, whose weights come with its wheel. Other models are added to the
embedders that a process is opened with.
"""

import asyncio
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from app.core.errors import Unavailable
from documents.base import StoredDocument
from documents.library import EmbeddingPlace

Vectors: TypeAlias = npt.NDArray[np.float32]

LOCAL_DIMENSIONS: Final = 256

_loading = threading.Lock()


@dataclass(frozen=True, slots=True)
class Space:
    """Where vectors can be compared: those of one model in one version."""

    model: str
    version: str
    dimensions: int

    def at(self, place: EmbeddingPlace) -> StoredDocument:
        """The query for media whose vector in this field is of this space."""
        return {f"{place}_model": self.model, f"{place}_version": self.version}

    def beside(self, place: EmbeddingPlace) -> StoredDocument:
        """What is stored beside a vector of this space."""
        return {**self.at(place), f"{place}_dimensions": self.dimensions}


class Embedder(Protocol):
    """Embeds the texts of queries."""

    @property
    def space(self) -> Space:
        """Where its vectors lie."""

    async def vectors(self, texts: Sequence[str]) -> Vectors:
        """One row a text, of length 1, or 0 for a text without words."""


class LocalEmbedder:
    """Places texts by the meaning of their words; word order counts for nothing."""

    space: Final = Space("wordllama-l2-supercat-256", "1", LOCAL_DIMENSIONS)

    async def vectors(self, texts: Sequence[str]) -> Vectors:
        """The first call loads the model."""
        return await asyncio.to_thread(embedded, texts)


class Embedders:
    """The embedders of a process, by their spaces."""

    def __init__(self, embedders: Iterable[Embedder] = (LocalEmbedder(),)) -> None:
        self._known = {each.space: each for each in embedders}

    def of(self, space: Space) -> Embedder:
        """The embedder of this space. Raises Unavailable where this process has none."""
        if space not in self._known:
            raise Unavailable(
                f"Texts cannot be embedded by {space.model} here: search by `mode=text`, by media "
                "or by vector, or add the model to this process."
            )
        return self._known[space]


def embedded(texts: Sequence[str]) -> Vectors:
    """The vectors of WordLlama; takes a while, in a thread."""
    vectors = np.zeros((len(texts), LOCAL_DIMENSIONS), dtype=np.float32)
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
    return wordllama.WordLlama.load(dim=LOCAL_DIMENSIONS, cache_dir=package, disable_download=True)
