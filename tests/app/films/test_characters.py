"""What people do about characters: design, voice, relationships, consistency, deletion."""

import asyncio
from typing import Any

import httpx
import pytest

from app.films import farewell
from documents.approval import Approval
from documents.films import Character, Project
from documents.identity import AuditEntry
from documents.library import Media
from documents.production import Pipeline, Task
from documents.scenes import Scene
from documents.values import Id, now
from tests.app.support import API, World, as_, codes
from tests.factories.records import valid


def path_of(character: Character | Id) -> str:
    key = character.id if isinstance(character, Character) else character
    return f"{API}/characters/{key}"


async def somebody(world: World, name: str, **given: Any) -> Character:
    inside = {"workspace_id": world.workspace.id, "project_id": world.project.id}
    return await valid(Character, **{**inside, "name": name, **given}).insert()


async def current(character: Character) -> Character:
    found = await Character.one_in(True, character.id)
    assert found is not None
    return found


async def picture(world: World, **given: Any) -> Media:
    inside = {"workspace_id": world.workspace.id, "project_id": world.project.id}
    return await valid(Media, **{**inside, "kind": "image", **given}).insert()


async def scene(world: World, number: int, **given: Any) -> Scene:
    inside = {"workspace_id": world.workspace.id, "project_id": world.project.id}
    values = {**inside, "episode_id": world.episode.id, "scene_number": number, **given}
    return await valid(Scene, **values).insert()


def shown(character: Character, similarity: float | None, **given: Any) -> dict[str, Any]:
    """A panel whose picture shows the character."""
    media = Id()
    figure = {
        **{"character_id": character.id, "left": 0.1, "top": 0.1, "width": 0.2, "height": 0.5},
        **{"similarity": similarity, "design_id": character.visual_design.final_design_id},
    }
    take = {"number": 1, "media_id": media, "made_at": now(), "figures": [figure]}
    return {"image_id": media, "takes": [take], "character_ids": [character.id], **given}


def board(*panels: dict[str, Any]) -> dict[str, Any]:
    return {"panels": [{"panel_number": at, **each} for at, each in enumerate(panels, 1)]}


@pytest.mark.parametrize("verb", ["design", "voice"])
async def test_work_is_begun_once_at_a_time(
    http: httpx.AsyncClient, world: World, verb: str
) -> None:
    path = f"{path_of(world.character)}/{verb}"
    answer = await http.post(path, json={}, headers=as_(world.editor))
    assert answer.status_code == 202, answer.text
    task = await Task.one_in(True, Id(answer.json()["task_id"]))
    pipeline = await Pipeline.one_in(True, Id(answer.json()["pipeline_id"]))
    assert task is not None
    assert pipeline is not None
    assert (task.kind, task.character_id) == (f"films.{verb}_character", world.character.id)
    assert (task.pipeline_id, task.created_by) == (pipeline.id, world.editor.id)
    assert pipeline.project_id == world.project.id

    again = await http.post(path, json={}, headers=as_(world.editor))
    assert codes(again) == (409, "under_way")
    assert await Pipeline.collection().count_documents({}) == 1
    assert (await http.post(path, json={}, headers=as_(world.stranger))).status_code == 404
    assert codes(await http.post(path, json={"seed": -1}, headers=as_(world.editor))) == (
        422,
        "invalid",
    )


@pytest.mark.parametrize("verb", ["design", "voice"])
async def test_nothing_is_made_for_an_archived_project(
    http: httpx.AsyncClient, world: World, verb: str
) -> None:
    archived = {"$set": {"archived_at": now()}}
    await Project.collection().update_one({"_id": world.project.id}, archived)
    path = f"{path_of(world.character)}/{verb}"
    body: dict[str, Any] = {"characteristics": ["deep"]} if verb == "voice" else {}
    answer = await http.post(path, json=body, headers=as_(world.editor))
    assert codes(answer) == (409, "wrong_state")
    assert await Task.collection().count_documents({}) == 0
    assert (await current(world.character)).voice_profile.voice_characteristics == []


async def test_what_is_said_of_a_voice_is_kept_and_casts_it(
    http: httpx.AsyncClient, world: World
) -> None:
    path = f"{path_of(world.character)}/voice"
    body = {"characteristics": ["deep", "slow"]}
    answer = await http.post(path, json=body, headers=as_(world.editor))
    assert answer.status_code == 202, answer.text
    assert (await current(world.character)).voice_profile.voice_characteristics == ["deep", "slow"]
    task = await Task.one_in(True, Id(answer.json()["task_id"]))
    assert task is not None
    assert task.input.parameters["recast"] is True


