"""A process that searches: its index opens at the first search, and the next model's beside it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from app.core.parts import Parts
from app.library.embedding import Space
from app.library.search.searching import Search, folder_of
from documents.library import EmbeddingSpace, Media
from tests.app.library.search.support import (
    SPACE,
    ask,
    found,
    made_media,
    until,
    use,
    vector_fields,
)
from tests.app.support import World, client_of

EAST = [1.0, 0.0, 0.0, 0.0]
NEW = Space("new-model", "2", 3)


@pytest.fixture
async def searching(parts: Parts, tmp_path: Path) -> AsyncIterator[Parts]:
    """Parts whose search keeps an index."""
    settings = parts.settings.model_copy(update={"data": tmp_path})
    search = Search(settings, parts.store, parts.reading["media"], exact_floats=40)
    async with search:
        yield replace(parts, settings=settings, search=search)


@pytest.fixture
async def indexed(searching: Parts) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(searching) as client:
        yield client


async def test_the_first_search_opens_the_index(
    indexed: httpx.AsyncClient, searching: Parts, world: World
) -> None:
    await use()
    await made_media(world, 1, 0, 0, 0, description="east")
    folder = folder_of(searching.settings, SPACE)
    assert not folder.exists()
    assert await found(indexed, world.viewer, vector=EAST) == ["east"]
    assert (folder / "manifest.json").exists()
    await made_media(world, 1, 1, 0, 0, description="north-east")

    async def both() -> bool:
        return await found(indexed, world.viewer, vector=EAST) == ["east", "north-east"]

    await until(both)


async def test_a_strangers_media_do_not_crowd_ours_out_of_the_graph(
    indexed: httpx.AsyncClient, world: World
) -> None:
    await use()
    for number in range(30):
        theirs = {"workspace_id": world.elsewhere.id, "project_id": None}
        await made_media(world, 1, 0, 0, number / 1000, description="theirs", **theirs)
    for number in range(12):
        await made_media(world, 0, 1, number / 10, 0, description=f"ours {number}")
    ours = await found(indexed, world.viewer, vector=EAST, limit=5)
    assert len(ours) == 5
    assert all(each.startswith("ours") for each in ours)
    answer = await ask(indexed, world.viewer, vector=EAST, facets=["project_id"])
    assert answer.json()["facets"] == {"project_id": {str(world.project.id): 12}}


async def test_the_next_models_index_is_there_before_the_switch(
    indexed: httpx.AsyncClient, searching: Parts, world: World
) -> None:
    await use()
    both = {
        **vector_fields(1, 0, 0, 0),
        **vector_fields(0, 0, 1, space=NEW, place="embedding_next"),
    }
    await made_media(world, description="both", **both)
    await use(NEW, state="next", place="embedding_next")
    assert await found(indexed, world.viewer, vector=EAST) == ["both"]
    assert await found(indexed, world.viewer, vector=EAST) == ["both"]

    async def opened() -> bool:
        return (folder_of(searching.settings, NEW) / "manifest.json").exists()

    await until(opened)
    await EmbeddingSpace.collection().delete_one({"state": "current"})
    await EmbeddingSpace.collection().update_one({}, {"$set": {"state": "current"}})
    searching.search.forget_spaces()
    assert await found(indexed, world.viewer, vector=[0, 0, 1]) == ["both"]
    moved = {**vector_fields(0, 0, 1, space=NEW), "embedding_next": None}
    await Media.collection().update_one({"description": "both"}, {"$set": moved})
    assert await found(indexed, world.viewer, vector=[0, 0, 1]) == ["both"]
    assert not folder_of(searching.settings, SPACE).exists()
