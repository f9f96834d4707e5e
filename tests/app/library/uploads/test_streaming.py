"""Files whose bytes come through the API."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from starlette.types import Message

from app.core.parts import Parts
from app.core.storage.hashing import SINGLE
from app.library.objects import remove_unused
from documents.library import Media
from documents.uploads import ObjectRemoval, Upload
from documents.values import Id
from tests.app.library.support import announced, begun, png, sha256
from tests.app.support import API, World, as_, codes, running_app


async def send(
    http: httpx.AsyncClient, world: World, upload: str, content: bytes | AsyncIterator[bytes]
) -> httpx.Response:
    path = f"{API}/uploads/{upload}/content"
    return await http.put(path, content=content, headers=as_(world.editor))


async def pieces(content: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize("size", [1_000, SINGLE + 10], ids=["small", "in parts"])
@pytest.mark.parametrize("promised", [True, False], ids=["promised", "unknown"])
async def test_a_file_comes_in(
    http: httpx.AsyncClient, world: World, parts: Parts, size: int, promised: bool
) -> None:
    content = png(size, seed=size)
    known = {} if promised else {"sha256": None, "filesize": None}
    upload = await begun(http, world, content, by="api", **known)
    answer = await send(http, world, upload["id"], pieces(content))
    media = answer.json()
    assert answer.status_code == 200, answer.text
    assert (media["sha256"], media["filesize"]) == (sha256(content), size)
    assert await parts.storage.sha256(media["storage_key"]) == sha256(content)
    known_upload = await Upload.one_in(True, Id(upload["id"]))
    assert known_upload is not None
    assert (known_upload.state, str(known_upload.media_id)) == ("completed", media["id"])
    assert known_upload.storage_key is None


@pytest.mark.parametrize("size", [1_000, SINGLE + 10], ids=["small", "in parts"])
async def test_another_content_than_promised_is_refused(
    http: httpx.AsyncClient, world: World, parts: Parts, size: int
) -> None:
    content, other = png(size, seed=1), png(size, seed=2)
    upload = await begun(http, world, content, by="api")
    assert codes(await send(http, world, upload["id"], other)) == (422, "content_differs")
    assert codes(await send(http, world, upload["id"], content[:-1])) == (422, "content_differs")
    cut, more = pieces(content[:-1]), pieces(content + b"!")
    for each in (cut, more):
        assert codes(await send(http, world, upload["id"], each)) == (422, "content_differs")
    prefix = str(world.workspace.id)
    assert not await parts.storage.exists(f"{prefix}/{sha256(other)}")
    assert (await send(http, world, upload["id"], content)).status_code == 200


async def test_size_alone_is_checked_too(
    http: httpx.AsyncClient, world: World, parts: Parts
) -> None:
    content = png(1_000)
    upload = await begun(http, world, content, by="api", sha256=None)
    answer = await send(http, world, upload["id"], pieces(content[:-1]))
    assert codes(answer) == (422, "content_differs")
    assert not await parts.storage.exists(f"{world.workspace.id}/{sha256(content[:-1])}")


async def test_what_is_not_taken_ends_the_upload_at_its_first_bytes(
    http: httpx.AsyncClient, world: World
) -> None:
    async def program() -> AsyncIterator[bytes]:
        yield b"\x7fELF" + bytes(5_000)
        raise AssertionError("nothing behind the head is wanted")

    upload = await begun(http, world, b"x", by="api", sha256=None, filesize=None)
    assert codes(await send(http, world, upload["id"], program())) == (422, "content_refused")
    assert codes(await send(http, world, upload["id"], png())) == (409, "upload_over")


async def test_a_transfer_that_breaks_off_can_be_repeated(
    http: httpx.AsyncClient, world: World
) -> None:
    content = png(SINGLE + 10, seed=3)
    upload = await begun(http, world, content, by="api")
    coming: Iterator[Message] = iter(
        [
            {"type": "http.request", "body": content[:SINGLE], "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    answered = []

    async def receive() -> Message:
        return next(coming)

    async def answer(message: Message) -> None:
        answered.append(message)

    path = f"{API}/uploads/{upload['id']}/content"
    headers = [(b"authorization", as_(world.editor)["Authorization"].encode())]
    scope = {"type": "http", "method": "PUT", "path": path, "raw_path": path.encode()}
    scope |= {"headers": headers, "query_string": b"", "http_version": "1.1", "scheme": "http"}
    await running_app()(scope, receive, answer)
    assert answered[0]["status"] == 409
    assert (await send(http, world, upload["id"], pieces(content))).status_code == 200
    assert await Media.collection().count_documents({"sha256": sha256(content)}) == 1


async def test_it_goes_the_way_it_was_begun(http: httpx.AsyncClient, world: World) -> None:
    upload = await begun(http, world, png())
    assert codes(await send(http, world, upload["id"], png())) == (409, "upload_over")


async def test_larger_than_other_bodies_may_be(
    http: httpx.AsyncClient, world: World, parts: Parts
) -> None:
    content = png(parts.settings.request_bytes + 10, seed=4)
    upload = await begun(http, world, content, by="api")
    assert (await send(http, world, upload["id"], content)).status_code == 200
    body = announced(world, content) | {"description": "x" * parts.settings.request_bytes}
    answer = await http.post(f"{API}/uploads", json=body, headers=as_(world.editor))
    assert codes(answer) == (413, "too_large")


class TestObjects:
    async def test_a_content_that_is_being_removed_is_not_relied_on(
        self, http: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = png(1_000, seed=5)
        monkeypatch.setattr("app.library.objects.PATIENCE_SECONDS", 0.0)
        removal = await ObjectRemoval(key=f"{world.workspace.id}/{sha256(content)}").insert()
        upload = await begun(http, world, content, by="api")
        assert codes(await send(http, world, upload["id"], content)) == (503, "unavailable")
        await ObjectRemoval.collection().delete_one({"_id": removal.id})
        assert (await send(http, world, upload["id"], content)).status_code == 200

    async def test_what_an_upload_relies_on_is_not_removed(
        self, http: httpx.AsyncClient, world: World, parts: Parts
    ) -> None:
        content = png(1_000, seed=6)
        upload = await begun(http, world, content, by="api")
        media = (await send(http, world, upload["id"], content)).json()
        key = media["storage_key"]
        await Media.collection().delete_one({"_id": Id(media["id"])})
        relying = Upload.collection().update_one
        await relying({"_id": Id(upload["id"])}, {"$set": {"storage_key": key}})
        assert await remove_unused(parts.storage, [key]) == set()
        await relying({"_id": Id(upload["id"])}, {"$set": {"storage_key": None}})
        assert await remove_unused(parts.storage, [key]) == {key}
        assert not await parts.storage.exists(key)
        assert await ObjectRemoval.collection().count_documents({}) == 0
