"""Whole projects: who works on them, their order, their copies, and what is put away."""

import asyncio
from typing import Any

import httpx
import pytest

from documents.films import Character, Episode, Project
from documents.identity import AuditEntry, Subscription, User
from documents.library import Media
from documents.production import Task
from documents.reviews import ReviewComment, ReviewLink, ScriptVersion
from documents.scenes import Scene
from documents.values import Id, now
from tests.app.support import API, World, as_, codes, nobody_has
from tests.factories.records import valid

TREE: Any = (Project, Episode, Character, Scene)


def path(world: World, verb: str = "") -> str:
    return f"{API}/projects/{world.project.id}{verb}"


async def refresh(world: World) -> Project:
    found = await Project.one_in(True, world.project.id)
    assert found is not None
    return found


async def episodes(world: World, count: int) -> list[Episode]:
    """The studio's episode, and more up to this count."""
    inside = {"workspace_id": world.workspace.id, "project_id": world.project.id}
    more = [
        valid(Episode, **inside, episode_number=n, title=f"No {n}") for n in range(2, count + 1)
    ]
    await Episode.insert_all(more)
    return [world.episode, *more]


async def test_collaborators_come_and_go(http: httpx.AsyncClient, world: World) -> None:
    reached = path(world)
    stranger = as_(world.stranger)
    assert codes(await http.get(reached, headers=stranger)) == (404, "not_found")
    body = {"email": world.stranger.email.upper()}
    added = await http.post(path(world, "/collaborators"), json=body, headers=as_(world.owner))
    assert added.status_code == 200, added.text
    assert str(world.stranger.id) in added.json()["collaborator_ids"]
    assert (await http.get(reached, headers=stranger)).status_code == 200
    again = {"user_id": str(world.stranger.id)}
    added = await http.post(path(world, "/collaborators"), json=again, headers=as_(world.owner))
    assert added.json()["collaborator_ids"].count(str(world.stranger.id)) == 1
    gone = path(world, f"/collaborators/{world.stranger.id}")
    assert (await http.delete(gone, headers=as_(world.owner))).status_code == 204
    assert codes(await http.get(reached, headers=stranger)) == (404, "not_found")
    assert codes(await http.delete(gone, headers=as_(world.owner))) == (404, "not_found")
    assert await AuditEntry.collection().count_documents({"subject.id": world.project.id}) == 2


@pytest.mark.parametrize("who", ["editor", "collaborator", "viewer", "stranger"])
async def test_only_owners_share(http: httpx.AsyncClient, world: World, who: str) -> None:
    asker = as_(getattr(world, who))
    body = {"user_id": str(world.stranger.id)}
    added = await http.post(path(world, "/collaborators"), json=body, headers=asker)
    assert codes(added) == (404, "not_found")
    gone = path(world, f"/collaborators/{world.collaborator.id}")
    assert codes(await http.delete(gone, headers=asker)) == (404, "not_found")
    by_hand = {"collaborator_ids": [str(world.stranger.id)]}
    answer = await http.patch(path(world), json=by_hand, headers=asker)
    assert answer.status_code in (404, 422)
    assert (await refresh(world)).collaborator_ids == [world.collaborator.id]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, (422, "invalid")),
        ({"email": "nobody@example.com", "user_id": str(nobody_has())}, (422, "invalid")),
        ({"email": "nobody@example.com"}, (404, "not_found")),
        ({"user_id": str(nobody_has())}, (404, "not_found")),
    ],
)
async def test_a_collaborator_is_somebody(
    http: httpx.AsyncClient, world: World, body: Any, refusal: tuple[int, str]
) -> None:
    answer = await http.post(path(world, "/collaborators"), json=body, headers=as_(world.owner))
    assert codes(answer) == refusal


