"""The local index: fresh, whole after damage, one copy for several processes."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from app.core.parts import Parts
from app.library.embedding import Space
from app.library.search.local import LocalIndex
from app.library.search.snapshot import MANIFEST, generation_of
from app.library.search.wanted import Searched, Wanted, unit
from documents.library import Media
from documents.values import Id, now
from tests.app.library.search.support import (
    SPACE,
    made_media,
    new_media,
    some_vectors,
    until,
    vector_fields,
)
from tests.app.support import World

EAST = unit(np.array([1, 0, 0, 0]))
ALL = Wanted(EAST, {}, 100)
WIDE = Space("wide", "1", 32)

Opened = Callable[..., LocalIndex]


@pytest.fixture
async def opened(parts: Parts, tmp_path: Path) -> AsyncIterator[Opened]:
    """Indexes on one folder, as several processes have them."""
    made: list[LocalIndex] = []

    def make(space: Space = SPACE, exact_floats: int = 10**7) -> LocalIndex:
        searched = Searched(space, "embedding")
        folder = tmp_path / "search"
        reading = parts.reading["media"]
        index = LocalIndex(parts.store, reading, folder, searched, exact_floats)
        made.append(index)
        return index

    yield make
    for each in made:
        await each.__aexit__()


async def keys(index: LocalIndex, wanted: Wanted = ALL) -> list[Id]:
    await index.ready.wait()
    return [each.id for each in await index.nearest(wanted)]


async def test_it_begins_with_what_there_is_and_follows_changes(
    opened: Opened, world: World
) -> None:
    first = await made_media(world, 1, 0, 0, 0)
    index = await opened().__aenter__()
    assert await keys(index) == [first.id]
    second = await made_media(world, 1, 0.5, 0, 0)
    await until(lambda: _is(index, [first.id, second.id]))
    nearer = {"$set": vector_fields(0, 0, 0, 1)}
    await Media.collection().update_one({"_id": first.id}, nearer)
    await until(lambda: _is(index, [second.id, first.id]))
    await Media.collection().update_one({"_id": second.id}, {"$set": {"deleted_at": now()}})
    await until(lambda: _is(index, [first.id]))
    await Media.collection().delete_one({"_id": first.id})
    await until(lambda: _is(index, []))


async def test_what_a_condition_tests_is_followed(opened: Opened, world: World) -> None:
    media = await made_media(world, 1, 0, 0, 0, tags=["red"])
    index = await opened().__aenter__()
    red = Wanted(EAST, {"$and": [{"tags": "red"}]}, 5)
    assert await keys(index, red) == [media.id]
    await Media.collection().update_one({"_id": media.id}, {"$set": {"tags": ["blue"]}})
    blue = Wanted(EAST, {"$and": [{"tags": "blue"}]}, 5)
    await until(lambda: _is(index, [media.id], blue))
    assert await keys(index, red) == []
    assert await index.facets({}, ["tags", "kind"]) == {"tags": {"blue": 1}, "kind": {"image": 1}}
    assert await index.scores(EAST, [media.id, Id()]) == {media.id: 1.0}


async def test_a_snapshot_is_opened_again_with_what_happened_since(
    opened: Opened, world: World
) -> None:
    first = await made_media(world, 1, 0, 0, 0)
    index = await opened().__aenter__()
    await keys(index)
    await index.__aexit__()
    second = await made_media(world, 1, 1, 0, 0)
    again = await opened().__aenter__()
    assert await keys(again) == [first.id, second.id]
    assert again.view is not None
    assert again.view.snapshot.manifest.generation == 1
    assert again.view.snapshot.manifest.rows == 1


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("vectors-*.f32", "changed"),
        ("columns-*.bin", "shortened"),
        ("columns-*.bin", "removed"),
        ("graph-*.usearch", "changed"),
        ("graph-*.usearch", "shortened"),
        (MANIFEST, "changed"),
        (MANIFEST, "removed"),
    ],
)
async def test_a_damaged_snapshot_is_made_anew(
    opened: Opened, world: World, tmp_path: Path, name: str, harm: str
) -> None:
    made = await many(world, 40)
    index = await opened(WIDE, 100).__aenter__()
    wanted = Wanted(unit(some_vectors(1, 32)[0]), {}, 10)
    before = await keys(index, wanted)
    await index.__aexit__()
    [path] = (tmp_path / "search").glob(name)
    content = path.read_bytes()
    if harm == "removed":
        path.unlink()
    elif harm == "shortened":
        path.write_bytes(content[: len(content) // 2])
    else:
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :])
    again = await opened(WIDE, 100).__aenter__()
    assert await keys(again, wanted) == before
    assert len(made) == 40


async def test_two_processes_share_one_copy(opened: Opened, world: World) -> None:
    media = await made_media(world, 1, 0, 0, 0)
    first = await opened().__aenter__()
    assert await keys(first) == [media.id]
    second = await opened().__aenter__()
    assert await keys(second) == [media.id]
    assert (first.writes, second.writes) == (True, False)
    other = await made_media(world, 1, 1, 0, 0)
    await until(lambda: _is(first, [media.id, other.id]))
    await until(lambda: _is(second, [media.id, other.id]))
    await first.__aexit__()
    assert second.writes


async def test_much_that_is_new_goes_into_a_new_snapshot(
    opened: Opened, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.library.search.keeping.RECENT_FLOATS", 32 * 20)
    first = await opened(WIDE, 32 * 30).__aenter__()
    second = await opened(WIDE, 32 * 30).__aenter__()
    await first.ready.wait()
    await second.ready.wait()
    made = await many(world, 60)
    folder = tmp_path / "search"
    wanted = Wanted(unit(some_vectors(1, 32)[0]), {}, 60)
    for index in (first, second):
        await until(partial(_holds, index, 60, wanted))
        await until(partial(_is_at, index, folder, 2))
    gone = [each.id for each in made[:50]]
    await Media.collection().delete_many({"_id": {"$in": gone}})
    for index in (first, second):
        await until(partial(_holds, index, 10, wanted))
        await until(partial(_is_at, index, folder, 3))
        assert set(await keys(index, wanted)) == {each.id for each in made[50:]}


async def test_a_graph_finds_what_comparing_all_finds(opened: Opened, world: World) -> None:
    await many(world, 400)
    query = unit(some_vectors(3, 32, seed=5)[2])
    tested = {"$and": [{"status": "active"}, {"workspace_id": world.workspace.id}]}
    compared = await opened(WIDE).__aenter__()
    best = await keys(compared, Wanted(query, tested, 10))
    await compared.__aexit__()
    graph = await opened(WIDE, 100).__aenter__()
    await graph.ready.wait()
    assert await keys(graph, Wanted(query, tested, 10)) == best
    none = {"$and": [{"workspace_id": world.elsewhere.id}]}
    assert await keys(graph, Wanted(query, none, 10)) == []


async def many(world: World, count: int) -> list[Media]:
    rows = some_vectors(count, 32)
    media = [new_media(world, **vector_fields(*row, space=WIDE)) for row in rows]
    await Media.insert_all(media)
    return media


async def _is(index: LocalIndex, expected: list[Id], wanted: Wanted = ALL) -> bool:
    return await keys(index, wanted) == expected


async def _holds(index: LocalIndex, count: int, wanted: Wanted) -> bool:
    return len(await keys(index, wanted)) == count


async def _is_at(index: LocalIndex, folder: Path, generation: int) -> bool:
    at = index.view.snapshot.manifest.generation if index.view else 0
    return generation <= at and at == generation_of(folder)