async def test_any_picture_of_the_project_can_be_the_final_design(
    http: httpx.AsyncClient, world: World
) -> None:
    design = await picture(world)
    path = f"{path_of(world.character)}/design"
    answer = await http.put(path, json={"media_id": str(design.id)}, headers=as_(world.editor))
    assert answer.status_code == 200, answer.text
    assert answer.json()["visual_design"]["final_design_id"] == str(design.id)
    assert await Task.collection().count_documents({}) == 0  # no panel shows the character
    entries = await AuditEntry.all_in(True, {"subject.collection": "characters"})
    assert [each.action for each in entries] == ["change"]

    for wrong in (
        await picture(world, kind="audio"),
        await picture(world, project_id=None),
        await picture(world, status="archived"),
    ):
        refused = await http.put(path, json={"media_id": str(wrong.id)}, headers=as_(world.editor))
        assert codes(refused) == (422, "invalid")
    assert (await current(world.character)).visual_design.final_design_id == design.id


async def test_another_final_design_is_compared_with_the_panels(
    http: httpx.AsyncClient, world: World
) -> None:
    await scene(world, 5, storyboard=board(shown(world.character, 0.9)))
    design = await picture(world)
    path = f"{path_of(world.character)}/design"
    for _ in range(2):
        await http.put(path, json={"media_id": str(design.id)}, headers=as_(world.editor))
    [task] = await Task.all_in(True, {"kind": "films.compare_character"})
    assert task.character_id == world.character.id


@pytest.mark.parametrize(
    ("said", "reverse"),
    [
        ({"relationship_type": "parent"}, "child"),
        ({"relationship_type": "child"}, "parent"),
        ({"relationship_type": "Older_Brother"}, "younger sibling"),
        ({"relationship_type": "student"}, "mentor"),
        ({"relationship_type": "rival"}, "rival"),
        (
            {"relationship_type": "owes money to", "reverse_type": "lends money to"},
            "lends money to",
        ),
    ],
)
async def test_relationships_stand_on_both_sides(
    http: httpx.AsyncClient, world: World, said: dict[str, str], reverse: str
) -> None:
    fox, crow = world.character, await somebody(world, "Crow")
    path = f"{path_of(fox)}/relationships/{crow.id}"
    for body in ({"relationship_type": "friend"}, {**said, "description": "By the well."}):
        answer = await http.put(path, json=body, headers=as_(world.editor))
        assert answer.status_code == 200, answer.text
    [here] = answer.json()["profile"]["relationships"]
    [there] = (await current(crow)).profile.relationships
    assert (here["character_id"], here["relationship_type"]) == (
        str(crow.id),
        said["relationship_type"],
    )
    assert (there.character_id, there.relationship_type) == (fox.id, reverse)
    assert there.description == here["description"] == "By the well."
    told = await AuditEntry.all_in(True, {"subject.collection": "characters"})
    assert {each.subject.id for each in told} == {fox.id, crow.id}

    answer = await http.delete(path, headers=as_(world.editor))
    assert answer.json()["profile"]["relationships"] == []
    assert (await current(crow)).profile.relationships == []
    assert codes(await http.delete(path, headers=as_(world.editor))) == (404, "not_found")


async def test_relationships_stay_within_the_project_and_reach(
    http: httpx.AsyncClient, world: World
) -> None:
    fox = world.character
    other = valid(Project, workspace_id=world.workspace.id, created_by=world.owner.id)
    await other.insert()
    foreign = await somebody(world, "Stranger", project_id=other.id)
    body = {"relationship_type": "friend"}

    async def put(one: Id, two: Id, user: Any = world.editor) -> httpx.Response:
        path = f"{path_of(one)}/relationships/{two}"
        return await http.put(path, json=body, headers=as_(user))

    assert codes(await put(fox.id, foreign.id)) == (404, "not_found")
    assert codes(await put(fox.id, Id())) == (404, "not_found")
    assert codes(await put(fox.id, fox.id)) == (422, "invalid")
    crow = await somebody(world, "Crow")
    assert codes(await put(fox.id, crow.id, world.stranger)) == (404, "not_found")
    assert codes(await put(fox.id, crow.id, world.viewer)) == (404, "not_found")
    assert (await current(crow)).profile.relationships == []