async def test_there_is_an_end_to_collaborators(
    http: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.films.projects.MOST_COLLABORATORS", 1)
    body = {"user_id": str(world.stranger.id)}
    answer = await http.post(path(world, "/collaborators"), json=body, headers=as_(world.owner))
    assert codes(answer) == (422, "invalid")


async def order(http: httpx.AsyncClient, world: World, wanted: list[Episode]) -> httpx.Response:
    body = {"episode_ids": [str(each.id) for each in wanted]}
    return await http.put(path(world, "/episode-order"), json=body, headers=as_(world.editor))


async def test_episodes_are_put_in_order(http: httpx.AsyncClient, world: World) -> None:
    """Fifty of them: no number is left over to park one at."""
    made = await episodes(world, 50)
    wanted = [*reversed(made)]
    answer = await order(http, world, wanted)
    assert answer.status_code == 200, answer.text
    rows = answer.json()["data"]
    assert [each["id"] for each in rows] == [str(each.id) for each in wanted]
    assert [each["episode_number"] for each in rows] == [*range(1, 51)]
    stored = await Episode.all_in(True, {}, sort=[("episode_number", 1)])
    assert [each.id for each in stored] == [each.id for each in wanted]
    assert {each.revision for each in stored} == {2}
    assert await AuditEntry.collection().count_documents({}) == 50
    same = await order(http, world, wanted)
    assert {each["revision"] for each in same.json()["data"]} == {2}


async def test_an_order_names_each_episode_once(http: httpx.AsyncClient, world: World) -> None:
    one, two, three = await episodes(world, 3)
    foreign = valid(Episode, **{**two.stored(), "_id": Id(), "project_id": Id()})
    await foreign.insert()
    for wanted in ([one, two], [one, two, two], [one, two, three, three], [one, two, foreign]):
        assert codes(await order(http, world, wanted)) == (422, "invalid")
    stored = await Episode.all_in(True, {"project_id": world.project.id}, sort=[("_id", 1)])
    assert sorted(each.episode_number for each in stored) == [1, 2, 3]


async def test_two_orders_at_once_leave_one_of_them(http: httpx.AsyncClient, world: World) -> None:
    made = await episodes(world, 5)
    first, second = [*reversed(made)], [made[2], *made[:2], *made[3:]]
    answers = await asyncio.gather(order(http, world, first), order(http, world, second))
    assert {each.status_code for each in answers} == {200}
    stored = await Episode.all_in(True, {}, sort=[("episode_number", 1)])
    assert [each.episode_number for each in stored] == [1, 2, 3, 4, 5]
    assert [each.id for each in stored] in [[each.id for each in o] for o in (first, second)]


async def test_a_project_is_put_away_and_taken_out(http: httpx.AsyncClient, world: World) -> None:
    away = await http.post(path(world, "/archive"), headers=as_(world.editor))
    assert away.json()["archived_at"] is not None
    again = await http.post(path(world, "/archive"), headers=as_(world.editor))
    assert codes(again) == (409, "wrong_state")
    out = await http.post(path(world, "/unarchive"), headers=as_(world.editor))
    assert out.json()["archived_at"] is None
    again = await http.post(path(world, "/unarchive"), headers=as_(world.editor))
    assert codes(again) == (409, "wrong_state")
    refused = await http.post(path(world, "/archive"), headers=as_(world.viewer))
    assert codes(refused) == (404, "not_found")


async def test_what_is_worked_on_is_not_put_away(http: httpx.AsyncClient, world: World) -> None:
    inside = {"workspace_id": world.workspace.id, "project_id": world.project.id}
    await valid(Task, **inside, kind="films.render_scene", task_type="render").insert()
    answer = await http.post(path(world, "/archive"), headers=as_(world.owner))
    assert codes(answer) == (409, "wrong_state")
    assert (await refresh(world)).archived_at is None


async def test_style_references_are_of_their_kind(http: httpx.AsyncClient, world: World) -> None:
    inside = {"workspace_id": world.workspace.id, "project_id": world.project.id}
    style = await valid(Media, **inside, media_type="style_reference").insert()
    good = {"style_reference_ids": [str(style.id)]}
    answer = await http.patch(path(world), json=good, headers=as_(world.editor))
    assert answer.json()["style_reference_ids"] == [str(style.id)]
    other = await valid(Media, **inside, media_type="storyboard").insert()
    bad = {"style_reference_ids": [str(style.id), str(other.id)]}
    answer = await http.patch(path(world), json=bad, headers=as_(world.editor))
    assert codes(answer) == (422, "invalid")
    assert [each["code"] for each in answer.json()["errors"]] == ["wrong_kind"]
    many = {"style_reference_ids": [str(style.id)] * 21}
    answer = await http.patch(path(world), json=many, headers=as_(world.editor))
    assert codes(answer) == (422, "invalid")


async def test_a_project_goes_with_its_whole_tree(
    http: httpx.AsyncClient, world: World, scene: Scene
) -> None:
    about = {
        "workspace_id": world.workspace.id,
        "project_id": world.project.id,
        "episode_id": world.episode.id,
    }
    for model in (ScriptVersion, ReviewLink, ReviewComment):
        await valid(model, **about).insert()
    assert (await http.delete(path(world), headers=as_(world.owner))).status_code == 204
    for model in (*TREE, Media, ScriptVersion, ReviewLink, ReviewComment):
        assert await model.collection().count_documents({}) == 0, model


class TestDuplicating:
    """A copy stands by itself, over the same files."""

    @pytest.fixture(autouse=True)
    async def _rich(self, world: World) -> None:
        rich = Subscription.of("enterprise").model_dump()
        await User.collection().update_many({}, {"$set": {"subscription": rich}})

    async def copied(self, http: httpx.AsyncClient, world: World, **body: Any) -> Id:
        answer = await http.post(path(world, "/duplicate"), json=body, headers=as_(world.editor))
        assert answer.status_code == 201, answer.text
        return Id(answer.json()["id"])

    async def test_everything_is_there_and_names_its_own(
        self, http: httpx.AsyncClient, world: World, scene: Scene, episode: Episode, panel: Media
    ) -> None:
        inside = {"workspace_id": world.workspace.id, "project_id": world.project.id}
        unused = await valid(Media, **inside, scene_id=scene.id, media_type="storyboard").insert()
        moment = now()
        takes = [
            {"number": n, "media_id": key, "made_at": moment, "figures": []}
            for n, key in enumerate((unused.id, panel.id), 1)
        ]
        design = {"final_design_id": world.media.id}
        knows = [{"character_id": world.character.id, "relationship_type": "himself"}]
        await Character.advance_one(
            {"_id": world.character.id},
            {"$set": {"visual_design.final_design_id": design["final_design_id"]}},
        )
        await Character.collection().update_one(
            {"_id": world.character.id},
            {"$set": {"profile.relationships": [{**knows[0], "description": ""}]}},
        )
        await Scene.advance_one({"_id": scene.id}, {"$set": {"storyboard.panels.0.takes": takes}})
        key = await self.copied(http, world)
        project = await Project.one_in(True, key)
        assert project is not None
        assert (project.title, project.created_by) == ("The Fox (copy)", world.editor.id)
        assert project.collaborator_ids == []
        [new_episode] = await Episode.all_in(True, {"project_id": key})
        [character] = await Character.all_in(True, {"project_id": key})
        [new_scene] = await Scene.all_in(True, {"project_id": key})
        media = {each.id: each for each in await Media.all_in(True, {"project_id": key})}
        assert new_scene.episode_id == new_episode.id
        assert new_scene.character_ids == [character.id]
        assert new_scene.script.dialogue[0].character_id == character.id
        assert [each.character_id for each in character.profile.relationships] == [character.id]
        [shown] = new_scene.storyboard.panels
        assert shown.image_id is not None
        assert [(each.number, each.media_id) for each in shown.takes] == [(2, shown.image_id)]
        picture = media[shown.image_id]
        assert (picture.storage_key, picture.scene_id) == (panel.storage_key, new_scene.id)
        assert picture.url == f"/api/v1/media/{picture.id}/content"
        assert new_episode.metadata.final_video_id in media
        assert character.visual_design.final_design_id in media
        assert len(media) == 3
        olds = {each.id for each in await Media.all_in(True, {"project_id": world.project.id})}
        assert olds.isdisjoint(media)
        assert len(olds) == 4

    async def test_nobody_has_approved_the_copy(
        self, http: httpx.AsyncClient, world: World, scene: Scene
    ) -> None:
        approve = f"{API}/scenes/{scene.id}/approve"
        assert (await http.post(approve, json={}, headers=as_(world.editor))).is_success
        key = await self.copied(http, world, title="Second")
        [copy] = await Scene.all_in(True, {"project_id": key})
        assert (copy.approval, copy.production.status) == (None, "reviewing")
        original = await Scene.one_in(True, scene.id)
        assert original is not None
        assert original.approval is not None

    async def test_the_files_outlive_the_original(
        self, http: httpx.AsyncClient, world: World, scene: Scene, panel: Media
    ) -> None:
        key = await self.copied(http, world)
        assert (await http.delete(path(world), headers=as_(world.owner))).status_code == 204
        [picture] = await Media.all_in(True, {"project_id": key, "media_type": "storyboard"})
        assert picture.storage_key == panel.storage_key
        [copy] = await Scene.all_in(True, {"project_id": key})
        assert copy.storyboard.panels[0].image_id == picture.id

    async def test_too_much_is_refused_whole(
        self,
        http: httpx.AsyncClient,
        world: World,
        scene: Scene,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("app.films.duplicating.MOST", 3)
        answer = await http.post(path(world, "/duplicate"), json={}, headers=as_(world.editor))
        assert codes(answer) == (422, "project_too_large")
        assert await Project.collection().count_documents({}) == 1

    async def test_who_may_not_make_a_project_makes_no_copy(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        for user in (world.viewer, world.collaborator, world.stranger):
            answer = await http.post(path(world, "/duplicate"), json={}, headers=as_(user))
            assert codes(answer) == (404, "not_found")
        assert await Project.collection().count_documents({}) == 1


async def test_a_copy_counts_like_any_other_project(http: httpx.AsyncClient, world: World) -> None:
    few = Subscription.of("free").model_dump() | {"max_projects": 1}
    await User.collection().update_many({}, {"$set": {"subscription": few}})
    answer = await http.post(path(world, "/duplicate"), json={}, headers=as_(world.editor))
    assert codes(answer) == (403, "limit_reached")
    for model in TREE:
        assert await model.collection().count_documents({}) == 1


class TestTree:
    """Everything at a glance, in one request."""

    async def test_it_shows_what_is_there(
        self, http: httpx.AsyncClient, world: World, scene: Scene, episode: Episode, panel: Media
    ) -> None:
        await http.post(f"{API}/scenes/{scene.id}/approve", json={}, headers=as_(world.editor))
        second = scene.model_copy(update={"id": Id(), "scene_number": 2})
        third = scene.model_copy(update={"id": Id(), "scene_number": 3, "deleted_at": now()})
        await Scene.insert_all([second, third])
        answer = await http.get(path(world, "/tree"), headers=as_(world.viewer))
        assert answer.status_code == 200, answer.text
        tree = answer.json()
        assert (tree["id"], tree["title"]) == (str(world.project.id), "The Fox")
        assert tree["counts"] == {
            "episodes": 1,
            "scenes": 2,
            "approved_scenes": 1,
            "panels": 2,
            "lines": 2,
            "characters": 1,
            "films": 1,
        }
        [shown] = tree["episodes"]
        assert shown["film_url"] == f"/api/v1/media/{episode.metadata.final_video_id}/content"
        assert [each["scene_number"] for each in shown["scenes"]] == [1, 2]
        assert shown["scenes"][0] == {
            "id": str(scene.id),
            "scene_number": 1,
            "title": "Dawn",
            "status": "approved",
            "approved": True,
            "duration": 12.5,
            "panels": 1,
            "drawn_panels": 1,
            "lines": 1,
            "voiced_lines": 0,
            "thumbnail_url": f"/api/v1/media/{panel.id}/thumbnail",
        }
        assert [each["name"] for each in tree["characters"]] == ["Reynard"]

    async def test_strangers_see_none(self, http: httpx.AsyncClient, world: World) -> None:
        answer = await http.get(path(world, "/tree"), headers=as_(world.stranger))
        assert codes(answer) == (404, "not_found")


async def test_an_export_is_asked_for_once(http: httpx.AsyncClient, world: World) -> None:
    answers = await asyncio.gather(
        *(http.post(path(world, "/export"), headers=as_(world.editor)) for _ in range(5))
    )
    assert {each.status_code for each in answers} == {202}
    assert len({each.json()["id"] for each in answers}) == 1
    assert answers[0].json()["kind"] == "films.export_project"
    refused = await http.post(path(world, "/export"), headers=as_(world.viewer))
    assert codes(refused) == (404, "not_found")
    assert await Task.collection().count_documents({}) == 1
