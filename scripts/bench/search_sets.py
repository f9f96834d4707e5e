"""The sets of the bench of the search: drawn, written into the store, and made an index of."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.core.parts import reading_of
from app.library.embedding import Space
from app.library.search.changes import position_now, source_of
from app.library.search.columns import PROJECTION, Dictionary, columns_of
from app.library.search.keeping import Keeper
from app.library.search.searching import folder_of
from app.library.search.wanted import Searched
from app.settings import Settings
from documents.base import StoredDocument
from documents.library import EmbeddingSpace, Media
from documents.store import Store
from documents.values import Id, to_vector
from scripts.bench.report import tell
from scripts.bench.search_data import CENTRES, Matrix, heaps

PROJECTS: Final = 20
INSERTED_AT_ONCE: Final = 2_000
TOLD_EVERY: Final = 100_000
NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Loaded:
    """A set that is in the store and in the index."""

    settings: Settings
    store: Store
    searched: Searched
    keys: list[Id]
    projects: list[Id]
    of_row: npt.NDArray[np.int64]
    """To which project each row belongs."""
    matrix: Matrix
    queries: Matrix
    build_seconds: float

    @property
    def folder(self) -> Path:
        return folder_of(self.settings, self.searched.space)


async def loaded(
    settings: Settings,
    store: Store,
    workspace: Id,
    name: str,
    shape: tuple[int, int],
    queries: int,
) -> Loaded:
    """Draw a set, write it into the store in the place of what is there, and make the index of it.

    The index is made from the arrays as a worker makes it of what it has read.
    """
    rows, dimensions = shape
    tell(f"{name}: {rows:,} x {dimensions} are drawn")
    random = np.random.default_rng(len(name))
    centres = random.standard_normal((CENTRES, dimensions), dtype=np.float32)
    matrix = heaps(random, centres, rows)
    searched = Searched(Space(f"bench-{name}", "1", dimensions), "embedding")
    keys, projects = [Id() for _ in range(rows)], [Id() for _ in range(PROJECTS)]
    of_row = random.integers(0, PROJECTS, rows)
    template = _template(workspace, searched)
    tell(f"{name}: is written into the store")
    await Media.collection().drop()
    for start in range(0, rows, INSERTED_AT_ONCE):
        places = range(start, min(start + INSERTED_AT_ONCE, rows))
        batch = [
            {
                **template,
                "_id": keys[place],
                "project_id": projects[of_row[place]],
                "embedding": to_vector(matrix[place]),
            }
            for place in places
        ]
        await Media.collection().insert_many(batch, False, bypass_document_validation=True)
        if places.stop % TOLD_EVERY == 0:
            tell(f"{name}: {places.stop:,} are written")
    fields = {name: template.get(name) for name in PROJECTION}
    described = (
        {**fields, "_id": key, "project_id": projects[place]}
        for key, place in zip(keys, of_row, strict=True)
    )
    seconds = await built(settings, store, searched, matrix, [*described])
    await EmbeddingSpace.collection().delete_many({})
    space = searched.space
    await EmbeddingSpace(
        state="current", model=space.model, version=space.version, dimensions=space.dimensions
    ).insert()
    drawn = heaps(random, centres, queries)
    return Loaded(settings, store, searched, keys, projects, of_row, matrix, drawn, seconds)


async def built(
    settings: Settings,
    store: Store,
    searched: Searched,
    matrix: Matrix,
    described: Sequence[StoredDocument],
) -> float:
    """Make the index of these rows, which are all that the store holds; the seconds it took."""
    name = searched.space.model
    tell(f"{name}: the index is built")
    position = await position_now(store)
    dictionary = Dictionary()
    columns = columns_of(described, dictionary)
    keeper = Keeper(
        *(store, reading_of(store)["media"], folder_of(settings, searched.space), searched),
        await source_of(store),
    )
    started = time.perf_counter()
    await keeper.write(matrix, columns, dictionary, position)
    seconds = time.perf_counter() - started
    tell(f"{name}: the index took {seconds:.0f} s")
    return seconds


def _template(workspace: Id, searched: Searched) -> dict[str, Any]:
    """A record without what it leaves empty: the store has less to write."""
    template = Media(
        workspace_id=workspace,
        filename="frame.png",
        mime_type="image/png",
        filesize=1,
        url="/",
        storage_key="frame.png",
        sha256="0" * 64,
        kind="image",
        media_type="concept_art",
        description="A fox at the edge of a forest.",
        tags=["fox", "forest"],
    ).stored()
    template |= {**searched.space.beside("embedding"), "embedding_due": False}
    return {name: value for name, value in template.items() if value not in NOTHING}
