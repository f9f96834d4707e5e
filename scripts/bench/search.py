"""Searching media: how fast, how right, how fresh, beside bare calls of usearch and NumPy.

The data are heaps: 2,000 centres from N(0, 1), each point a centre + 0.6 * N(0, 1), of length 1;
queries are drawn alike. Beside them, unstructured Gaussian points (which make any graph look bad)
and a real set: WordLlama's vectors of sentences from the documentation of installed packages.
Requests go to an API process of its own, one at a time; whatever is compared runs in turn.
"""

import asyncio
import os
import shutil
import statistics
import time
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
from app.library.search.local import LocalIndex
from app.library.search.searching import folder_of
from app.library.search.wanted import Searched, Wanted
from app.settings import Settings
from documents.library import EmbeddingSpace, Media
from documents.store import Store
from documents.values import Id, to_vector
from scripts.bench.report import Bar, Report, Unmeasured
from scripts.bench.search_data import (
    BEST,
    CENTRES,
    FULL,
    SMALL,
    Matrix,
    Sizes,
    exact,
    gaussian,
    heaps,
    overlap,
    words,
)
from scripts.bench.search_requests import MOST_SECONDS, Asked, asking, registered, served
from scripts.migrate import migrated
from scripts.stack import Stack

BARS: Final = (
    Bar("recall_100k", ">=", 0.99),
    Bar("search_p50_ms", "<=", 15),
    Bar("search_p99_ms", "<=", 60),
    Bar("index_share", "<=", 2),
    Bar("recall_1m", ">=", 0.95),
    Bar("search_1m_p50_ms", "<=", 25),
    Bar("index_1m_gib", "<=", 1.2),
    Bar("restart_s", "<=", 5),
    Bar("fresh_s", "<=", 1),
)
PROJECTS: Final = 20
INSERTED_AT_ONCE: Final = 2_000
FRESH_TRIES: Final = 10


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


def measure(settings: Settings) -> Report:
    """Measure on servers of our own, or on those of BACKLOT_*; takes some forty minutes."""
    return _measured(settings, FULL)


def measure_small(settings: Settings) -> Report:
    """The same on little data, in a few minutes; its figures are held against the same bars."""
    return _measured(settings, SMALL)


def _measured(settings: Settings, sizes: Sizes) -> Report:
    with Stack(settings, temporary=settings.mongo_uri is None) as running:
        own = running.model_copy(update={"mongo_database": f"bench_{os.getpid()}"})
        try:
            figures = asyncio.run(_figures(own, sizes))
        finally:
            asyncio.run(_dropped(own))
    return Report("search", figures, BARS)


async def _figures(settings: Settings, sizes: Sizes) -> dict[str, float]:
    await migrated(settings)
    async with await Store.open(settings.address("mongo_uri"), settings.mongo_database) as store:
        # What is measured is the search; a million rows need no indexes for lists.
        await Media.collection().drop_indexes()
        workspace = await registered(settings)
        wide = await _loaded(settings, store, workspace, "wide", sizes.wide, sizes.queries)
        figures = await _of_first(wide)
        del wide
        many = await _loaded(settings, store, workspace, "many", sizes.many, sizes.queries)
        figures |= await _of_large(many)
        figures["recall_gaussian"] = await _recall_of(
            settings, store, "gaussian", *gaussian(sizes.wide, sizes.queries)
        )
        figures["recall_words"] = await _recall_of(
            settings, store, "words", *await asyncio.to_thread(words, sizes)
        )
    return figures


async def _of_first(loaded: Loaded) -> dict[str, float]:
    with served(loaded.settings) as (port, _):
        ask = await asking(port, loaded.queries)
        plain = await asyncio.to_thread(ask, None)
        of_project = await asyncio.to_thread(ask, loaded.projects)
    share = await _share(loaded)
    return {
        "recall_100k": _recall(loaded, plain, None),
        "recall_100k_filtered": _recall(loaded, of_project, loaded.projects),
        "search_p50_ms": max(_p(each, 50) for each in (plain, of_project)),
        "search_p99_ms": max(_p(each, 99) for each in (plain, of_project)),
        "search_unfiltered_p50_ms": _p(plain, 50),
        "search_filtered_p50_ms": _p(of_project, 50),
        **share,
        "fresh_s": await _fresh_seconds(loaded),
        "build_100k_s": loaded.build_seconds,
    }


