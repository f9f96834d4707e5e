"""What a process has open for searching: the index of the current model, and soon the next one's.

An index is opened at the first search, not before: a process that is never searched pays nothing.
"""

import asyncio
import logging
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

from app.core.parts import Collection
from app.library import embedding_spaces
from app.library.embedding import Embedders, Space
from app.library.search.local import LocalIndex
from app.library.search.snapshot import discard
from app.library.search.stored import StoredVectors
from app.library.search.vector_search import VectorSearch, described, is_queryable
from app.library.search.view import EXACT_FLOATS
from app.library.search.wanted import Backend, Row, Searched
from app.settings import Settings
from documents.library import Media
from documents.store import Store

KNOWN_SECONDS: Final = 1.0
"""The records of the spaces are read anew so often: less than a switch takes to settle."""
PROBE_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 5.0
"""How long a search waits for an index that is being opened."""

logger = logging.getLogger(__name__)


class Search:
    """Finds the backend for a search. Without `async with` it keeps no index, and fetches."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        reading: Collection,
        *,
        embedders: Embedders | None = None,
        exact_floats: int = EXACT_FLOATS,
    ) -> None:
        self._settings, self._store, self._reading = settings, store, reading
        self._embedders, self._exact_floats = embedders or Embedders(), exact_floats
        self._open = False
        self._indexes: dict[Space, LocalIndex] = {}
        self._spaces: tuple[float, Searched] | None = None
        self._server_has: bool | None = None
        self._queryable: dict[Searched, tuple[float, bool]] = {}
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(self, *_: Any) -> None:
        self._open = False
        async with self._opening:
            for each in self._indexes.values():
                await each.__aexit__()
            self._indexes.clear()

    async def current(self) -> Searched:
        """What is searched now, as of a second ago at most."""
        if self._spaces is not None and time.monotonic() < self._spaces[0]:
            return self._spaces[1]
        records = await embedding_spaces.known()
        current = records.get("current")
        searched = embedding_spaces.searched_of(current) if current else embedding_spaces.USUAL
        if following := records.get("next"):
            await self._keep({searched.space, embedding_spaces.searched_of(following).space})
        else:
            await self._keep({searched.space})
        self._spaces = (time.monotonic() + KNOWN_SECONDS, searched)
        return searched

    def forget_spaces(self) -> None:
        """Read the records of the spaces anew at the next search."""
        self._spaces = None

    async def embedded(self, space: Space, text: str) -> Row:
        """The text as a vector of the space. Raises Unavailable where it is another's model."""
        vectors = await self._embedders.of(space).vectors([text])
        row: Row = vectors[0]
        return row

    async def backend(self, searched: Searched) -> Backend:
        """The best index that there is for this space."""
        if await self._served_by_store(searched):
            return VectorSearch(self._reading, searched)
        index = self._indexes.get(searched.space)
        if index is not None:
            with suppress(TimeoutError):
                if not index.ready.is_set():
                    await asyncio.wait_for(index.ready.wait(), PATIENCE_SECONDS)
                return index
        return StoredVectors(self._reading, searched)

    async def _served_by_store(self, searched: Searched) -> bool:
        if self._settings.search_index == "local" or self._server_has is False:
            return False
        if self._server_has is None:
            self._server_has = await described(Media.collection()) is not None
            return self._server_has and await self._served_by_store(searched)
        until, found = self._queryable.get(searched, (0.0, False))
        if time.monotonic() >= until:
            found = await is_queryable(Media.collection(), searched)
            self._queryable[searched] = (time.monotonic() + PROBE_SECONDS, found)
        return found

    async def _keep(self, spaces: set[Space]) -> None:
        """Have the indexes of these spaces open, and no others."""
        if not self._open or self._indexes.keys() == spaces:
            return
        async with self._opening:
            for space in self._indexes.keys() - spaces:
                index = self._indexes.pop(space)
                is_writer = index.writes
                await index.__aexit__()
                if is_writer:
                    await asyncio.to_thread(discard, folder_of(self._settings, space))
            for space in spaces - self._indexes.keys() if self._open else ():
                searched = Searched(space, "embedding")
                index = LocalIndex(
                    *(self._store, self._reading, folder_of(self._settings, space), searched),
                    exact_floats=self._exact_floats,
                )
                self._indexes[space] = await index.__aenter__()


def folder_of(settings: Settings, space: Space) -> Path:
    """Where the processes of this machine share the index of a space."""
    name = f"{space.model}-{space.version}-{space.dimensions}"
    folder = re.sub(r"[^A-Za-z0-9.-]+", "_", name)
    return settings.data / "search" / settings.mongo_database / folder
