"""The store of these tests: a real SeaweedFS, or the one that the environment names."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest
import pytest_asyncio

from app.core.storage import Storage
from app.settings import Settings
from tests.app.core.storage.server import seaweedfs
from tests.app.core.storage.support import Store


@pytest.fixture(scope="package")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """How to reach a store, and in it a bucket of the tests' own, which does not exist yet."""
    bucket = {"s3_bucket": f"test-{uuid.uuid4().hex}"}
    if "BACKLOT_S3_ENDPOINT" in os.environ:
        yield Settings().model_copy(update=bucket)
        return
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as reached:
        yield reached.model_copy(update=bucket)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def storage(settings: Settings) -> AsyncIterator[Storage]:
    async with Storage(settings) as opened:
        yield opened


@pytest.fixture(scope="package")
def bucket(settings: Settings, storage: Storage) -> Iterator[Store]:
    """The bucket seen through boto3, deleted in the end."""
    store = Store(settings)
    with closing(store.client):
        yield store
        store.clear()
        store.client.delete_bucket(Bucket=store.bucket)


@pytest.fixture
def store(bucket: Store) -> Iterator[Store]:
    """A bucket that is empty at the start; no test may leave a half-written upload in it."""
    bucket.clear()
    yield bucket
    assert bucket.uploads() == 0


@pytest.fixture
def prefix() -> str:
    return uuid.uuid4().hex