async def test_nobody_is_above_themselves(http: httpx.AsyncClient, world: World) -> None:
    cast = [world.character, await somebody(world, "Crow"), await somebody(world, "Wolf")]
    one, two, three = (each.id for each in cast)

    async def put(who: Id, whom: Id, kind: str, **more: str) -> httpx.Response:
        path = f"{path_of(who)}/relationships/{whom}"
        return await http.put(
            path, json={"relationship_type": kind, **more}, headers=as_(world.editor)
        )

    assert (await put(one, two, "parent")).status_code == 200
    assert (await put(three, two, "child")).status_code == 200
    assert codes(await put(three, one, "grandparent")) == (409, "circular_relationship")
    assert codes(await put(one, three, "daughter")) == (409, "circular_relationship")
    assert codes(await put(one, two, "mother", reverse_type="mother")) == (
        409,
        "circular_relationship",
    )
    # A father may well be his grandson's student; and between two the newest word counts.
    assert (await put(three, one, "mentor")).status_code == 200
    assert (await put(two, one, "parent")).status_code == 200
    everybody = await Character.all_in(True, {"project_id": world.project.id})
    assert sum(len(each.profile.relationships) for each in everybody) == 6


async def test_a_circle_is_not_tied_by_several_at_once(
    http: httpx.AsyncClient, world: World
) -> None:
    cast = [world.character, await somebody(world, "Crow"), await somebody(world, "Wolf")]

    async def put(who: Character, whom: Character) -> int:
        path = f"{path_of(who)}/relationships/{whom.id}"
        body = {"relationship_type": "parent"}
        return (await http.put(path, json=body, headers=as_(world.editor))).status_code

    ring = zip(cast, [*cast[1:], cast[0]], strict=True)
    answers = await asyncio.gather(*(put(who, whom) for who, whom in ring))
    assert sorted(answers) == [200, 200, 409]


async def test_consistency_lists_panels_and_what_stands_out(
    http: httpx.AsyncClient, world: World
) -> None:
    design = await picture(world)
    await Character.collection().update_one(
        {"_id": world.character.id}, {"$set": {"visual_design.final_design_id": design.id}}
    )
    fox = await current(world.character)
    old = fox.model_copy(deep=True)
    old.visual_design.final_design_id = Id()
    await scene(world, 2, storyboard=board(shown(fox, 0.9), shown(fox, 0.88), {}))
    await scene(world, 3, storyboard=board(shown(fox, 0.92), shown(fox, 0.6), shown(fox, None)))
    await scene(world, 4, storyboard=board(shown(fox, 0.2), shown(old, 0.99)))
    path = f"{path_of(fox)}/consistency"

    async def get(**asked: Any) -> dict[str, Any]:
        answer = await http.get(path, params=asked, headers=as_(world.viewer))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    found = await get()
    at = [(each["scene_number"], each["panel_number"]) for each in found["data"]]
    assert at == [(2, 1), (2, 2), (3, 1), (3, 2), (3, 3), (4, 1), (4, 2)]
    assert [each["similarity"] for each in found["data"]][-3:] == [None, 0.2, None]
    assert (found["panels"], found["measured"], found["outliers"]) == (7, 5, 2)
    assert found["mean"] == pytest.approx(0.7)
    assert found["median"] == 0.88
    assert 0.6 < found["bound"] < 0.88
    assert [each["similarity"] for each in found["data"] if each["outlier"]] == [0.6, 0.2]

    assert [each["similarity"] for each in (await get(outliers=True))["data"]] == [0.6, 0.2]
    first = await get(limit=4)
    rest = await get(limit=4, after=first["next"])
    assert first["data"] + rest["data"] == found["data"]
    assert rest["next"] is None
    refused = await http.get(path, params={"after": "nonsense"}, headers=as_(world.viewer))
    assert codes(refused) == (400, "bad_query")
    assert (await http.get(path, headers=as_(world.stranger))).status_code == 404


async def test_boxes_go_with_the_picture(http: httpx.AsyncClient, world: World) -> None:
    made = await scene(world, 2, storyboard=board(shown(world.character, 0.9)))
    other = await picture(world)
    path = f"{API}/scenes/{made.id}"

    async def figures_with(image_id: Id | None) -> list[Any]:
        panel = {"panel_number": 1, "image_id": image_id and str(image_id)}
        body = {"storyboard": {"panels": [panel]}}
        answer = await http.patch(path, json=body, headers=as_(world.editor))
        assert answer.status_code == 200, answer.text
        [found] = answer.json()["storyboard"]["panels"]
        assert len(found["takes"]) == 1
        figures: list[Any] = found["figures"]
        return figures

    assert await figures_with(other.id) == []
    assert await figures_with(None) == []
    drawn = await picture(world, _id=made.storyboard.panels[0].takes[0].media_id)
    [figure] = await figures_with(drawn.id)
    assert figure["character_id"] == str(world.character.id)


