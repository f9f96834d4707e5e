"""The shared servers, and what every test may ask for."""

import gc
import os
import signal
from collections.abc import AsyncIterator, Iterator
from types import FrameType
from typing import Any

import pytest
from beanie import init_beanie
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from app.settings import Settings
from documents.registry import MODELS
from documents.schema import apply
from documents.store import Store
from tests.support import cancelled_connects
from tests.support.mongo_mock import mock_client

# How long drawing or running an example takes says something of the machine, not of the code.
hypothesis_settings.register_profile(
    "busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("busy machine")
cancelled_connects.close_them()

_bound_to: Any = None


async def bind(database: Any) -> None:
    """Point the document classes at this database: a process can only have them at one."""
    global _bound_to
    if _bound_to is not database:
        await init_beanie(database, document_models=[*MODELS], skip_indexes=True)
        _bound_to = database


@pytest.fixture(scope="module", autouse=True)
def _leftovers() -> Iterator[None]:
    """What a file forgets to close fails that file, not whichever runs when it is collected.

    What is there to stay is not looked at again, or each collection would take longer.
    """
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def settings(worker_id: str) -> Settings:
    """The servers that `backlot stack run` started, with names of this worker's own."""
    found = Settings(_env_file=None)
    if not (found.mongo_uri and found.redis_url and found.s3_endpoint):
        pytest.fail("needs the servers: backlot stack run --temp -- pytest", pytrace=False)
    number = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 15
    return found.model_copy(
        update={
            "mongo_database": f"test_{worker_id}_{os.getpid()}",
            "redis_url": f"{found.redis_url.rstrip('/')}/{number}",
            "s3_bucket": f"test-{worker_id}-{os.getpid()}",
            "bcrypt_cost": 4,
            "port": 0,
        }
    )


@pytest.fixture(scope="session")
async def _open_store(settings: Settings) -> AsyncIterator[Store]:
    assert settings.mongo_uri
    async with await Store.open(settings.mongo_uri, settings.mongo_database) as store:
        await apply(store.database, MODELS)
        yield store
        await store.client.drop_database(settings.mongo_database)


@pytest.fixture
async def store(_open_store: Store) -> Store:
    """The real store, with indexes and validators, and empty."""
    await bind(_open_store.database)
    await empty(_open_store)
    return _open_store


async def empty(store: Store) -> None:
    """Delete all documents: one question for where there are any costs a tenth of asking each."""
    first, *others = (model.collection_name() for model in MODELS)
    unions = [{"$unionWith": {"coll": name, "pipeline": _one_of(name)}} for name in others]
    found = await store.database[first].aggregate([*_one_of(first), *unions])
    for each in await found.to_list():
        await store.database[each["name"]].delete_many({})


def _one_of(name: str) -> list[dict[str, Any]]:
    return [{"$limit": 1}, {"$project": {"_id": 0, "name": {"$literal": name}}}]


@pytest.fixture(scope="session")
def _mock_database() -> Any:
    return mock_client()["mock"]


@pytest.fixture
async def mock_store(_mock_database: Any) -> None:
    """The document classes on a store in memory, for document logic without a server."""
    await bind(_mock_database)


MOST_SECONDS = 600
"""No test takes so long, on a busy machine neither: one that hangs fails by itself instead of
holding the suite up."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test that hangs."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"{item.nodeid} did not end within {MOST_SECONDS} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(MOST_SECONDS)
    try:
        return (yield)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
