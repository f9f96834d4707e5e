"""Scenes in another order, and one scene made two, over HTTP."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from app.films.fountain import parsed
from documents.approval import Approval
from documents.films import Episode
from documents.library import Media
from documents.production import Task
from documents.reviews import ScriptVersion
from documents.scenes import DialogueLine, Scene, StoryboardPanel
from documents.values import Id, now
from tests.app.support import API, World, as_, codes
from tests.factories.records import valid


@pytest.fixture
async def scenes(world: World) -> list[Scene]:
    """Five scenes of four lines, with a panel for every second line, rendered and approved."""
    await Scene.collection().delete_many({})
    clip = await valid(Media, workspace_id=world.workspace.id, storage_key="clip").insert()
    made = []
    for number in range(1, 6):
        lines = [
            DialogueLine(
                character_id=world.character.id if at % 2 else None,
                lines=f"Line {at} of {number}",
                audio_id=clip.id,
                audio_duration=1.0,
                timing=0.8 + 2 * at,
            )
            for at in range(4)
        ]
        panels = [
            StoryboardPanel(panel_number=at + 1, starts_at_line=2 * at, description=f"Panel {at}")
            for at in range(2)
        ]
        scene = Scene(
            project_id=world.project.id,
            workspace_id=world.workspace.id,
            episode_id=world.episode.id,
            scene_number=number,
            title=f"INT. ROOM {number} - DAY",
            script={"action": f"Action {number}.", "dialogue": lines},
            storyboard={"panels": panels},
            production={"status": "approved", "video_segment_id": clip.id},
            character_ids=[world.character.id],
        )
        scene.approval = Approval(content_hash=scene.content_hash, at=now())
        made.append(Scene.model_validate(scene.stored()))
    await Scene.insert_all(made)
    return made


async def stored(world: World) -> list[Scene]:
    query = {"episode_id": world.episode.id}
    return await Scene.all_in(True, query, sort=[("scene_number", 1)])


async def order(
    http: httpx.AsyncClient, world: World, ids: list[Id], **given: Any
) -> httpx.Response:
    return await http.put(
        f"{API}/episodes/{world.episode.id}/scene-order",
        json={"scene_ids": [*map(str, ids)]},
        headers=as_(given.get("user", world.editor)),
    )


async def split(
    http: httpx.AsyncClient, world: World, scene: Scene, at: int, **body: Any
) -> httpx.Response:
    return await http.post(
        f"{API}/scenes/{scene.id}/split",
        json={"at_line": at, **body},
        headers=as_(world.editor),
    )


async def test_scenes_are_put_in_order_and_stay_approved(
    http: httpx.AsyncClient, world: World, scenes: list[Scene]
) -> None:
    wanted = [scenes[at].id for at in (4, 0, 3, 1, 2)]
    answer = await order(http, world, wanted)
    assert answer.status_code == 200, answer.text
    assert [each["id"] for each in answer.json()["scenes"]] == [*map(str, wanted)]
    after = await stored(world)
    assert [each.id for each in after] == wanted
    assert [each.scene_number for each in after] == [1, 2, 3, 4, 5]
    assert all(each.approval and each.production.video_segment_id for each in after)
    episode = await Episode.one_in(True, world.episode.id)
    assert episode is not None
    assert episode.script.version == answer.json()["script_version"] == 1
    told = parsed(episode.script.content).scenes
    assert [(each.number, each.heading) for each in told] == [
        (str(at + 1), scene.title) for at, scene in enumerate(after)
    ]
    assert told[0].speeches[1].speaker == world.character.name.upper()
    # The script that was written of the scenes changes none of them.
    saved = await http.put(
        f"{API}/episodes/{world.episode.id}/script",
        json={"content": episode.script.content},
        headers=as_(world.editor),
    )
    assert not any(saved.json()["scenes"].values())


async def test_what_the_writer_has_put_between_the_lines_is_kept(
    http: httpx.AsyncClient, world: World, scenes: list[Scene]
) -> None:
    written = "\n\n".join(
        f"{each.title} #{each.scene_number}#\n\n[[Note {each.scene_number}.]]\n\n"
        f"{each.script.action}\n\n"
        + "\n\n".join(
            f"{world.character.name.upper() if line.character_id else 'NARRATOR'}\n{line.lines}"
            for line in each.script.dialogue
        )
        for each in scenes
    )
    saved = await http.put(
        f"{API}/episodes/{world.episode.id}/script",
        json={"content": written},
        headers=as_(world.editor),
    )
    assert saved.status_code == 200, saved.text
    there = await stored(world)
    await order(http, world, [there[at].id for at in (4, 0, 3, 1, 2)])
    assert await notes(world) == ["5", "1", "4", "2", "3"]
    assert (await split(http, world, (await stored(world))[2], 2)).status_code == 200
    assert await notes(world) == ["5", "1", "2", "3"], "the scene that was split is written anew"
    episode = await Episode.one_in(True, world.episode.id)
    assert episode is not None
    told = parsed(episode.script.content).scenes
    assert [each.heading for each in told] == [each.title for each in await stored(world)]
    assert [len(each.speeches) for each in told] == [4, 4, 2, 2, 4, 4]

    # A scene that was changed by itself says something else than the script's own text.
    changed = await http.patch(
        f"{API}/scenes/{there[0].id}",
        json={"script": {"action": "It rains."}},
        headers=as_(world.editor),
    )
    assert changed.status_code == 200, changed.text
    await order(http, world, [each.id for each in await stored(world)])
    assert await notes(world) == []
    episode = await Episode.one_in(True, world.episode.id)
    assert episode is not None
    assert "It rains." in episode.script.content


async def notes(world: World) -> list[str]:
    episode = await Episode.one_in(True, world.episode.id)
    assert episode is not None
    return re.findall(r"\[\[Note (\d)\.\]\]", episode.script.content)


async def test_an_order_names_every_scene_once(
    http: httpx.AsyncClient, world: World, scenes: list[Scene]
) -> None:
    ids = [each.id for each in scenes]
    for wrong in (ids[:4], [*ids, ids[0]], [*ids[:4], ids[0]], [*ids[:4], Id()]):
        assert codes(await order(http, world, wrong)) == (422, "not_all_scenes")
    assert codes(await order(http, world, ids, user=world.stranger)) == (404, "not_found")
    assert [each.id for each in await stored(world)] == ids
    assert await ScriptVersion.collection().count_documents({}) == 0


async def test_a_scene_is_made_two(
    http: httpx.AsyncClient, world: World, scenes: list[Scene]
) -> None:
    answer = await split(http, world, scenes[1], 3, title="EXT. GARDEN - NIGHT")
    assert answer.status_code == 200, answer.text
    after = await stored(world)
    assert [each.scene_number for each in after] == [1, 2, 3, 4, 5, 6]
    first, second = after[1:3]
    assert [first.id, after[3].id] == [scenes[1].id, scenes[2].id]
    assert (answer.json()["second"]["id"], second.title) == (str(second.id), "EXT. GARDEN - NIGHT")
    assert [len(each.script.dialogue) for each in (first, second)] == [3, 1]
    assert (first.script.action, second.script.action) == ("Action 2.", "")
    [line] = second.script.dialogue
    assert (line.audio_id, line.timing) == (scenes[1].script.dialogue[3].audio_id, 0.8)
    assert [each.starts_at_line for each in first.storyboard.panels] == [0, 2]
    assert [
        (each.panel_number, each.starts_at_line, each.description)
        for each in second.storyboard.panels
    ] == [(1, 0, "Panel 1")]
    for half in (first, second):
        assert (half.approval, half.production.status) == (None, "pending")
        assert half.production.video_segment_id is None
        assert half.character_ids == [world.character.id]
    assert all(each.approval for each in (after[0], *after[3:]))
    episode = await Episode.one_in(True, world.episode.id)
    assert episode is not None
    assert [each.heading for each in parsed(episode.script.content).scenes] == [
        each.title for each in after
    ]
    assert episode.production.scene_count == 6


async def test_a_scene_is_split_between_its_lines_only(
    http: httpx.AsyncClient, world: World, scenes: list[Scene]
) -> None:
    assert codes(await split(http, world, scenes[0], 4)) == (422, "no_such_line")
    assert codes(await split(http, world, scenes[0], 0)) == (422, "invalid")
    task = {"workspace_id": world.workspace.id, "project_id": world.project.id}
    await valid(Task, **task, scene_id=scenes[0].id, status="queued").insert()
    assert codes(await split(http, world, scenes[0], 2)) == (409, "wrong_state")
    assert [each.stored() for each in await stored(world)] == [each.stored() for each in scenes]


async def test_numbers_are_not_taken_twice_however_many_change_them_at_once(
    http: httpx.AsyncClient, world: World, scenes: list[Scene]
) -> None:
    ids = [each.id for each in scenes]
    body = {"episode_id": str(world.episode.id), "title": "New", "scene_number": 6}
    making = http.post(
        f"{API}/scenes", json={**body, "project_id": str(world.project.id)},
        headers=as_(world.editor),
    )  # fmt: skip
    answers = await asyncio.gather(
        split(http, world, scenes[0], 2),
        split(http, world, scenes[0], 1),
        split(http, world, scenes[3], 2),
        making,
        order(http, world, ids[::-1]),
        order(http, world, [*ids[1:], ids[0]]),
    )
    assert {each.status_code for each in answers} <= {200, 201, 409, 422}
    assert all("code" not in each.json() or each.json()["code"] != "invalid" for each in answers)
    after = await stored(world)
    numbers = [each.scene_number for each in after]
    assert (
        len({*numbers})
        == len(numbers)
        == 5 + sum(each.status_code in (200, 201) for each in answers[:4])
    )
    said = [line.lines for scene in after for line in scene.script.dialogue]
    assert sorted(said) == sorted(line.lines for scene in scenes for line in scene.script.dialogue)
