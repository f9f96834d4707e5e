"""The stable addresses of stored files."""

from pathlib import Path

import httpx
import pytest

from app.core.parts import Parts
from documents.library import Media
from tests.app.support import API, World, as_, codes
from tests.factories.records import valid


@pytest.fixture
async def file(parts: Parts, world: World, tmp_path: Path) -> Media:
    """A file that is really in the store, with its thumbnail."""
    prefix = str(world.workspace.id)
    (tmp_path / "fox").write_bytes(b"a fox")
    (tmp_path / "small").write_bytes(b"small")
    put = parts.storage.put_file
    stored = await put(tmp_path / "fox", prefix=prefix, content_type="text/plain")
    small = await put(tmp_path / "small", prefix=prefix, content_type="image/jpeg")
    return await valid(
        Media,
        workspace_id=world.workspace.id,
        project_id=world.project.id,
        filename='Füchse & "Co".txt',
        mime_type="text/plain; charset=utf-8",
        storage_key=stored.key,
        thumbnail_key=small.key,
    ).insert()


async def fetched(address: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(address)


async def test_content_leads_to_the_bytes(
    http: httpx.AsyncClient, world: World, file: Media
) -> None:
    answer = await http.get(f"{API}/media/{file.id}/content", headers=as_(world.viewer))
    assert (answer.status_code, answer.headers["cache-control"]) == (307, "no-store")
    got = await fetched(answer.headers["location"])
    assert (got.status_code, got.content) == (200, b"a fox")
    assert got.headers["content-type"] == "text/plain; charset=utf-8"
    assert "content-disposition" not in got.headers


async def test_download_names_the_file(http: httpx.AsyncClient, world: World, file: Media) -> None:
    path = f"{API}/media/{file.id}/content?download=true"
    answer = await http.get(path, headers=as_(world.collaborator))
    got = await fetched(answer.headers["location"])
    assert "attachment" in got.headers["content-disposition"]
    assert "F%C3%BCchse" in got.headers["content-disposition"]


async def test_thumbnail(http: httpx.AsyncClient, world: World, file: Media) -> None:
    answer = await http.get(f"{API}/media/{file.id}/thumbnail", headers=as_(world.editor))
    assert answer.status_code == 307
    assert (await fetched(answer.headers["location"])).content == b"small"


async def test_without_thumbnail(http: httpx.AsyncClient, world: World) -> None:
    answer = await http.get(f"{API}/media/{world.media.id}/thumbnail", headers=as_(world.owner))
    assert codes(answer) == (404, "not_found")


@pytest.mark.parametrize("what", ["content", "thumbnail"])
async def test_strangers_learn_nothing(
    http: httpx.AsyncClient, world: World, file: Media, what: str
) -> None:
    path = f"{API}/media/{file.id}/{what}"
    assert codes(await http.get(path, headers=as_(world.stranger))) == (404, "not_found")
    assert codes(await http.get(path)) == (401, "not_signed_in")
