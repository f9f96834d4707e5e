"""Indexes and validators: applied, compared and mended."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pymongo.errors import OperationFailure

from documents.films import Project
from documents.identity import User
from documents.library import Media
from documents.scenes import Scene
from documents.schema import (
    PRE_IMAGE_SECONDS,
    PRE_IMAGES,
    Difference,
    apply,
    differences,
    indexes,
    violations,
)
from documents.store import Store
from tests.factories.records import valid

MODELS = (User, Project, Scene, Media)


@pytest.fixture
async def fresh(store: Store) -> AsyncIterator[Store]:
    """The same server, on a database of its own that is empty."""
    name = f"{store.database.name}_schema"
    await store.client.drop_database(name)
    yield Store(store.client, store.client[name])
    await store.client.drop_database(name)


async def names(store: Store, collection: str) -> set[str]:
    return {each["name"] async for each in await store.database[collection].list_indexes()}


async def test_an_empty_database_lacks_everything_until_it_is_applied(fresh: Store) -> None:
    missing = [
        Difference(m.collection_name(), "collection", m.collection_name(), "missing")
        for m in MODELS
    ]
    assert await differences(fresh.database, MODELS) == missing
    assert await apply(fresh.database, MODELS) == missing
    assert await differences(fresh.database, MODELS) == []
    assert await apply(fresh.database, MODELS) == []


async def test_every_kind_of_drift_is_told_and_mended(fresh: Store) -> None:
    await apply(fresh.database, MODELS)
    scenes, projects = fresh.database["scenes"], fresh.database["projects"]
    [dropped, changed, *_] = sorted(await names(fresh, "scenes") - {"_id_"})
    definition = next(each.document for each in indexes(Scene) if each.document["name"] == changed)
    await scenes.drop_index(dropped)
    await scenes.drop_index(changed)
    await scenes.create_index(
        [*definition["key"].items()], name=changed, partialFilterExpression={"odd": 1}
    )
    await projects.create_index("nobody_asked", name="stray")
    await fresh.database.command("collMod", "media", validator={})
    await fresh.database.command("collMod", "users", validator={"email": {"$type": "string"}})
    await fresh.database.command({"collMod": "users", PRE_IMAGES: {"enabled": True}})
    await fresh.database.command({"collMod": "scenes", PRE_IMAGES: {"enabled": False}})

    expected = {
        Difference("users", "validator", "users", "changed"),
        Difference("media", "validator", "media", "missing"),
        Difference("users", "pre-images", "users", "unknown"),
        Difference("scenes", "pre-images", "scenes", "missing"),
        Difference("projects", "index", "stray", "unknown"),
        Difference("scenes", "index", dropped, "missing"),
        Difference("scenes", "index", changed, "changed"),
    }
    assert set(await differences(fresh.database, MODELS)) == expected
    assert set(await apply(fresh.database, MODELS)) == expected
    assert await differences(fresh.database, MODELS) == []
    assert "stray" not in await names(fresh, "projects")


async def test_pre_images_are_kept_for_a_while(fresh: Store) -> None:
    await apply(fresh.database, MODELS)
    parameter = await fresh.client.admin.command({"getClusterParameter": "changeStreamOptions"})
    [options] = parameter["clusterParameters"]
    assert options["preAndPostImages"] == {"expireAfterSeconds": PRE_IMAGE_SECONDS}


async def test_data_is_kept_when_drift_is_mended(fresh: Store) -> None:
    await apply(fresh.database, MODELS)
    document = valid(Project).stored()
    await fresh.database["projects"].insert_one(document)
    await fresh.database["projects"].drop_indexes()
    await apply(fresh.database, MODELS)
    assert await fresh.database["projects"].count_documents({}) == 1


async def test_documents_that_break_the_declaration_are_counted(fresh: Store) -> None:
    await apply(fresh.database, MODELS)
    projects = fresh.database["projects"]
    await projects.insert_one(valid(Project).stored())
    assert await violations(fresh.database, Project) == 0
    broken = {**valid(Project).stored(), "title": 5}
    await projects.insert_one(broken, bypass_document_validation=True)
    assert await violations(fresh.database, Project) == 1


async def test_a_unique_index_over_duplicates_is_refused_by_the_server(fresh: Store) -> None:
    await apply(fresh.database, (User,))
    users = fresh.database["users"]
    await users.drop_indexes()
    first, second = valid(User), valid(User)
    same = {**second.stored(), "email": first.email}
    await users.insert_many([first.stored(), same])
    with pytest.raises(OperationFailure):
        await apply(fresh.database, (User,))


def test_every_reference_gets_an_index_without_being_asked() -> None:
    leading = [next(iter(each.document["key"])) for each in indexes(Scene)]
    assert {"project_id", "episode_id", "character_ids"} <= set(leading)
    names = [each.document["name"] for each in indexes(Scene)]
    assert len(names) == len(set(names))


async def test_two_migrations_at_once_agree(store: Store) -> None:
    """As when a worker writes to a collection while `backlot migrate` makes it."""
    await store.client.drop_database(f"{store.database.name}_twice")
    database = store.client[f"{store.database.name}_twice"]
    await asyncio.gather(apply(database, MODELS), apply(database, MODELS))
    assert await differences(database, MODELS) == []
    await store.client.drop_database(database)
