"""Making snapshots: one process of a machine does, whoever holds the lock of the folder."""

import asyncio
import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from app.core.parts import Collection
from app.library.graph_builder import Plan
from app.library.search.changes import all_written, position_now
from app.library.search.columns import Columns, Dictionary, chosen, columns_of, joined
from app.library.search.graph import built
from app.library.search.recent import Written
from app.library.search.snapshot import Manifest, Matrix, Part, Writing, part_of
from app.library.search.view import EXACT_FLOATS, View
from app.library.search.wanted import Searched
from documents.base import StoredDocument
from documents.store import Store

READ_AT_ONCE: Final = 1_000
BLOCK_ROWS: Final = 8_192
RECENT_FLOATS: Final = 4_000_000
"""So much may gather beside a snapshot, or a twentieth of it."""
RECENT_SHARE: Final = 0.05
MOST_DEAD: Final = 0.3
"""A snapshot of which more is dead is written anew."""

logger = logging.getLogger(__name__)


class Lock:
    """Held by one process; the system takes it back from one that dies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def taken(self) -> bool:
        """Whether this process has it, by now."""
        if self._descriptor is not None:
            return True
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Keeper:
    """Makes the first snapshot and those that follow."""

    def __init__(
        self,
        store: Store,
        reading: Collection,
        folder: Path,
        searched: Searched,
        source: str,
        exact_floats: int = EXACT_FLOATS,
    ) -> None:
        self._store, self._reading, self._folder = store, reading, folder
        self._searched, self._source, self._exact_floats = searched, source, exact_floats

    async def build(self) -> Manifest:
        """A snapshot of what the store holds. Raises NotBuilt."""
        position = await position_now(self._store)
        dictionary, space = Dictionary(), self._searched.space
        blocks: list[Matrix] = []
        fields: list[StoredDocument] = []
        async for batch in all_written(self._reading, self._searched, READ_AT_ONCE):
            blocks.append(np.stack([each.vector for each in batch]))
            fields += [each.fields for each in batch]
        matrix = np.concatenate(blocks) if blocks else np.zeros((0, space.dimensions), np.float32)
        blocks.clear()
        columns = await asyncio.to_thread(columns_of, fields, dictionary)
        return await self.write(matrix, columns, dictionary, position)

    async def write(
        self, matrix: Matrix, columns: Columns, dictionary: Dictionary, position: str
    ) -> Manifest:
        """A snapshot of these rows, neighbours of a project beside each other."""
        order = _by_project(columns)
        writing = Writing.begun(self._folder, self._source, self._searched.space, None)
        vectors = await asyncio.to_thread(writing.vectors, _blocks(matrix, order))
        return await self._finish(
            writing,
            vectors,
            chosen(columns, order),
            np.ones(len(order), np.bool_),
            dictionary,
            position,
        )

    def is_due(self, view: View) -> bool:
        """Whether enough has gathered beside the snapshot."""
        floats = max(RECENT_FLOATS, RECENT_SHARE * view.snapshot.vectors.size)
        rows = max(len(view.snapshot.alive), 1)
        much = len(view.recent) * view.dimensions > floats
        return much or (view.dead > MOST_DEAD * rows and view.dead * view.dimensions > floats)

    async def follow_up(self, view: View) -> Manifest:
        """A snapshot with what the view has seen since its own. Raises NotBuilt."""
        alive, position = view.snapshot.alive.copy(), view.position
        entries = [*view.recent.entries.values()]
        if view.dead > MOST_DEAD * max(len(alive), 1):
            return await self._anew(view, alive, entries, position)
        fields = [each.fields for each in entries]
        added = await asyncio.to_thread(columns_of, fields, view.snapshot.dictionary)
        order = _by_project(added)
        writing = Writing.begun(self._folder, self._source, self._searched.space, view.snapshot)
        matrix = _matrix(entries, view.dimensions)
        vectors = await asyncio.to_thread(writing.vectors, _blocks(matrix, order))
        columns = joined([view.snapshot.columns, chosen(added, order)])
        living = np.concatenate([alive, np.ones(len(order), np.bool_)])
        dictionary = view.snapshot.dictionary
        return await self._finish(
            writing, vectors, columns, living, dictionary, position, view.snapshot.graph
        )

    async def _anew(
        self,
        view: View,
        alive: npt.NDArray[np.bool_],
        entries: list[Written],
        position: str,
    ) -> Manifest:
        snapshot = view.snapshot
        rows = np.flatnonzero(alive)
        added = columns_of([each.fields for each in entries], snapshot.dictionary)
        columns = joined([chosen(snapshot.columns, rows), added])
        matrix = await asyncio.to_thread(
            lambda: np.concatenate([snapshot.vectors[rows], _matrix(entries, view.dimensions)])
        )
        return await self.write(matrix, columns, snapshot.dictionary, position)

    async def _finish(
        self,
        writing: Writing,
        vectors: Part,
        columns: Columns,
        alive: npt.NDArray[np.bool_],
        dictionary: Dictionary,
        position: str,
        before: Path | None = None,
    ) -> Manifest:
        rows, dimensions = len(columns), self._searched.space.dimensions
        graph = None
        if rows * dimensions > self._exact_floats:
            known = len(writing.before.columns) if before and writing.before else 0
            plan = Plan(
                vectors=str(self._folder / vectors.file),
                dimensions=dimensions,
                begin=known,
                end=rows,
                before=str(before) if known else "",
                made=str(writing.graph_path()),
            )
            graph = await asyncio.to_thread(part_of, await built(plan))
        manifest = await asyncio.to_thread(
            lambda: writing.finish(
                vectors=vectors,
                columns=columns,
                alive=alive,
                dictionary=dictionary,
                position=position,
                graph=graph,
            )
        )
        logger.info("search index %s holds %s rows", manifest.generation, manifest.rows)
        return manifest


def _by_project(columns: Columns) -> npt.NDArray[np.intp]:
    single = columns.single
    order: npt.NDArray[np.intp] = np.lexsort(
        (columns.keys, single["project_id"], single["workspace_id"])
    )
    return order


def _blocks(matrix: Matrix, order: npt.NDArray[np.intp]) -> Iterator[Matrix]:
    for start in range(0, len(order), BLOCK_ROWS):
        yield matrix[order[start : start + BLOCK_ROWS]]


def _matrix(entries: list[Written], dimensions: int) -> Matrix:
    if not entries:
        return np.zeros((0, dimensions), np.float32)
    return np.stack([each.vector for each in entries])
