"""`include=`: what a record names, answered along with it."""

from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from app.api import RESOURCES
from app.core.including import SERVED, Including
from app.core.parts import Parts
from app.core.resource import Resource
from documents.films import Character, Episode
from documents.references import references
from documents.scenes import Scene
from tests.app.support import API, World, as_, client_of, codes
from tests.factories.records import valid


async def read(http: httpx.AsyncClient, world: World, path: str, **asked: Any) -> dict[str, Any]:
    answer = await http.get(f"{API}/{path}", params=asked, headers=as_(world.viewer))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestInclude:
    async def test_stands_in_the_row_as_it_is_read_by_itself(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        project = await read(http, world, f"projects/{world.project.id}")
        page = await read(http, world, "episodes", include="project")
        one = await read(http, world, f"episodes/{world.episode.id}", include="project")
        plain = await read(http, world, f"episodes/{world.episode.id}")
        assert page["data"] == [one] == [{**plain, "project": project}]

    async def test_lists_keep_their_order(self, http: httpx.AsyncClient, world: World) -> None:
        inside = {"workspace_id": world.workspace.id, "project_id": world.project.id}
        others = [valid(Character, **inside, name=name) for name in ("B", "A")]
        await Character.insert_all(others)
        ids = [others[0].id, world.character.id, others[1].id]
        await Scene.collection().update_one(
            {"_id": world.scene.id}, {"$set": {"character_ids": ids}}
        )
        scene = await read(http, world, f"scenes/{world.scene.id}", include="characters,episode")
        assert [each["name"] for each in scene["characters"]] == ["B", "Reynard", "A"]
        assert scene["character_ids"] == [str(each) for each in ids]
        assert scene["episode"]["title"] == "Pilot"

    async def test_with_chosen_fields(self, http: httpx.AsyncClient, world: World) -> None:
        asked = {"fields": "title", "include": "project"}
        for row in (
            await read(http, world, f"episodes/{world.episode.id}", **asked),
            (await read(http, world, "episodes", **asked))["data"][0],
        ):
            assert row.keys() == {"id", "title", "project"}
            assert row["project"]["title"] == "The Fox"

    async def test_streamed(self, http: httpx.AsyncClient, world: World) -> None:
        headers = {**as_(world.viewer), "Accept": "application/x-ndjson"}
        answer = await http.get(f"{API}/episodes", params={"include": "project"}, headers=headers)
        assert orjson.loads(answer.text)["project"]["title"] == "The Fox"

    async def test_what_is_empty_or_gone_is_null(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        media = await read(http, world, f"media/{world.media.id}", include="episode,project")
        assert media["episode"] is None
        assert media["project"]["title"] == "The Fox"

    async def test_a_still_fresh_record_does_not_hide_what_changed_around_it(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        path = f"{API}/episodes/{world.episode.id}"
        headers = {**as_(world.viewer), "If-None-Match": '"1"'}
        assert (await http.get(path, headers=headers)).status_code == 304
        answer = await http.get(path, params={"include": "project"}, headers=headers)
        assert answer.status_code == 200


class TestReach:
    async def test_what_is_out_of_reach_is_null(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        """A collaborator sees his project, but not the workspace in which it lies."""
        answer = await http.get(
            f"{API}/episodes",
            params={"include": "workspace,project"},
            headers=as_(world.collaborator),
        )
        [row] = answer.json()["data"]
        assert row["workspace"] is None
        assert row["project"]["id"] == str(world.project.id)

    async def test_the_deleted_are_out_of_reach(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        await Episode.collection().update_one(
            {"_id": world.episode.id}, {"$set": {"deleted_at": world.episode.created_at}}
        )
        scene = await read(http, world, f"scenes/{world.scene.id}", include="episode")
        assert scene["episode"] is None

    @pytest.mark.parametrize(
        "given", ["", "projects", "project_id", "project.workspace", "project,$where", "created_by"]
    )
    async def test_what_cannot_be_included(
        self, http: httpx.AsyncClient, world: World, given: str
    ) -> None:
        for path in ("episodes", f"episodes/{world.episode.id}"):
            answer = await http.get(
                f"{API}/{path}", params={"include": given}, headers=as_(world.viewer)
            )
            assert codes(answer) == (400, "bad_query")
            assert answer.json()["allowed"] == ["project", "workspace"]


class Counted:
    """A collection that counts what it is asked."""

    def __init__(self, collection: Any) -> None:
        self._collection, self.finds = collection, 0

    def find(self, *args: Any, **options: Any) -> Any:
        self.finds += 1
        return self._collection.find(*args, **options)


async def test_one_query_for_each_name(parts: Parts, world: World) -> None:
    for number in range(2, 12):
        await valid(
            Episode,
            workspace_id=world.workspace.id,
            project_id=world.project.id,
            episode_number=number,
        ).insert()
    counted: Any = {name: Counted(each) for name, each in parts.reading.items()}
    async with client_of(replace(parts, reading=counted)) as http:
        page = await read(http, world, "episodes", include="project,workspace")
    assert [each["project"]["title"] for each in page["data"]] == ["The Fox"] * 11
    finds = {name: each.finds for name, each in counted.items() if each.finds}
    assert finds == {"episodes": 1, "projects": 1, "workspaces": 1}


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: str(each.path))
async def test_every_name_leads_to_a_collection_with_routes(
    http: httpx.AsyncClient, world: World, resource: Resource
) -> None:
    including = Including(resource.model, resource.listing.fields.readable)
    targets = {path.reference.to for path in references(resource.model)}
    assert including.names == resource.listing.including.names
    if including.names:
        assert targets & SERVED.keys()
        answer = await http.get(
            f"{API}/{resource.path}",
            params={"include": ",".join(including.names)},
            headers=as_(world.owner),
        )
        assert answer.status_code == 200, answer.text
