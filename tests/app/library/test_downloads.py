"""Bytes and ranges of bytes, as players ask for them."""

from typing import Any

import httpx
import pytest

from app.library.downloads import Stretch, asked_for
from documents.library import Media
from documents.values import Id, now
from tests.app.library.support import png, sent, sha256
from tests.app.support import API, World, as_, codes

CONTENT = png(3_000_000, seed=7)
SIZE = len(CONTENT)


@pytest.fixture
async def media(http: httpx.AsyncClient, world: World) -> Any:
    return await sent(http, world, CONTENT, filename="Füchse.png")


async def read(
    http: httpx.AsyncClient, world: World, media: Any, method: str = "GET", **headers: str
) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    path = f"{API}/media/{media['id']}/file"
    return await http.request(method, path, headers=named | as_(world.viewer))


async def test_the_whole(http: httpx.AsyncClient, world: World, media: Any) -> None:
    answer = await read(http, world, media)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == f'"{sha256(CONTENT)}"'
    assert "content-disposition" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=1000000-", 1_000_000, SIZE),
        ("bytes=-5", SIZE - 5, SIZE),
        (f"bytes=-{SIZE + 1}", 0, SIZE),
        (f"bytes=5-{SIZE * 2}", 5, SIZE),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
    ],
)
async def test_a_range(
    http: httpx.AsyncClient, world: World, media: Any, asked: str, start: int, end: int
) -> None:
    answer = await read(http, world, media, range=asked)
    assert (answer.status_code, answer.content) == (206, CONTENT[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=-0"])
async def test_a_range_behind_the_end(
    http: httpx.AsyncClient, world: World, media: Any, asked: str
) -> None:
    answer = await read(http, world, media, range=asked)
    assert codes(answer) == (416, "range_refused")
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=0-1", "bytes=a-b", "bytes=9-3", "x"])
async def test_what_is_no_single_range_gets_the_whole(
    http: httpx.AsyncClient, world: World, media: Any, asked: str
) -> None:
    assert (await read(http, world, media, "HEAD", range=asked)).status_code == 200


async def test_if_range(http: httpx.AsyncClient, world: World, media: Any) -> None:
    tag = f'"{sha256(CONTENT)}"'
    assert (await read(http, world, media, range="bytes=0-1", if_range=tag)).status_code == 206
    for other in ('"other"', f"W/{tag}", "Sat, 21 Nov 2026 00:00:00 GMT"):
        answer = await read(http, world, media, "HEAD", range="bytes=0-1", if_range=other)
        assert answer.status_code == 200


async def test_head_and_not_modified(http: httpx.AsyncClient, world: World, media: Any) -> None:
    answer = await read(http, world, media, "HEAD", range="bytes=0-9")
    assert (answer.status_code, answer.content) == (206, b"")
    assert answer.headers["content-length"] == "10"
    tag = answer.headers["etag"]
    assert (await read(http, world, media, if_none_match=tag)).status_code == 304


async def test_download_names_the_file(http: httpx.AsyncClient, world: World, media: Any) -> None:
    path = f"{API}/media/{media['id']}/file?download=true"
    answer = await http.head(path, headers=as_(world.viewer))
    assert "F%C3%BCchse.png" in answer.headers["content-disposition"]


async def test_what_is_in_quarantine_is_only_saved(
    http: httpx.AsyncClient, world: World, media: Any
) -> None:
    held = {"reason": "It is two files in one.", "since": now()}
    await Media.collection().update_one({"_id": Id(media["id"])}, {"$set": {"quarantine": held}})
    answer = await read(http, world, media, "HEAD")
    assert answer.headers["content-disposition"].startswith("attachment")
    path = f"{API}/media/{media['id']}/content"
    link = (await http.get(path, headers=as_(world.viewer))).headers["location"]
    assert "response-content-disposition=attachment" in link


async def test_strangers_learn_nothing(http: httpx.AsyncClient, world: World, media: Any) -> None:
    path = f"{API}/media/{media['id']}/file"
    assert codes(await http.get(path, headers=as_(world.stranger))) == (404, "not_found")
    assert codes(await http.get(path)) == (401, "not_signed_in")


def test_an_empty_file_has_no_ranges() -> None:
    assert asked_for({}, 0, '"x"') is None
    assert asked_for({"range": "bytes=0-0"}, 1, '"x"') == Stretch(0, 1)
