"""Files that go straight to the store, in one request or in parts."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.core.parts import Parts
from app.library.kinds import LOOK_AT_MEDIA
from app.library.uploads import intents
from app.library.uploads.sweeping import sweep
from documents.identity import AuditEntry
from documents.library import Media
from documents.production import Task
from documents.uploads import Upload, Usage
from documents.values import Id, now
from tests.app.library.support import announced, begun, complete, png, put, sha256
from tests.app.support import API, World, as_, codes

PART = 5 * 2**20


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts are as small as the store takes them."""
    monkeypatch.setattr(intents, "part_size", lambda _: PART)


async def part_links(
    http: httpx.AsyncClient, world: World, upload: Any, content: bytes, *numbers: int
) -> list[Any]:
    wanted = [{"number": each, "sha256": sha256(piece(content, each))} for each in numbers]
    path = f"{API}/uploads/{upload['id']}/links"
    answer = await http.post(path, json={"parts": wanted}, headers=as_(world.editor))
    assert answer.status_code == 200, answer.text
    links: list[Any] = answer.json()["data"]
    return links


def piece(content: bytes, number: int) -> bytes:
    return content[(number - 1) * PART : number * PART]


class TestOneRequest:
    async def test_a_file_comes_in(
        self, http: httpx.AsyncClient, world: World, parts: Parts
    ) -> None:
        content = png()
        upload = await begun(http, world, content, description="A fox.", tags=["fox"])
        assert (upload["state"], upload["way"]) == ("open", "put")
        assert "staging_key" not in upload
        assert await put(upload["links"][0], content) == 200

        answer = await complete(http, world, upload)
        media = answer.json()
        assert answer.status_code == 200, answer.text
        assert media["status"] == "processing"
        assert (media["kind"], media["mime_type"]) == ("image", "image/png")
        assert (media["sha256"], media["filesize"]) == (sha256(content), len(content))
        assert (media["description"], media["tags"]) == ("A fox.", ["fox"])
        assert media["created_by"] == str(world.editor.id)
        stored = await parts.storage.head(media["storage_key"])
        assert stored.size == len(content)

        [look] = await Task.all_in(True, {"kind": LOOK_AT_MEDIA.name})
        assert look.input.parameters == {"media_id": Id(media["id"])}
        entry = await AuditEntry.first_in(True, {"subject.id": Id(media["id"])})
        assert entry is not None
        assert entry.actor.id == world.editor.id

    async def test_said_twice_it_is_answered_the_same(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        content = png()
        upload = await begun(http, world, content)
        await put(upload["links"][0], content)
        first, second = [await complete(http, world, upload) for _ in range(2)]
        assert first.json()["id"] == second.json()["id"]
        assert await Media.collection().count_documents({"sha256": sha256(content)}) == 1

    async def test_nothing_but_what_was_announced_can_be_put(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        content = png()
        [link] = (await begun(http, world, content))["links"]
        assert await put(link, png(seed=1)) == 400
        assert await put(link, content + b"!") in (400, 403)
        other = {**link, "headers": {**link["headers"], "Content-Type": "text/html"}}
        assert await put(other, content) == 403

    async def test_what_has_not_arrived_is_not_taken_in(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        upload = await begun(http, world, png())
        assert codes(await complete(http, world, upload)) == (409, "upload_incomplete")

    async def test_what_the_library_does_not_take_is_refused_and_removed(
        self, http: httpx.AsyncClient, world: World, parts: Parts
    ) -> None:
        content = b"<svg onload='alert(1)'>" + bytes(100)
        upload = await begun(http, world, content, mime_type="image/png")
        await put(upload["links"][0], content)
        assert codes(await complete(http, world, upload)) == (422, "content_refused")
        known = await Upload.one_in(True, Id(upload["id"]))
        assert known is not None
        assert known.state == "failed"
        assert known.failure is not None
        assert known.failure.code == "content_refused"
        assert not await parts.storage.exists(f"uploads/{upload['id']}")
        assert codes(await complete(http, world, upload)) == (409, "upload_over")

    async def test_the_same_content_is_stored_once_and_counted_once(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        content, keys = png(), set()
        for name in ("one.png", "two.png"):
            upload = await begun(http, world, content, filename=name)
            await put(upload["links"][0], content)
            keys.add((await complete(http, world, upload)).json()["storage_key"])
        assert len(keys) == 1
        usage = await Usage.first_in(True, {"workspace_id": world.workspace.id})
        assert usage is not None
        counted = [each.filesize for each in await Media.all_in(True, {}) if each.filesize]
        assert usage.stored_bytes == sum(set(counted))
        assert usage.reserved_bytes == 0

    @pytest.mark.parametrize(
        "name",
        ["../../etc/passwd", "..\\..\\boot.ini", "a/b/fox.png", "fo\u202exgnp.exe", "\x00", ".."],
    )
    async def test_names_hold_no_folders(
        self, http: httpx.AsyncClient, world: World, name: str
    ) -> None:
        kept = (await begun(http, world, png(), filename=name))["filename"]
        assert not set("/\\\x00\u202e") & set(kept)
        assert kept.strip(".")

    async def test_a_link_can_be_had_again(self, http: httpx.AsyncClient, world: World) -> None:
        content = png()
        upload = await begun(http, world, content)
        path = f"{API}/uploads/{upload['id']}/links"
        answer = await http.post(path, json={}, headers=as_(world.editor))
        assert await put(answer.json()["data"][0], content) == 200


@pytest.mark.usefixtures("small_parts")
class TestParts:
    async def test_who_was_interrupted_sends_what_is_missing(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        content = png(2 * PART + 7)
        upload = await begun(http, world, content, by="parts")
        [second] = await part_links(http, world, upload, content, 2)
        assert await put(second, piece(content, 2)) == 200

        path = f"{API}/uploads/{upload['id']}/parts"
        state = (await http.get(path, headers=as_(world.editor))).json()
        assert (state["part_size"], state["part_count"]) == (PART, 3)
        assert state["data"] == [{"number": 2, "size": PART}]
        assert state["missing"] == [1, 3]
        answer = await complete(http, world, upload)
        assert codes(answer) == (409, "upload_incomplete")
        assert answer.json()["missing"] == [1, 3]

        for link in await part_links(http, world, upload, content, 1, 3):
            assert await put(link, piece(content, link["number"])) == 200
        answer = await complete(http, world, upload)
        assert (answer.status_code, answer.json()["state"]) == (202, "checking")
        assert (await complete(http, world, upload)).status_code == 202

    async def test_a_part_is_what_its_link_says(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        content = png(PART + 7)
        upload = await begun(http, world, content, by="parts")
        first, second = await part_links(http, world, upload, content, 1, 2)
        assert (first["size"], second["size"]) == (PART, 7)
        assert await put(second, b"1234567") == 400
        assert await put(second, piece(content, 1)) in (400, 403)

    async def test_there_are_no_other_parts(self, http: httpx.AsyncClient, world: World) -> None:
        upload = await begun(http, world, png(PART + 7), by="parts")
        path = f"{API}/uploads/{upload['id']}/links"
        body = {"parts": [{"number": 3, "sha256": "0" * 64}]}
        answer = await http.post(path, json=body, headers=as_(world.editor))
        assert codes(answer) == (409, "upload_incomplete")

    async def test_given_up_nothing_of_it_is_left(
        self, http: httpx.AsyncClient, world: World, parts: Parts
    ) -> None:
        content = png(PART + 7)
        upload = await begun(http, world, content, by="parts")
        [link] = await part_links(http, world, upload, content, 1)
        await put(link, piece(content, 1))
        path = f"{API}/uploads/{upload['id']}"
        assert (await http.delete(path, headers=as_(world.editor))).status_code == 204
        assert await put(link, piece(content, 1)) == 404
        answer = await http.delete(path, headers=as_(world.editor))
        assert codes(answer) == (409, "upload_over")
        usage = await Usage.first_in(True, {"workspace_id": world.workspace.id})
        assert usage is not None
        assert usage.reserved_bytes == 0


class TestIntent:
    async def test_both_promises_are_needed(self, http: httpx.AsyncClient, world: World) -> None:
        for missing in ("filesize", "sha256"):
            body = announced(world, png())
            del body[missing]
            answer = await http.post(f"{API}/uploads", json=body, headers=as_(world.editor))
            assert codes(answer) == (422, "invalid")

    async def test_a_file_of_many_gigabytes_goes_in_parts(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        upload = await begun(http, world, b"x", filesize=5 * 2**30)
        assert (upload["way"], upload["links"]) == ("multipart", [])
        body = announced(world, b"x", filesize=50 * 2**30 + 1)
        answer = await http.post(f"{API}/uploads", json=body, headers=as_(world.editor))
        assert codes(answer) == (422, "invalid")

    @pytest.mark.parametrize(("who", "status"), [("viewer", 404), ("stranger", 422)])
    async def test_only_editors_bring_files_in(
        self, http: httpx.AsyncClient, world: World, who: str, status: int
    ) -> None:
        body, headers = announced(world, png()), as_(getattr(world, who))
        answer = await http.post(f"{API}/uploads", json=body, headers=headers)
        assert answer.status_code in (404, status)
        upload = await begun(http, world, png())
        for method, path in (("POST", "complete"), ("GET", "parts"), ("PUT", "content")):
            answer = await http.request(
                method, f"{API}/uploads/{upload['id']}/{path}", headers=headers
            )
            assert codes(answer) == (404, "not_found")

    async def test_what_has_expired_is_swept(
        self, http: httpx.AsyncClient, world: World, parts: Parts
    ) -> None:
        content = png()
        late, fresh = [await begun(http, world, content) for _ in range(2)]
        await put(late["links"][0], content)
        past = {"$set": {"expires_at": now() - timedelta(seconds=1)}}
        await Upload.collection().update_one({"_id": Id(late["id"])}, past)
        assert codes(await complete(http, world, late)) == (409, "upload_over")

        assert (await sweep(parts)).expired == 1
        states = {str(each.id): each.state for each in await Upload.all_in(True, {})}
        assert states == {late["id"]: "expired", fresh["id"]: "open"}
        assert not await parts.storage.exists(f"uploads/{late['id']}")
        usage = await Usage.first_in(True, {"workspace_id": world.workspace.id})
        assert usage is not None
        assert usage.reserved_bytes == len(content)
