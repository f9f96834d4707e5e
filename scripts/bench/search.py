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
from typing import Any, Final

import numpy as np

from app.core.parts import reading_of
from app.library.embedding import Space
from app.library.search.columns import PROJECTION
from app.library.search.local import LocalIndex
from app.library.search.searching import folder_of
from app.library.search.wanted import Searched, Wanted
from app.settings import Settings
from documents.library import Media
from documents.store import Store
from documents.values import Id, now, to_vector
from scripts.bench.report import Bar, Report, Unmeasured, tell
from scripts.bench.search_data import (
    BEST,
    FULL,
    SMALL,
    Matrix,
    Sizes,
    exact,
    gaussian,
    overlap,
    words,
)
from scripts.bench.search_requests import MOST_SECONDS, Asked, asking, registered, served
from scripts.bench.search_sets import Loaded, built, loaded
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
FRESH_TRIES: Final = 10


def measure(settings: Settings) -> Report:
    """Measure on servers of our own, or on those of BACKLOT_*; takes some ten minutes."""
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
        workspace = await registered(settings)
        figures = await _of_first(
            await loaded(settings, store, workspace, "wide", sizes.wide, sizes.queries)
        )
        figures |= await _of_large(
            await loaded(settings, store, workspace, "many", sizes.many, sizes.queries)
        )
        loose = gaussian(sizes.loose, sizes.queries)
        figures |= await _of_unserved(settings, store, "gaussian", *loose)
        tell("words: sentences are looked for and embedded")
        real = await asyncio.to_thread(words, sizes)
        figures |= await _of_unserved(settings, store, "words", *real)
    return figures


async def _of_first(wide: Loaded) -> dict[str, float]:
    with served(wide.settings) as (port, _):
        ask = await asking(port, wide.queries)
        tell("wide: is searched")
        plain = await asyncio.to_thread(ask, None)
        of_project = await asyncio.to_thread(ask, wide.projects)
    tell("wide: the index is compared with bare calls")
    share = await _share(wide)
    return {
        "recall_100k": _recall(wide, plain, None),
        "recall_100k_filtered": _recall(wide, of_project, wide.projects),
        "search_p50_ms": max(_p(each, 50) for each in (plain, of_project)),
        "search_p99_ms": max(_p(each, 99) for each in (plain, of_project)),
        "search_unfiltered_p50_ms": _p(plain, 50),
        "search_filtered_p50_ms": _p(of_project, 50),
        **share,
        "fresh_s": await _fresh_seconds(wide),
        "build_100k_s": wide.build_seconds,
    }


async def _of_large(many: Loaded) -> dict[str, float]:
    with served(many.settings) as (port, process):
        before = process.memory_info().rss
        ask = await asking(port, many.queries)
        tell("many: is searched")
        plain = await asyncio.to_thread(ask, None)
        of_project = await asyncio.to_thread(ask, many.projects)
        memory = process.memory_info().rss - before
    tell("many: is compared with what is exact, and opened anew")
    return {
        "recall_1m": _recall(many, plain, None),
        "recall_1m_filtered": _recall(many, of_project, many.projects),
        "search_1m_p50_ms": max(_p(each, 50) for each in (plain, of_project)),
        "search_1m_p99_ms": max(_p(each, 99) for each in (plain, of_project)),
        "index_1m_gib": memory / 2**30,
        "restart_s": await _restart_seconds(many),
        "build_1m_s": many.build_seconds,
    }


async def _fresh_seconds(given: Loaded) -> float:
    """The longest that a new vector took to be found by an index that follows the store."""
    searched, reading = given.searched, reading_of(given.store)["media"]
    [row] = await Media.collection().find({}, limit=1).to_list()
    longest = 0.0
    async with LocalIndex(given.store, reading, given.folder, searched) as index:
        await index.ready.wait()
        for number in range(FRESH_TRIES):
            vector = given.queries[number]
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


async def _share(given: Loaded) -> dict[str, float]:
    """The index's own time over that of a bare call which does the same, in turn."""
    from usearch.index import Index

    reading = reading_of(given.store)["media"]
    async with LocalIndex(given.store, reading, given.folder, given.searched) as index:
        await index.ready.wait()
        assert index.view is not None
        snapshot = index.view.snapshot
        assert snapshot.graph is not None
        bare: Any = Index.restore(snapshot.graph, view=True)
        code = snapshot.dictionary.find("project_id", given.projects[0])
        chosen = np.flatnonzero(snapshot.columns.single["project_id"] == code)
        matrix = np.ascontiguousarray(snapshot.vectors[chosen])
        condition = {"$and": [{"project_id": given.projects[0]}]}
        graph_ratios, product_ratios, own = [], [], []
        for vector in given.queries:
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


async def _restart_seconds(given: Loaded) -> float:
    reading = reading_of(given.store)["media"]
    started = time.perf_counter()
    async with LocalIndex(given.store, reading, given.folder, given.searched) as index:
        await index.ready.wait()
        return time.perf_counter() - started


async def _of_unserved(
    settings: Settings, store: Store, name: str, matrix: Matrix, queries: Matrix
) -> dict[str, float]:
    """Of an index that nobody serves."""
    searched = Searched(Space(f"bench-{name}", "1", matrix.shape[1]), "embedding")
    fields = dict.fromkeys(PROJECTION) | {"created_at": now()}
    keys = [Id() for _ in matrix]
    described = [{**fields, "_id": key} for key in keys]
    seconds = await built(settings, store, searched, matrix, described)
    folder = folder_of(settings, searched.space)
    async with LocalIndex(store, reading_of(store)["media"], folder, searched) as index:
        await index.ready.wait()
        found = [
            [str(each.id) for each in await index.nearest(Wanted(vector, {}, BEST))]
            for vector in queries
        ]
    shutil.rmtree(folder)
    recall = overlap(found, exact(matrix, queries, keys))
    return {f"recall_{name}": recall, f"build_{name}_s": seconds}


def _recall(given: Loaded, asked: Asked, projects: list[Id] | None) -> float:
    if projects is None:
        return overlap(asked.found, exact(given.matrix, given.queries, given.keys))
    expected = []
    for number, vector in enumerate(given.queries):
        rows = np.flatnonzero(given.of_row == number % len(projects))
        keys = [given.keys[row] for row in rows]
        expected += exact(given.matrix[rows], vector[None], keys)
    return overlap(asked.found, expected)


def _p(asked: Asked, percent: int) -> float:
    return float(np.percentile(asked.milliseconds, percent))


async def _dropped(settings: Settings) -> None:
    async with await Store.open(settings.address("mongo_uri"), settings.mongo_database) as store:
        await store.client.drop_database(settings.mongo_database)
    shutil.rmtree(settings.data / "search" / settings.mongo_database, ignore_errors=True)
