"""Public links: what they allow is in their signature."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from documents.library import Media
from documents.uploads import MediaLink
from documents.values import Id, now
from tests.app.library.support import png, sent
from tests.app.support import API, World, as_, codes

CONTENT = png(10_000, seed=8)


@pytest.fixture
async def media(http: httpx.AsyncClient, world: World) -> Any:
    return await sent(http, world, CONTENT, filename="Fox & goose?.png")


async def made(http: httpx.AsyncClient, world: World, media: Any, **given: Any) -> Any:
    path = f"{API}/media/{media['id']}/links"
    answer = await http.post(path, json=given, headers=as_(world.editor))
    assert answer.status_code == 201, answer.text
    return answer.json()


def address(link: Any) -> str:
    """The link's address without the server's name."""
    parts = urlsplit(link["url"])
    return f"{parts.path}?{parts.query}"


async def test_who_has_it_needs_no_account(
    http: httpx.AsyncClient, world: World, media: Any
) -> None:
    link = await made(http, world, media)
    answer = await http.get(address(link))
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    answer = await http.get(address(link), headers={"Range": "bytes=5-9"})
    assert (answer.status_code, answer.content) == (206, CONTENT[5:10])
    assert (await http.head(address(link))).headers["content-length"] == str(len(CONTENT))


async def test_it_says_whether_to_save(http: httpx.AsyncClient, world: World, media: Any) -> None:
    link = await made(http, world, media, download=True)
    assert "attachment" in (await http.head(address(link))).headers["content-disposition"]


@pytest.mark.parametrize(
    ("part", "other"), [("expires=", "expires=9"), ("save=0", "save=1"), ("/links/", "/links/f")]
)
async def test_nothing_in_it_can_be_changed(
    http: httpx.AsyncClient, world: World, media: Any, part: str, other: str
) -> None:
    given = address(await made(http, world, media))
    changed = given.replace(part, other)
    if part == "/links/":
        key = given.split("/links/")[1][:24]
        changed = given.replace(key, str(Id()))
    assert codes(await http.get(changed)) == (404, "not_found")


async def test_deleting_it_revokes_it(http: httpx.AsyncClient, world: World, media: Any) -> None:
    link, other = await made(http, world, media), await made(http, world, media)
    path = f"{API}/media-links/{link['id']}"
    assert (await http.delete(path, headers=as_(world.editor))).status_code == 204
    assert codes(await http.get(address(link))) == (410, "link_over")
    assert (await http.get(address(other))).status_code == 200


async def test_it_expires(
    http: httpx.AsyncClient, world: World, media: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await made(http, world, media, seconds=60)
    monkeypatch.setattr("app.library.signatures.now", lambda: now() + timedelta(seconds=61))
    assert codes(await http.get(address(link))) == (410, "link_over")


async def test_it_ends_with_its_file(http: httpx.AsyncClient, world: World, media: Any) -> None:
    link = await made(http, world, media)
    path = f"{API}/media/{media['id']}"
    assert (await http.delete(path, headers=as_(world.editor))).status_code == 204
    assert codes(await http.get(address(link))) == (410, "link_over")
    await http.post(f"{path}/restore", headers=as_(world.editor))
    assert (await http.get(address(link))).status_code == 200


async def test_what_is_in_quarantine_is_not_passed_on(
    http: httpx.AsyncClient, world: World, media: Any
) -> None:
    link = await made(http, world, media)
    held = {"reason": "It is two files in one.", "since": now()}
    await Media.collection().update_one({"_id": Id(media["id"])}, {"$set": {"quarantine": held}})
    assert codes(await http.get(address(link))) == (410, "link_over")


async def test_only_editors_pass_files_on(
    http: httpx.AsyncClient, world: World, media: Any
) -> None:
    path = f"{API}/media/{media['id']}/links"
    for user in (world.viewer, world.stranger):
        answer = await http.post(path, json={}, headers=as_(user))
        assert codes(answer) == (404, "not_found")
    assert await MediaLink.collection().count_documents({}) == 0
    await made(http, world, media)
    listed = await http.get(f"{API}/media-links", headers=as_(world.editor))
    assert [each["media_id"] for each in listed.json()["data"]] == [media["id"]]
    assert (await http.get(f"{API}/media-links", headers=as_(world.viewer))).json()["data"] == []
