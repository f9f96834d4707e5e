"""A ZIP of a selection, made while it is sent."""

import io
import stat
import zipfile
from contextlib import aclosing

import httpx
from hypothesis import given
from hypothesis import strategies as st

from app.core.parts import Parts
from app.library.archive import archive_names, zipped
from documents.library import Media
from documents.values import Id, now
from tests.app.library.support import TEXT, png, sent
from tests.app.support import API, World, as_, codes


async def test_the_files_are_in_it(http: httpx.AsyncClient, world: World) -> None:
    contents = [png(3_000_000, seed=9), TEXT, png(10, seed=10)]
    media = [await sent(http, world, each, filename="Füchse.png") for each in contents]
    ids = [each["id"] for each in media]
    body = {"ids": [*ids, ids[0]], "filename": "the foxes.zip"}
    answer = await http.post(f"{API}/media/archive", json=body, headers=as_(world.viewer))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert "the%20foxes.zip" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names == ["Füchse.png", "Füchse (2).png", "Füchse (3).png"]
        assert [archive.read(name) for name in names] == contents
        modes = [info.external_attr >> 16 for info in archive.infolist()]
        assert all(stat.S_ISREG(mode) for mode in modes)


async def test_all_of_them_or_none(http: httpx.AsyncClient, world: World) -> None:
    media = await sent(http, world, TEXT)
    body = {"ids": [media["id"], str(Id())]}
    answer = await http.post(f"{API}/media/archive", json=body, headers=as_(world.viewer))
    assert codes(answer) == (404, "not_found")
    body = {"ids": [media["id"]]}
    answer = await http.post(f"{API}/media/archive", json=body, headers=as_(world.stranger))
    assert codes(answer) == (404, "not_found")
    held = {"reason": "It is two files in one.", "since": now()}
    await Media.collection().update_one({"_id": Id(media["id"])}, {"$set": {"quarantine": held}})
    answer = await http.post(f"{API}/media/archive", json=body, headers=as_(world.viewer))
    assert codes(answer) == (404, "not_found")


async def test_who_stops_early_leaves_nothing_open(
    http: httpx.AsyncClient, world: World, parts: Parts
) -> None:
    content = png(5_000_000, seed=11)
    media = await sent(http, world, content)
    file = {"storage_key": media["storage_key"], "filename": "a.png", "created_at": now()}
    file["filesize"] = len(content)
    async with aclosing(zipped(parts.storage, [file] * 3)) as chunks:  # type: ignore[type-var]
        assert await anext(aiter(chunks))


@given(st.lists(st.text(max_size=300), max_size=20))
def test_names_are_safe_and_unique(filenames: list[str]) -> None:
    names = archive_names(filenames)
    assert len(names) == len(filenames)
    assert len({each.casefold() for each in names}) == len(names)
    for name in names:
        assert name.strip(". ")
        assert not set("/\\:\x00") & set(name)
        assert len(name.encode()) <= 255


def test_devices_are_no_names() -> None:
    assert archive_names(["con", "LPT1.txt", "a/../con.png"]) == ["_con", "_LPT1.txt", "_con.png"]
