"""Making, changing and deleting records, over the real application."""

import asyncio
from typing import Any

import httpx
import pytest

from app.api import RESOURCES
from app.core.resource import Resource
from documents.films import Character, Episode, Project
from documents.library import Media
from documents.scenes import Scene
from documents.values import Id
from tests.app.support import API, World, as_, codes, made_workspace, nobody_has
from tests.factories.records import valid


async def created(http: httpx.AsyncClient, world: World, **given: Any) -> dict[str, Any]:
    body = {"workspace_id": str(world.workspace.id), "title": "Wolf", **given}
    answer = await http.post(f"{API}/projects", json=body, headers=as_(world.owner))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def fields_of(answer: httpx.Response) -> dict[str, str]:
    return {each["field"]: each["code"] for each in answer.json()["errors"]}


class TestCreate:
    async def test_answers_what_is_read_afterwards(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        made = await created(http, world, project_settings={"quality_tier": "draft"})
        read = await http.get(f"{API}/projects/{made['id']}", headers=as_(world.owner))
        assert made == read.json()
        assert made["created_by"] == str(world.owner.id)
        assert made["project_settings"] == {
            "aspect_ratio": "16:9",
            "episode_duration": 2,
            "quality_tier": "draft",
        }

    async def test_children_inherit_their_tenant(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        body = {"project_id": str(world.project.id), "episode_number": 2, "title": "Two"}
        answer = await http.post(f"{API}/episodes", json=body, headers=as_(world.editor))
        assert answer.status_code == 201, answer.text
        assert answer.json()["workspace_id"] == str(world.workspace.id)
        assert answer.headers["etag"] == '"1"'

    @pytest.mark.parametrize(
        ("who", "status"),
        [
            ("owner", 201),
            ("editor", 201),
            ("viewer", 404),
            ("producer", 404),
            ("collaborator", 422),
            ("stranger", 422),
            ("admin", 201),
        ],
    )
    async def test_projects_by(
        self, http: httpx.AsyncClient, world: World, who: str, status: int
    ) -> None:
        body = {"workspace_id": str(world.workspace.id), "title": "x"}
        answer = await http.post(f"{API}/projects", json=body, headers=as_(getattr(world, who)))
        assert answer.status_code == status, answer.text
        count = await Project.collection().count_documents({})
        assert count == (2 if status == 201 else 1)

    @pytest.mark.parametrize(
        ("who", "status"),
        [
            ("owner", 201),
            ("editor", 201),
            ("collaborator", 201),
            ("viewer", 404),
            ("stranger", 422),
        ],
    )
    async def test_characters_by(
        self, http: httpx.AsyncClient, world: World, who: str, status: int
    ) -> None:
        body = {"project_id": str(world.project.id), "name": "Isengrim"}
        answer = await http.post(f"{API}/characters", json=body, headers=as_(getattr(world, who)))
        assert answer.status_code == status, answer.text

    @pytest.mark.parametrize(
        ("given", "field", "code"),
        [
            ({"progress": {}}, "progress", "server_owned"),
            ({"created_by": "0" * 24}, "created_by", "server_owned"),
            ({"id": "0" * 24}, "id", "server_owned"),
            ({"_id": "0" * 24}, "_id", "server_owned"),
            ({"revision": 7}, "revision", "server_owned"),
            ({"revision_id": None}, "revision_id", "server_owned"),
            ({"imported_from": []}, "imported_from", "server_owned"),
            ({"colour": "red"}, "colour", "extra_forbidden"),
            ({"title": {"$gt": ""}}, "title", "string_type"),
            ({"title": None}, "title", "string_type"),
            ({"title": ""}, "title", "string_too_short"),
            ({"status": {"$ne": "concept"}}, "status", "literal_error"),
            ({"project_settings": {"$set": 1}}, "project_settings.$set", "extra_forbidden"),
            ({"episode_count": 51}, "episode_count", "less_than_equal"),
            ({"episode_count": "many"}, "episode_count", "int_type"),
        ],
    )
    async def test_what_is_refused_by_name(
        self, http: httpx.AsyncClient, world: World, given: dict[str, Any], field: str, code: str
    ) -> None:
        body = {"workspace_id": str(world.workspace.id), "title": "x", **given}
        answer = await http.post(f"{API}/projects", json=body, headers=as_(world.owner))
        assert codes(answer) == (422, "invalid")
        assert fields_of(answer) == {field: code}
        assert await Project.collection().count_documents({}) == 1

    async def test_nested_server_owned(self, http: httpx.AsyncClient, world: World) -> None:
        body = {
            "project_id": str(world.project.id),
            "episode_id": str(world.episode.id),
            "scene_number": 2,
            "title": "x",
            "script": {"dialogue": [{"lines": "Hello", "audio_id": str(world.media.id)}]},
        }
        answer = await http.post(f"{API}/scenes", json=body, headers=as_(world.owner))
        assert fields_of(answer) == {"script.dialogue.0.audio_id": "server_owned"}

    async def test_taken(self, http: httpx.AsyncClient, world: World) -> None:
        body = {"project_id": str(world.project.id), "episode_number": 1, "title": "Again"}
        answer = await http.post(f"{API}/episodes", json=body, headers=as_(world.owner))
        assert codes(answer) == (409, "not_unique")
        assert fields_of(answer) == {"project_id": "not_unique", "episode_number": "not_unique"}


class TestReferences:
    async def test_to_nothing_or_out_of_reach(self, http: httpx.AsyncClient, world: World) -> None:
        foreign = await valid(Media, workspace_id=world.elsewhere.id).insert()
        deleted = await valid(
            Media, workspace_id=world.workspace.id, deleted_at="2026-01-01T00:00:00Z"
        ).insert()
        for key in (nobody_has(), foreign.id, deleted.id):
            body = {
                "workspace_id": str(world.workspace.id),
                "title": "x",
                "style_reference_ids": [str(world.media.id), str(key)],
            }
            answer = await http.post(f"{API}/projects", json=body, headers=as_(world.owner))
            assert codes(answer) == (422, "invalid")
            assert fields_of(answer) == {"style_reference_ids": "missing_reference"}

    async def test_of_another_workspace_or_project(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        mine = await made_workspace(world.owner)
        elsewhere = await valid(Project, workspace_id=mine.id, created_by=world.owner.id).insert()
        beside = await valid(
            Project, workspace_id=world.workspace.id, created_by=world.owner.id
        ).insert()
        cases = [
            (elsewhere, "names a record of another workspace"),
            (beside, "names a record of another project"),
        ]
        for project, detail in cases:
            body = {
                "project_id": str(project.id),
                "episode_id": str(world.episode.id),
                "scene_number": 1,
                "title": "x",
            }
            answer = await http.post(f"{API}/scenes", json=body, headers=as_(world.owner))
            assert codes(answer) == (422, "invalid")
            assert detail in answer.json()["detail"]

    async def test_files_of_the_library_serve_every_project(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        other = await valid(
            Project, workspace_id=world.workspace.id, created_by=world.owner.id
        ).insert()
        body = {
            "project_id": str(other.id),
            "name": "x",
            "visual_design": {"final_design_id": str(world.media.id)},
        }
        answer = await http.post(f"{API}/characters", json=body, headers=as_(world.owner))
        assert answer.status_code == 201, answer.text

    async def test_what_was_named_before_is_not_asked_again(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        hidden = await valid(Media, workspace_id=world.workspace.id).insert()
        path = f"{API}/projects/{world.project.id}"
        for user, ids, status in (
            (world.owner, [hidden.id], 200),
            (world.collaborator, [hidden.id, world.media.id], 200),
            (world.collaborator, [], 200),
            (world.collaborator, [hidden.id], 422),
        ):
            body = {"style_reference_ids": [str(each) for each in ids]}
            assert (await http.patch(path, json=body, headers=as_(user))).status_code == status


class TestChange:
    async def test_only_what_it_names(self, http: httpx.AsyncClient, world: World) -> None:
        path = f"{API}/projects/{world.project.id}"
        body = {"title": "Vixen", "project_settings": {"quality_tier": "premium"}}
        answer = await http.patch(
            path,
            json=body,
            headers={**as_(world.editor), "Content-Type": "application/merge-patch+json"},
        )
        after = answer.json()
        assert answer.status_code == 200, answer.text
        assert (after["title"], after["revision"], answer.headers["etag"]) == ("Vixen", 2, '"2"')
        assert after["project_settings"]["aspect_ratio"] == "16:9"
        assert after == (await http.get(path, headers=as_(world.owner))).json()

    @pytest.mark.parametrize(
        ("who", "status"),
        [
            ("owner", 200),
            ("editor", 200),
            ("collaborator", 200),
            ("admin", 200),
            ("viewer", 404),
            ("producer", 404),
            ("stranger", 404),
        ],
    )
    @pytest.mark.parametrize("path", ["projects", "episodes", "scenes", "media"])
    async def test_by(
        self, http: httpx.AsyncClient, world: World, path: str, who: str, status: int
    ) -> None:
        records = {
            "projects": world.project,
            "episodes": world.episode,
            "scenes": world.scene,
            "media": world.media,
        }
        name = "description" if path != "scenes" else "title"
        answer = await http.patch(
            f"{API}/{path}/{records[path].id}",
            json={name: "other"},
            headers=as_(getattr(world, who)),
        )
        assert answer.status_code == status, answer.text

    async def test_a_lost_update_is_refused(self, http: httpx.AsyncClient, world: World) -> None:
        path, headers = f"{API}/projects/{world.project.id}", as_(world.owner)
        tag = (await http.get(path, headers=headers)).headers["etag"]
        guarded = {**headers, "If-Match": tag}
        answers = [await http.patch(path, json={"title": t}, headers=guarded) for t in "ab"]
        assert [each.status_code for each in answers] == [200, 412]
        assert codes(answers[1]) == (412, "outdated")
        assert (await http.get(path, headers=headers)).json()["title"] == "a"
        for header in ("*", '"9", "3"'):
            again = await http.patch(
                path, json={"title": "c"}, headers={**headers, "If-Match": header}
            )
            assert again.status_code == 200

    async def test_guarded_at_once_one_wins(self, http: httpx.AsyncClient, world: World) -> None:
        path = f"{API}/projects/{world.project.id}"
        guarded = {**as_(world.owner), "If-Match": '"1"'}
        answers = await asyncio.gather(
            *(http.patch(path, json={"title": str(n)}, headers=guarded) for n in range(6))
        )
        assert sorted(each.status_code for each in answers) == [200, *[412] * 5]

    async def test_unguarded_at_once_all_land(self, http: httpx.AsyncClient, world: World) -> None:
        path = f"{API}/projects/{world.project.id}"
        bodies: list[dict[str, Any]] = [
            {"title": "new"},
            {"description": "new"},
            {"project_settings": {"quality_tier": "draft"}},
        ]
        answers = await asyncio.gather(
            *(http.patch(path, json=body, headers=as_(world.owner)) for body in bodies)
        )
        assert [each.status_code for each in answers] == [200, 200, 200]
        project = await Project.one_in(True, world.project.id)
        assert project is not None
        assert (project.title, project.description, project.revision) == ("new", "new", 4)
        assert project.project_settings.quality_tier == "draft"

    async def test_the_servers_progress_is_neither_lost_nor_in_the_way(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        await Episode.advance_one(
            {"_id": world.episode.id},
            {"$set": {"production.scene_count": 7, "status": "production"}},
        )
        path = f"{API}/episodes/{world.episode.id}"
        answer = await http.patch(
            path,
            json={"description": "Once"},
            headers={**as_(world.owner), "If-Match": '"1"'},
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["description"] == "Once"
        assert answer.json()["production"]["scene_count"] == 7
        assert answer.json()["status"] == "production"

    async def test_unchanged_lines_keep_their_voice(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        dialogue = [
            {"lines": "One", "audio_id": world.media.id, "audio_duration": 1.5},
            {"lines": "Two", "audio_id": world.media.id, "audio_duration": 2.5},
        ]
        scene = Scene.model_validate({**world.scene.stored(), "script": {"dialogue": dialogue}})
        await Scene.advance_one({"_id": scene.id}, {"$set": {"script": scene.stored()["script"]}})
        body = {"script": {"dialogue": [{"lines": "Two"}, {"lines": "One!"}, {"lines": "Three"}]}}
        answer = await http.patch(f"{API}/scenes/{scene.id}", json=body, headers=as_(world.editor))
        assert answer.status_code == 200, answer.text
        lines = answer.json()["script"]["dialogue"]
        assert [each["lines"] for each in lines] == ["Two", "One!", "Three"]
        assert [each["audio_duration"] for each in lines] == [2.5, None, None]

    @pytest.mark.parametrize(
        ("patch", "field", "code"),
        [
            ({"workspace_id": "0" * 24}, "workspace_id", "fixed"),
            ({"created_by": "0" * 24}, "created_by", "server_owned"),
            ({"progress": {"overall_progress": 100}}, "progress", "server_owned"),
            ({"title": None}, "title", "string_type"),
            ({"project_settings": None}, "project_settings", "model_attributes_type"),
            ({"genre": "opera"}, "genre", "literal_error"),
            ({"project_settings": {"x": 1}}, "project_settings.x", "extra_forbidden"),
            ({"project_settings.x": "4:3"}, "project_settings.x", "extra_forbidden"),
            ({"$set": {"title": "x"}}, "$set", "extra_forbidden"),
        ],
    )
    async def test_what_is_refused(
        self, http: httpx.AsyncClient, world: World, patch: dict[str, Any], field: str, code: str
    ) -> None:
        path = f"{API}/projects/{world.project.id}"
        answer = await http.patch(path, json=patch, headers=as_(world.owner))
        assert codes(answer) == (422, "invalid")
        assert fields_of(answer) == {field: code}
        project = await Project.one_in(True, world.project.id)
        assert project is not None
        assert project.revision == 1

    async def test_an_empty_patch_changes_nothing_but_the_revision(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        path = f"{API}/projects/{world.project.id}"
        answer = await http.patch(path, json={}, headers=as_(world.owner))
        assert (answer.status_code, answer.json()["title"]) == (200, "The Fox")

    async def test_to_a_taken_number(self, http: httpx.AsyncClient, world: World) -> None:
        second = await valid(
            Episode,
            workspace_id=world.workspace.id,
            project_id=world.project.id,
            episode_number=2,
        ).insert()
        answer = await http.patch(
            f"{API}/episodes/{second.id}", json={"episode_number": 1}, headers=as_(world.owner)
        )
        assert codes(answer) == (409, "not_unique")


class TestDelete:
    async def test_takes_along_what_belongs_to_it(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        path = f"{API}/projects/{world.project.id}"
        answer = await http.delete(path, headers=as_(world.owner))
        assert (answer.status_code, answer.content) == (204, b"")
        assert codes(await http.get(path, headers=as_(world.owner))) == (404, "not_found")
        for model in (Episode, Scene, Character, Media):
            assert await model.collection().count_documents({"deleted_at": None}) == 0

    @pytest.mark.parametrize(
        ("who", "status"),
        [
            ("owner", 204),
            ("admin", 204),
            ("editor", 404),
            ("collaborator", 404),
            ("viewer", 404),
            ("stranger", 404),
        ],
    )
    async def test_projects_by(
        self, http: httpx.AsyncClient, world: World, who: str, status: int
    ) -> None:
        path = f"{API}/projects/{world.project.id}"
        answer = await http.delete(path, headers=as_(getattr(world, who)))
        assert answer.status_code == status

    async def test_an_editor_deletes_the_project_that_he_made(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        own = await valid(
            Project, workspace_id=world.workspace.id, created_by=world.editor.id
        ).insert()
        answer = await http.delete(f"{API}/projects/{own.id}", headers=as_(world.editor))
        assert answer.status_code == 204

    async def test_guarded(self, http: httpx.AsyncClient, world: World) -> None:
        path = f"{API}/media/{world.media.id}"
        old = await http.delete(path, headers={**as_(world.owner), "If-Match": '"7"'})
        assert codes(old) == (412, "outdated")
        good = await http.delete(path, headers={**as_(world.owner), "If-Match": '"1"'})
        assert good.status_code == 204


class TestBulk:
    async def make(
        self, http: httpx.AsyncClient, world: World, items: list[dict[str, Any]]
    ) -> httpx.Response:
        whole = [{"project_id": str(world.project.id), "title": "x", **each} for each in items]
        return await http.post(
            f"{API}/episodes/bulk", json={"items": whole}, headers=as_(world.editor)
        )

    async def test_create(self, http: httpx.AsyncClient, world: World) -> None:
        answer = await self.make(http, world, [{"episode_number": n} for n in (2, 3, 4)])
        assert answer.status_code == 201, answer.text
        assert [each["episode_number"] for each in answer.json()["data"]] == [2, 3, 4]
        assert {each["workspace_id"] for each in answer.json()["data"]} == {str(world.workspace.id)}

    @pytest.mark.parametrize(
        ("last", "status", "field"),
        [
            ({"episode_number": 1}, 409, "episode_number"),
            ({"episode_number": 99}, 422, "items.1.episode_number"),
            ({"episode_number": 3, "project_id": "f" * 24}, 422, "items.1.project_id"),
            ({"episode_number": 3, "production": {}}, 422, "items.1.production"),
        ],
    )
    async def test_all_or_nothing(
        self, http: httpx.AsyncClient, world: World, last: dict[str, Any], status: int, field: str
    ) -> None:
        answer = await self.make(http, world, [{"episode_number": 2}, last])
        assert answer.status_code == status, answer.text
        assert field in fields_of(answer)
        assert await Episode.collection().count_documents({}) == 1

    async def test_at_most_500(self, http: httpx.AsyncClient, world: World) -> None:
        body = {"items": [{"project_id": str(world.project.id), "name": "x"}] * 501}
        answer = await http.post(f"{API}/characters/bulk", json=body, headers=as_(world.owner))
        assert codes(answer) == (422, "invalid")
        body["items"].pop()
        answer = await http.post(f"{API}/characters/bulk", json=body, headers=as_(world.owner))
        assert (answer.status_code, len(answer.json()["data"])) == (201, 500)

    async def test_each_by_itself_where_that_is_asked_for(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        inside = {"project_id": str(world.project.id), "title": "x"}
        items = [
            {**inside, "episode_number": 2},
            {**inside, "episode_number": 1},
            {**inside, "episode_number": 3, "project_id": str(Id())},
            {**inside, "episode_number": 4},
        ]
        body = {"items": items, "all_or_nothing": False}
        answer = await http.post(f"{API}/episodes/bulk", json=body, headers=as_(world.editor))
        assert answer.status_code == 201, answer.text
        made, refused = answer.json()["data"], answer.json()["refused"]
        assert [each["episode_number"] for each in made] == [2, 4]
        assert [(each["index"], each["status"], each["code"]) for each in refused] == [
            (1, 409, "not_unique"),
            (2, 422, "invalid"),
        ]
        assert refused[1]["errors"][0]["field"] == "project_id"
        keys = [made[0]["id"], str(Id()), made[1]["id"]]
        body = {"ids": keys, "all_or_nothing": False}
        path = f"{API}/episodes/bulk-delete"
        answer = await http.post(path, json=body, headers=as_(world.editor))
        assert answer.status_code == 200, answer.text
        assert sorted(answer.json()["deleted"]) == sorted([keys[0], keys[2]])
        [missing] = answer.json()["refused"]
        assert (missing["id"], missing["code"]) == (keys[1], "not_found")
        assert await Episode.collection().count_documents({"deleted_at": None}) == 1

    async def test_delete(self, http: httpx.AsyncClient, world: World) -> None:
        inside = {
            "workspace_id": world.workspace.id,
            "project_id": world.project.id,
            "episode_id": world.episode.id,
        }
        others = [await valid(Scene, **inside, scene_number=n).insert() for n in (2, 3)]
        ids = [str(each.id) for each in (world.scene, *others)]
        path, headers = f"{API}/scenes/bulk-delete", as_(world.editor)
        missing = await http.post(path, json={"ids": [*ids, str(Id())]}, headers=headers)
        assert codes(missing) == (404, "not_found")
        assert await Scene.collection().count_documents({}) == 3
        foreign = await http.post(path, json={"ids": ids}, headers=as_(world.viewer))
        assert codes(foreign) == (404, "not_found")
        answer = await http.post(path, json={"ids": ids}, headers=headers)
        assert answer.status_code == 204
        assert await Scene.collection().count_documents({}) == 0


class TestBodies:
    @pytest.mark.parametrize(
        ("content", "status", "code"),
        [
            (b"", 422, "invalid"),
            (b"{", 400, "malformed_body"),
            (b"[1]", 422, "invalid"),
            (b'"x"', 422, "invalid"),
            (b"null", 422, "invalid"),
            (b'{"title": NaN}', 400, "malformed_body"),
            (b'{"title": Infinity}', 400, "malformed_body"),
            (b'{"title": 1e999}', 400, "malformed_body"),
            (b'{"title": 99999999999999999999}', 400, "malformed_body"),
            (b'{"title": "a", "title": "b"}', 400, "malformed_body"),
            (b'{"title": "\xff"}', 400, "malformed_body"),
            (b'{"title": "\\ud800"}', 400, "malformed_body"),
            (b"[" * 100_000, 400, "malformed_body"),
            (b'{"a":' * 200 + b"1" + b"}" * 200, 400, "malformed_body"),
            (b'{"title": "' + b"x" * 9_000_000 + b'"}', 413, "too_large"),
        ],
        ids=lambda each: str(each)[:24],
    )
    async def test_that_cannot_be_taken(
        self, http: httpx.AsyncClient, world: World, content: bytes, status: int, code: str
    ) -> None:
        headers = {**as_(world.owner), "Content-Type": "application/json"}
        for method, path in (("POST", "projects"), ("PATCH", f"projects/{world.project.id}")):
            answer = await http.request(method, f"{API}/{path}", content=content, headers=headers)
            assert codes(answer) == (status, code)

    @pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "multipart/form-data"])
    async def test_of_another_kind(self, http: httpx.AsyncClient, world: World, kind: str) -> None:
        headers = {**as_(world.owner), "Content-Type": kind}
        answer = await http.post(f"{API}/projects", content=b'{"title": "x"}', headers=headers)
        assert codes(answer) == (415, "unsupported_media_type")


VERBS = {"create": ("POST", ""), "change": ("PATCH", "/{id}"), "delete": ("DELETE", "/{id}")}


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: str(each.path))
async def test_what_a_resource_does_not_offer(http: httpx.AsyncClient, resource: Resource) -> None:
    """A plain verb that was not declared is not there; a route of another make may be."""
    paths = (await http.get("/openapi.json")).json()["paths"]
    for verb, (method, ending) in VERBS.items():
        operation = paths.get(f"{API}/{resource.path}{ending}", {}).get(method.lower(), {})
        if verb in resource.verbs:
            assert operation["operationId"] == f"{verb}_{resource.name}"
        elif not operation:
            answer = await http.request(method, f"{API}/{resource.path}{ending}", json={})
            assert codes(answer) == (405, "method_not_allowed")
