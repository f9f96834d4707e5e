"""Opening, listing, deleting, links, and what an operator is told when something is wrong."""

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from app.core.storage import (
    DeletionFailed,
    Storage,
    StorageError,
    StorageUnreachable,
    content_disposition,
)
from app.core.storage.bucket import Bucket
from app.core.storage.threads import Threads
from app.settings import Settings
from tests.app.core.storage.server import free_ports
from tests.app.core.storage.support import VIDEO, Store, in_chunks

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HOUR = timedelta(hours=1)


# ---- opening


async def test_bucket_is_made_once_by_whoever_comes_first(settings: Settings) -> None:
    fresh = settings.model_copy(update={"s3_bucket": f"test-{uuid.uuid4().hex}"})
    storages = [Storage(fresh) for _ in range(3)]
    await asyncio.gather(*(storage.open() for storage in storages))
    assert [entry async for entry in storages[0].list("")] == []
    await asyncio.gather(*(storage.close() for storage in storages))
    with closing((store := Store(fresh)).client):
        store.client.delete_bucket(Bucket=store.bucket)


async def test_closed_storage_can_be_opened_again(settings: Settings, store: Store) -> None:
    storage = Storage(settings)
    await storage.close()
    with pytest.raises(RuntimeError, match="not open"):
        await storage.exists("any")
    for _ in range(2):
        async with storage:
            assert not await storage.exists("any")


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ({"s3_endpoint": None}, "set BACKLOT_S3_ENDPOINT"),
        ({"s3_endpoint": "not an address"}, "check BACKLOT_S3_ENDPOINT"),
        ({"s3_secret_key": SecretStr("wrong")}, "check BACKLOT_S3_ACCESS_KEY"),
        ({"s3_bucket": "Not A Bucket"}, "Not A Bucket"),
    ],
)
async def test_wrong_setting_is_named(
    settings: Settings, wrong: dict[str, object], advice: str
) -> None:
    with pytest.raises(StorageError, match=advice) as raised:
        await Storage(settings.model_copy(update=wrong)).open()
    assert str(raised.value).endswith(".")


async def test_store_that_is_down_is_unreachable(settings: Settings) -> None:
    down = f"http://127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(StorageUnreachable, match="check that it runs"):
        await Storage(settings.model_copy(update={"s3_endpoint": down})).open()


# ---- listing and deleting


async def test_list_pages_and_delete_batches(storage: Storage, store: Store, prefix: str) -> None:
    keys = [f"{prefix}/{number:04}" for number in range(1_005)]
    with ThreadPoolExecutor(8) as pool:
        [*pool.map(lambda key: store.put(key, b"body"), [*keys, f"{prefix}-other/0"])]
    listed = [entry async for entry in storage.list(f"{prefix}/")]
    assert [entry.key for entry in listed] == keys
    assert {entry.size for entry in listed} == {4}
    assert datetime.now(UTC) - listed[0].modified < HOUR
    await storage.delete([*keys, keys[0], f"{prefix}/absent"])
    assert store.objects() == {f"{prefix}-other/0"}


async def test_delete_of_nothing_does_nothing(storage: Storage) -> None:
    await storage.delete([])


class RefusingClient:
    """A store that keeps some objects whatever is asked; SeaweedFS cannot be made to."""

    def delete_objects(self, Delete: dict[str, Any], **_: object) -> dict[str, Any]:
        keys = [entry["Key"] for entry in Delete["Objects"]]
        return {
            "Errors": [
                {"Key": key, "Code": "AccessDenied", "Message": "Locked"}
                for key in keys
                if key.startswith("locked")
            ]
        }


async def test_objects_that_stay_are_named() -> None:
    threads = Threads(1)
    bucket = Bucket(cast("S3Client", RefusingClient()), "bucket", threads)
    free = [f"free/{number}" for number in range(1_500)]
    with pytest.raises(DeletionFailed, match=r"2 objects .* first locked/1 \(Locked\)") as raised:
        await bucket.delete(["locked/1", *free, "locked/2"])
    assert raised.value.reasons == {"locked/1": "Locked", "locked/2": "Locked"}
    await threads.close()


async def test_sweep_removes_what_dead_uploads_left(
    storage: Storage, store: Store, prefix: str
) -> None:
    store.put("incoming/left", b"body")
    store.put(f"{prefix}/kept", b"body")
    store.begin_upload(f"{prefix}/begun")
    assert await storage.sweep(older_than=HOUR) == 0
    assert store.uploads() == 1
    assert await storage.sweep(older_than=-HOUR) == 2
    assert store.objects() == {f"{prefix}/kept"}


# ---- links


async def test_link_gives_the_file_to_anybody(storage: Storage, store: Store, prefix: str) -> None:
    name = 'Füchse & "Ziegen" 狐 🦊.mp4'
    stored = await storage.put_stream(
        in_chunks(b"body"), prefix=prefix, content_type="text/plain", maximum=10
    )
    link = storage.presigned_get(stored.key, filename=name, content_type=VIDEO, expires=HOUR)
    bare = storage.presigned_get(stored.key, expires=HOUR)
    async with httpx.AsyncClient() as client:
        answer, plain = await client.get(link), await client.get(bare)
        forged = await client.get(link.replace("video", "image"))
    assert (answer.status_code, answer.content) == (200, b"body")
    assert answer.headers["content-type"] == VIDEO
    assert answer.headers["content-disposition"] == content_disposition(name)
    assert (plain.content, plain.headers["content-type"]) == (b"body", "text/plain")
    assert "content-disposition" not in plain.headers
    assert forged.status_code == 403


async def test_link_names_the_public_endpoint(settings: Settings, store: Store) -> None:
    public = settings.model_copy(update={"s3_public_endpoint": "https://files.example.com"})
    async with Storage(public) as storage:
        link = urlsplit(storage.presigned_get("workspace/key", expires=HOUR))
    assert (link.scheme, link.netloc) == ("https", "files.example.com")
    assert link.path == f"/{settings.s3_bucket}/workspace/key"
    assert "X-Amz-Expires=3600" in link.query


@pytest.mark.parametrize("expires", [timedelta(0), timedelta(days=7, seconds=1)])
async def test_link_cannot_be_good_for_any_time(storage: Storage, expires: timedelta) -> None:
    with pytest.raises(ValueError, match="7 days"):
        storage.presigned_get("workspace/key", expires=expires)
