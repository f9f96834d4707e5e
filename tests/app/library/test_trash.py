"""Deleted files: out of sight, back again, or gone for good."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.core.deletion import REMOVE_OBJECTS
from app.core.parts import Parts
from app.library import trash
from documents.films import Project
from documents.identity import AuditEntry
from documents.library import GenerationMetadata, Media
from documents.production import Task
from documents.scenes import Scene
from documents.uploads import Usage
from documents.values import Id, now
from tests.app.library.support import png, sent
from tests.app.support import API, World, as_, codes
from tests.factories.records import valid

CONTENT = png(10_000, seed=12)


@pytest.fixture
async def media(http: httpx.AsyncClient, world: World) -> Any:
    return await sent(http, world, CONTENT)


async def act(
    http: httpx.AsyncClient, world: World, media: Any, verb: str, who: str = "editor"
) -> httpx.Response:
    method, path = ("DELETE", "") if verb == "delete" else ("POST", f"/{verb}")
    headers = as_(getattr(world, who))
    return await http.request(method, f"{API}/media/{media['id']}{path}", headers=headers)


async def trashed(http: httpx.AsyncClient, world: World, **asked: Any) -> Any:
    asked["workspace_id"] = str(world.workspace.id)
    answer = await http.get(f"{API}/media/trash", params=asked, headers=as_(world.editor))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_out_of_sight_and_back(http: httpx.AsyncClient, world: World, media: Any) -> None:
    path = f"{API}/media/{media['id']}"
    assert (await act(http, world, media, "delete")).status_code == 204
    assert codes(await http.get(path, headers=as_(world.editor))) == (404, "not_found")
    assert codes(await act(http, world, media, "delete")) == (404, "not_found")
    [shown] = (await trashed(http, world))["data"]
    assert shown["id"] == media["id"]
    assert shown["deleted_at"]

    answer = await act(http, world, media, "restore")
    assert answer.status_code == 200, answer.text
    assert (await http.get(path, headers=as_(world.editor))).json()["filename"] == "fox.png"
    assert (await trashed(http, world))["data"] == []
    about = {"subject.id": Id(media["id"])}
    actions = [each.action for each in await AuditEntry.all_in(True, about, sort=[("_id", 1)])]
    assert actions == ["create", "delete", "restore"]


async def test_what_is_used_stays_and_says_by_whom(
    http: httpx.AsyncClient, world: World, media: Any
) -> None:
    panels = [{"image_id": Id(media["id"]), "panel_number": 1, "description": "A fox."}]
    scene = {"$set": {"storyboard.panels": panels, "video_segment_id": Id(media["id"])}}
    await Scene.collection().update_one(
        {"_id": world.scene.id}, scene, bypass_document_validation=True
    )
    answer = await act(http, world, media, "delete")
    assert codes(answer) == (409, "in_use")
    named = {(each["collection"], each["id"]) for each in answer.json()["users"]}
    assert named == {("scenes", str(world.scene.id))}
    assert (await http.get(f"{API}/media/{media['id']}", headers=as_(world.editor))).is_success

    free: dict[str, Any] = {"$set": {"storyboard.panels": [], "video_segment_id": None}}
    await Scene.collection().update_one(
        {"_id": world.scene.id}, free, bypass_document_validation=True
    )
    assert (await act(http, world, media, "delete")).status_code == 204


async def test_purged_it_is_gone_and_its_bytes_are_free(
    http: httpx.AsyncClient, world: World, media: Any
) -> None:
    twin = await sent(http, world, CONTENT, filename="twin.png")
    assert codes(await act(http, world, media, "purge")) == (409, "not_in_trash")
    for each in (media, twin):
        before = await Usage.first_in(True, {"workspace_id": world.workspace.id})
        await act(http, world, each, "delete")
        assert (await act(http, world, each, "purge")).status_code == 204
        assert codes(await act(http, world, each, "restore")) == (404, "not_found")
        after = await Usage.first_in(True, {"workspace_id": world.workspace.id})
        assert before is not None
        assert after is not None
        freed = before.stored_bytes - after.stored_bytes
        assert freed == (0 if each is media else len(CONTENT))
    removals = await Task.all_in(True, {"kind": REMOVE_OBJECTS.name})
    keys = {key for each in removals for key in each.input.parameters["keys"]}
    assert keys == {media["storage_key"]}


async def test_after_thirty_days_it_is_due(
    http: httpx.AsyncClient, world: World, media: Any
) -> None:
    await act(http, world, media, "delete")
    assert await trash.expired(10) == []
    long_ago = now() - trash.KEPT - timedelta(seconds=1)
    key = Id(media["id"])
    await Media.collection().update_one({"_id": key}, {"$set": {"deleted_at": long_ago}})
    assert await trash.expired(10) == [key]
    assert await trash.expired(10, key) == []


async def test_pages_of_the_trash(http: httpx.AsyncClient, world: World) -> None:
    files = [await sent(http, world, png(100, seed=n)) for n in range(3)]
    for each in files:
        await act(http, world, each, "delete")
    same = now()
    await Media.collection().update_many(
        {"_id": {"$in": [Id(each["id"]) for each in files]}}, {"$set": {"deleted_at": same}}
    )
    seen, after = [], None
    while True:
        page = await trashed(http, world, limit=1, **({"after": after} if after else {}))
        seen += [each["id"] for each in page["data"]]
        if (after := page["next"]) is None:
            break
    assert sorted(seen) == sorted(each["id"] for each in files)


async def test_it_does_not_come_back_without_its_project(
    http: httpx.AsyncClient, world: World, media: Any
) -> None:
    await act(http, world, media, "delete")
    hidden = {"$set": {"deleted_at": now()}}
    await Project.collection().update_one({"_id": world.project.id}, hidden)
    assert codes(await act(http, world, media, "restore")) == (422, "invalid")


async def test_what_was_made_of_a_file_does_not_hold_on_to_it(
    http: httpx.AsyncClient, world: World, media: Any
) -> None:
    source = await valid(Media, workspace_id=world.workspace.id).insert()
    origin = GenerationMetadata(input_ids=[source.id], task_id=Id())
    made = {"$set": {"generation_metadata": origin.model_dump()}}
    await Media.collection().update_one({"_id": Id(media["id"])}, made)
    shown = {"id": str(source.id)}
    assert (await act(http, world, media, "delete")).status_code == 204
    assert (await act(http, world, shown, "delete")).status_code == 204
    assert (await act(http, world, media, "restore")).status_code == 200
    assert (await act(http, world, shown, "purge")).status_code == 204
    [left] = await Media.all_in(True, {"_id": Id(media["id"])})
    assert left.generation_metadata is not None
    assert left.generation_metadata.input_ids == []


async def test_a_use_that_begins_meanwhile_keeps_it(
    http: httpx.AsyncClient, world: World, media: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[list[dict[str, Any]]] = [
        [],
        [{"collection": "scenes", "id": world.scene.id, "field": "image_id"}],
    ]

    async def users_of(*_: Any) -> list[dict[str, Any]]:
        return looks.pop(0)

    monkeypatch.setattr(trash, "users_of", users_of)
    assert codes(await act(http, world, media, "delete")) == (409, "in_use")
    assert (await http.get(f"{API}/media/{media['id']}", headers=as_(world.editor))).is_success


async def test_an_outdated_request_deletes_nothing(
    http: httpx.AsyncClient, world: World, media: Any
) -> None:
    headers = as_(world.editor) | {"If-Match": '"7"'}
    answer = await http.delete(f"{API}/media/{media['id']}", headers=headers)
    assert codes(answer) == (412, "outdated")


@pytest.mark.parametrize("who", ["viewer", "stranger"])
async def test_others_neither_delete_nor_see_the_trash(
    http: httpx.AsyncClient, world: World, parts: Parts, media: Any, who: str
) -> None:
    assert codes(await act(http, world, media, "delete", who)) == (404, "not_found")
    await act(http, world, media, "delete")
    for verb in ("restore", "purge"):
        assert codes(await act(http, world, media, verb, who)) == (404, "not_found")
    path = f"{API}/media/trash?workspace_id={world.workspace.id}"
    answer = await http.get(path, headers=as_(getattr(world, who)))
    assert answer.json()["data"] == []