async def _of_large(loaded: Loaded) -> dict[str, float]:
    with served(loaded.settings) as (port, process):
        before = process.memory_info().rss
        ask = await asking(port, loaded.queries)
        plain = await asyncio.to_thread(ask, None)
        of_project = await asyncio.to_thread(ask, loaded.projects)
        memory = process.memory_info().rss - before
    return {
        "recall_1m": _recall(loaded, plain, None),
        "recall_1m_filtered": _recall(loaded, of_project, loaded.projects),
        "search_1m_p50_ms": max(_p(each, 50) for each in (plain, of_project)),
        "search_1m_p99_ms": max(_p(each, 99) for each in (plain, of_project)),
        "index_1m_gib": memory / 2**30,
        "restart_s": await _restart_seconds(loaded),
        "build_1m_s": loaded.build_seconds,
    }


async def _loaded(
    settings: Settings,
    store: Store,
    workspace: Id,
    name: str,
    shape: tuple[int, int],
    queries: int,
) -> Loaded:
    """Draw a set, write it into the store, make the index from the arrays and search by it."""
    rows, dimensions = shape
    random = np.random.default_rng(len(name))
    centres = random.standard_normal((CENTRES, dimensions), dtype=np.float32)
    matrix = heaps(random, centres, rows)
    searched = Searched(Space(f"bench-{name}", "1", dimensions), "embedding")
    keys, projects = [Id() for _ in range(rows)], [Id() for _ in range(PROJECTS)]
    of_row = random.integers(0, PROJECTS, rows)
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
    await Media.collection().delete_many({})
    for start in range(0, rows, INSERTED_AT_ONCE):
        batch = [
            {
                **template,
                "_id": keys[place],
                "project_id": projects[of_row[place]],
                "embedding": to_vector(matrix[place]),
            }
            for place in range(start, min(start + INSERTED_AT_ONCE, rows))
        ]
        await Media.collection().insert_many(batch, False, bypass_document_validation=True)
    # What was written up to now is in the arrays.
    position = await position_now(store)
    fields = {name: template.get(name) for name in PROJECTION}
    described = [
        {**fields, "_id": key, "project_id": projects[place]}
        for key, place in zip(keys, of_row, strict=True)
    ]
    dictionary = Dictionary()
    columns = columns_of(described, dictionary)
    keeper = Keeper(
        *(store, reading_of(store)["media"], folder_of(settings, searched.space), searched),
        await source_of(store),
    )
    started = time.perf_counter()
    await keeper.write(matrix, columns, dictionary, position)
    seconds = time.perf_counter() - started
    await EmbeddingSpace.collection().delete_many({})
    space = searched.space
    await EmbeddingSpace(
        state="current", model=space.model, version=space.version, dimensions=space.dimensions
    ).insert()
    drawn = heaps(random, centres, queries)
    return Loaded(settings, store, searched, keys, projects, of_row, matrix, drawn, seconds)


async def _fresh_seconds(loaded: Loaded) -> float:
    """The longest that a new vector took to be found by an index that follows the store."""
    searched, reading = loaded.searched, reading_of(loaded.store)["media"]
    [row] = await Media.collection().find({}, limit=1).to_list()
    longest = 0.0
    async with LocalIndex(loaded.store, reading, loaded.folder, searched) as index:
        await index.ready.wait()
        for number in range(FRESH_TRIES):
            vector = loaded.queries[number]
            key = Id()
            started = time.perf_counter()
            await Media.collection().insert_one(
                {**row, "_id": key, "embedding": to_vector(vector)},
                bypass_document_validation=True,
            )
            while [each.id for each in await index.nearest(Wanted(vector, {}, 1))] != [key]:
                if time.perf_counter() - started > MOST_SECONDS:
                    raise Unmeasured("a new vector is not found")
                await asyncio.sleep(0.005)
            longest = max(longest, time.perf_counter() - started)
            await Media.collection().delete_one({"_id": key})
    return longest


