"""The addresses of what was made of a file."""

from collections.abc import AsyncIterator

import httpx

from app.core.parts import Parts
from documents.library import Media
from tests.app.support import API, World, as_, codes
from tests.factories.records import valid


async def picture(parts: Parts, world: World) -> Media:
    """A file with a poster, and a preview that could not be made."""

    async def content() -> AsyncIterator[bytes]:
        yield b"a poster"

    poster = await parts.storage.put_stream(
        content(), prefix=str(world.workspace.id), content_type="image/webp", maximum=100
    )
    made = [
        {"name": "poster", "key": poster.key, "mime_type": "image/webp"},
        {"name": "preview", "mime_type": "video/mp4", "problem": "too short"},
    ]
    return await valid(
        Media, workspace_id=world.workspace.id, project_id=world.project.id, derivatives=made
    ).insert()


async def test_leads_to_the_bytes(http: httpx.AsyncClient, parts: Parts, world: World) -> None:
    media = await picture(parts, world)
    path = f"{API}/media/{media.id}/derivatives/poster"
    answer = await http.get(path, headers=as_(world.viewer))
    assert (answer.status_code, answer.headers["cache-control"]) == (307, "no-store")
    async with httpx.AsyncClient() as client:
        got = await client.get(answer.headers["location"])
    assert (got.content, got.headers["content-type"]) == (b"a poster", "image/webp")


async def test_what_is_not_there(http: httpx.AsyncClient, parts: Parts, world: World) -> None:
    media = await picture(parts, world)
    for name, expected in (("preview", 404), ("waveform", 404), ("nonsense", 422)):
        path = f"{API}/media/{media.id}/derivatives/{name}"
        assert (await http.get(path, headers=as_(world.owner))).status_code == expected


async def test_strangers_learn_nothing(http: httpx.AsyncClient, parts: Parts, world: World) -> None:
    media = await picture(parts, world)
    path = f"{API}/media/{media.id}/derivatives/poster"
    assert codes(await http.get(path, headers=as_(world.stranger))) == (404, "not_found")
    assert codes(await http.get(path)) == (401, "not_signed_in")