async def test_scenes_go_on_without_a_deleted_character(
    http: httpx.AsyncClient, world: World
) -> None:
    fox, crow = world.character, await somebody(world, "Crow")
    path = f"{path_of(fox)}/relationships/{crow.id}"
    await http.put(path, json={"relationship_type": "rival"}, headers=as_(world.editor))
    lines = [{"character_id": each, "lines": "Look!"} for each in (fox.id, crow.id, None)]
    named = valid(
        Scene,
        **{"workspace_id": world.workspace.id, "project_id": world.project.id},
        **{"episode_id": world.episode.id, "scene_number": 7},
        character_ids=[crow.id, fox.id],
        script={"dialogue": lines},
        storyboard=board(shown(fox, 0.9, character_ids=[fox.id, crow.id])),
        production={"status": "approved"},
    )
    named.approval = Approval(content_hash=named.content_hash, at=now(), by=world.owner.id)
    await named.insert()
    untouched = await scene(world, 8, character_ids=[crow.id])

    answer = await http.delete(path_of(fox), headers=as_(world.editor))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "deleted": [str(fox.id)],
        "scenes": [
            {
                "id": str(named.id),
                "episode_id": str(world.episode.id),
                "scene_number": 7,
                "title": named.title,
            }
        ],
    }
    after = await Scene.one_in(True, named.id)
    assert after is not None
    assert after.character_ids == [crow.id]
    assert [each.character_id for each in after.script.dialogue] == [None, crow.id, None]
    [panel] = after.storyboard.panels
    assert (panel.character_ids, panel.figures, panel.takes[0].figures) == ([crow.id], [], [])
    assert (after.approval, after.production.status) == (None, "reviewing")
    assert after.revision == named.revision + 1
    assert await Scene.one_in(True, untouched.id) == untouched
    assert (await current(crow)).profile.relationships == []
    told = await AuditEntry.all_in(True, {"subject.id": {"$in": [named.id, fox.id]}})
    assert {(each.subject.id, each.action) for each in told} >= {
        (named.id, "change"),
        (fox.id, "delete"),
    }
    [counting] = await Task.all_in(True, {"kind": "films.count_appearances"})
    assert counting.project_id == world.project.id
    assert (await http.get(path_of(fox), headers=as_(world.editor))).status_code == 404


async def test_a_character_stays_while_a_scene_with_them_is_made(
    http: httpx.AsyncClient, world: World
) -> None:
    fox, crow = world.character, await somebody(world, "Crow")
    busy = await scene(
        world, 2, character_ids=[crow.id], production={"status": "generating"}, title="Chase"
    )
    refused = await http.delete(path_of(crow), headers=as_(world.editor))
    assert codes(refused) == (409, "wrong_state")
    assert "Chase" in refused.json()["detail"]
    both = {"ids": [str(fox.id), str(crow.id)]}
    path = f"{API}/characters/bulk-delete"
    assert codes(await http.post(path, json=both, headers=as_(world.editor))) == (
        409,
        "wrong_state",
    )
    assert await Character.one_in(True, fox.id) is not None
    await Scene.collection().update_one({"_id": busy.id}, {"$set": {"production.status": "failed"}})
    answer = await http.post(path, json=both, headers=as_(world.editor))
    assert answer.status_code == 200, answer.text
    assert [each["id"] for each in answer.json()["scenes"]] == [str(busy.id)]
    assert await Character.collection().count_documents({}) == 0


async def test_a_character_of_too_many_scenes_stays(
    http: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert farewell.MOST_SCENES == 1_000
    monkeypatch.setattr(farewell, "MOST_SCENES", 3)
    named = [await scene(world, at, character_ids=[world.character.id]) for at in range(2, 6)]
    refused = await http.delete(path_of(world.character), headers=as_(world.editor))
    assert codes(refused) == (409, "too_many_scenes")
    await Scene.collection().delete_one({"_id": named[0].id})
    answer = await http.delete(path_of(world.character), headers=as_(world.editor))
    assert [each["scene_number"] for each in answer.json()["scenes"]] == [3, 4, 5]


async def test_deletion_is_for_who_may_and_of_the_revision_that_was_seen(
    http: httpx.AsyncClient, world: World
) -> None:
    path = path_of(world.character)
    for user in (world.viewer, world.stranger):
        assert codes(await http.delete(path, headers=as_(user))) == (404, "not_found")
    outdated = {**as_(world.editor), "If-Match": '"7"'}
    assert codes(await http.delete(path, headers=outdated)) == (412, "outdated")
    seen = {**as_(world.editor), "If-Match": '"1"'}
    assert (await http.delete(path, headers=seen)).status_code == 200