async def _share(loaded: Loaded) -> dict[str, float]:
    """The index's own time over that of a bare call which does the same, in turn."""
    from usearch.index import Index

    reading = reading_of(loaded.store)["media"]
    async with LocalIndex(loaded.store, reading, loaded.folder, loaded.searched) as index:
        await index.ready.wait()
        assert index.view is not None
        snapshot = index.view.snapshot
        assert snapshot.graph is not None
        bare: Any = Index.restore(snapshot.graph, view=True)
        code = snapshot.dictionary.find("project_id", loaded.projects[0])
        chosen = np.flatnonzero(snapshot.columns.single["project_id"] == code)
        matrix = np.ascontiguousarray(snapshot.vectors[chosen])
        condition = {"$and": [{"project_id": loaded.projects[0]}]}
        graph_ratios, product_ratios, own = [], [], []
        for vector in loaded.queries:
            ours = await _timed(index, Wanted(vector, {}, BEST))
            started = time.perf_counter()
            bare.search(vector, 200)
            graph_ratios.append(ours / (time.perf_counter() - started))
            own.append(ours * 1000)
            ours = await _timed(index, Wanted(vector, condition, BEST))
            started = time.perf_counter()
            scores = matrix @ vector
            np.argsort(-scores)[:BEST]
            product_ratios.append(ours / (time.perf_counter() - started))
    by_graph, by_product = statistics.median(graph_ratios), statistics.median(product_ratios)
    return {
        "index_share": max(by_graph, by_product),
        "index_share_graph": by_graph,
        "index_share_product": by_product,
        "index_ms": statistics.median(own),
    }


async def _timed(index: LocalIndex, wanted: Wanted) -> float:
    started = time.perf_counter()
    await index.nearest(wanted)
    return time.perf_counter() - started


async def _restart_seconds(loaded: Loaded) -> float:
    reading = reading_of(loaded.store)["media"]
    started = time.perf_counter()
    async with LocalIndex(loaded.store, reading, loaded.folder, loaded.searched) as index:
        await index.ready.wait()
        return time.perf_counter() - started


async def _recall_of(
    settings: Settings, store: Store, name: str, matrix: Matrix, queries: Matrix
) -> float:
    """Of an index that nobody serves."""
    searched = Searched(Space(f"bench-{name}", "1", matrix.shape[1]), "embedding")
    fields = dict.fromkeys(PROJECTION) | {"created_at": Id().generation_time}
    keys = [Id() for _ in matrix]
    dictionary = Dictionary()
    columns = columns_of([{**fields, "_id": key} for key in keys], dictionary)
    folder = folder_of(settings, searched.space)
    reading = reading_of(store)["media"]
    keeper = Keeper(store, reading, folder, searched, await source_of(store))
    await keeper.write(matrix, columns, dictionary, await position_now(store))
    async with LocalIndex(store, reading, folder, searched) as index:
        await index.ready.wait()
        found = [
            [str(each.id) for each in await index.nearest(Wanted(vector, {}, BEST))]
            for vector in queries
        ]
    shutil.rmtree(folder)
    return overlap(found, exact(matrix, queries, keys))


def _recall(loaded: Loaded, asked: Asked, projects: list[Id] | None) -> float:
    if projects is None:
        return overlap(asked.found, exact(loaded.matrix, loaded.queries, loaded.keys))
    expected = []
    for number, vector in enumerate(loaded.queries):
        rows = np.flatnonzero(loaded.of_row == number % len(projects))
        keys = [loaded.keys[row] for row in rows]
        expected += exact(loaded.matrix[rows], vector[None], keys)
    return overlap(asked.found, expected)


def _p(asked: Asked, percent: int) -> float:
    return float(np.percentile(asked.milliseconds, percent))


async def _dropped(settings: Settings) -> None:
    async with await Store.open(settings.address("mongo_uri"), settings.mongo_database) as store:
        await store.client.drop_database(settings.mongo_database)
    shutil.rmtree(settings.data / "search" / settings.mongo_database, ignore_errors=True)
