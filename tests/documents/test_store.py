"""The open store: values survive it, and several writes are one."""

import asyncio

import pytest
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError

from documents.films import Project
from documents.library import Media
from documents.production import GenerationCost
from documents.store import Store
from documents.values import to_vector
from tests.factories.records import valid


async def test_what_pydantic_takes_the_store_gives_back(store: Store) -> None:
    media = valid(Media, embedding=[0.5, -1.25], embedding_model="one")
    cost = valid(GenerationCost, amount="0.000000000001", currency="EUR")
    await media.insert()
    await cost.insert()
    assert await Media.one_in(True, media.id) == media
    assert await GenerationCost.one_in(True, cost.id) == cost
    assert media.embedding == to_vector([0.5, -1.25])


async def test_all_of_a_transaction_is_written(store: Store) -> None:
    first, second = valid(Project), valid(Project)

    async def together(session: AsyncClientSession) -> str:
        await first.insert(session=session)
        await second.insert(session=session)
        return "done"

    assert await store.in_transaction(together) == "done"
    assert await Project.collection().count_documents({}) == 2


async def test_none_of_a_transaction_stays_when_it_fails(store: Store) -> None:
    async def together(session: AsyncClientSession) -> None:
        await valid(Project).insert(session=session)
        assert await Project.collection().count_documents({}, session=session) == 1
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        await store.in_transaction(together)
    assert await Project.collection().count_documents({}) == 0


async def test_transactions_on_one_record_come_one_after_the_other(store: Store) -> None:
    project = await valid(Project, episode_count=1).insert()

    async def raise_by_one(session: AsyncClientSession) -> None:
        found = await Project.first_in(True, {"_id": project.id}, session)
        assert found is not None
        await asyncio.sleep(0.02)
        values = {"$set": {"episode_count": found.episode_count + 1}}
        await Project.advance_one({"_id": project.id}, values, session)

    await asyncio.gather(*(store.in_transaction(raise_by_one) for _ in range(4)))
    after = await Project.one_in(True, project.id)
    assert after is not None
    assert after.episode_count == 5


async def test_an_address_that_is_none_raises_what_the_driver_raises(store: Store) -> None:
    with pytest.raises(PyMongoError):
        await Store.open("mongodb://", "backlot")
