"""Scripts over HTTP: versions, differences, and the scenes that follow."""

import asyncio
from typing import Any

import httpx
import pytest

from documents.films import Character, Episode, Project
from documents.identity import AuditEntry
from documents.library import Media
from documents.production import Task
from documents.reviews import ScriptVersion
from documents.scenes import DialogueLine, Scene, StoryboardPanel
from documents.values import Id, now
from tests.app.support import API, World, as_, codes, rows
from tests.factories.records import valid

FIRST = """INT. DEN - DAY

The fox wakes.

REYNARD
Good morning!

NARRATOR (V.O.)
Nobody answers.

EXT. RIVER - DUSK

OTTER
(happy)
Come and swim.

REYNARD
It is too cold for me.

EXT. FOREST - NIGHT

The owls call each other.
"""


async def put(
    http: httpx.AsyncClient, world: World, content: str = FIRST, **given: Any
) -> dict[str, Any]:
    answer = await http.put(
        f"{API}/episodes/{world.episode.id}/script",
        json={"content": content, **given},
        headers=as_(world.editor),
    )
    assert answer.status_code == 200, answer.text
    saved: dict[str, Any] = answer.json()
    return saved


async def scenes(world: World) -> list[Scene]:
    query = {"episode_id": world.episode.id}
    return await Scene.all_in(True, query, sort=[("scene_number", 1)])


async def current(world: World) -> Episode:
    found = await Episode.one_in(True, world.episode.id)
    assert found is not None
    return found


def numbers(told: list[dict[str, Any]]) -> list[int]:
    return [each["number"] for each in told]


async def test_a_first_script_makes_the_scenes_and_who_speaks(
    http: httpx.AsyncClient, world: World
) -> None:
    saved = await put(http, world, note="First draft", base_version=1)
    assert (saved["version"], saved["characters_added"][0]["name"]) == (1, "Otter")
    assert numbers(saved["scenes"]["added"]) == [1, 2, 3]
    assert [each["title"] for each in saved["scenes"]["removed"]] == ["Dawn"]
    first, second, third = await scenes(world)
    otter = await Character.first_in(True, {"name": "Otter"})
    assert otter is not None
    assert [(each.location, each.time_of_day) for each in (first, second, third)] == [
        ("den", "day"),
        ("river", "dusk"),
        ("forest", "night"),
    ]
    assert [line.character_id for line in first.script.dialogue] == [world.character.id, None]
    assert second.script.dialogue[0].emotion == "happy"
    assert second.character_ids == [otter.id, world.character.id]
    assert third.script.action == "The owls call each other."
    assert all(each.storyboard.panels for each in (first, second, third))
    episode = await current(world)
    assert (episode.script.content, episode.script.version) == (FIRST, 1)
    assert episode.script.word_count == saved["word_count"] > 20
    assert episode.script.estimated_duration == pytest.approx(
        sum(each.script.duration for each in (first, second, third)), abs=0.1
    )
    assert (episode.status, episode.production.scene_count) == ("scripting", 3)
    [version] = await ScriptVersion.all_in(True, {})
    assert (version.content, version.note, version.created_by) == (
        FIRST,
        "First draft",
        world.editor.id,
    )


async def test_a_changed_line_changes_its_scene_alone(
    http: httpx.AsyncClient, world: World
) -> None:
    await put(http, world)
    before = await scenes(world)
    clips = [valid(Media, workspace_id=world.workspace.id, storage_key=f"k{n}") for n in range(4)]
    await Media.insert_all(clips)
    for at, scene in enumerate(before[:2]):
        for number, line in enumerate(scene.script.dialogue):
            line.audio_id, line.audio_duration = clips[2 * at + number].id, 2.0
        scene.storyboard.panels = [
            StoryboardPanel(panel_number=n + 1, starts_at_line=n) for n in range(2)
        ]
        values = {"script": scene.script.model_dump(), "storyboard": scene.storyboard.model_dump()}
        await Scene.advance_one({"_id": scene.id}, {"$set": values})
    before = await scenes(world)
    changed = FIRST.replace("too cold for me", "much too cold").replace(
        "OTTER\n", "OTTER\nHello!\n\nOTTER\n"
    )
    saved = await put(http, world, changed, base_version=1)
    assert saved["version"] == 2
    assert numbers(saved["scenes"]["changed"]) == [2]
    assert {*saved["scenes"]} == {"changed", "added", "removed", "renumbered"}
    assert saved["scenes"]["added"] == saved["scenes"]["removed"] == []
    after = await scenes(world)
    assert [each.id for each in after] == [each.id for each in before]
    assert [each.stored() for each in (after[0], after[2])] == [
        each.stored() for each in (before[0], before[2])
    ]
    hello, swim, cold = after[1].script.dialogue
    assert (hello.audio_id, swim.audio_id, cold.audio_id) == (None, clips[2].id, None)
    assert (swim.audio_duration, cold.lines) == (2.0, "It is much too cold.")
    assert [each.starts_at_line for each in after[1].storyboard.panels] == [1, 2]
    assert after[1].content_hash != before[1].content_hash
    told = await AuditEntry.all_in(True, {"subject.id": after[1].id})
    assert told


async def test_scenes_move_and_are_put_in_between_and_left_out(
    http: httpx.AsyncClient, world: World
) -> None:
    await put(http, world)
    den, river, forest = await scenes(world)
    parts = FIRST.split("EXT. ")
    text = f"EXT. {parts[2]}\nINT. MILL - DAY\n\nThe mill turns.\n\n{parts[0]}"
    saved = await put(http, world, text)
    after = await scenes(world)
    assert [(each.id, each.scene_number) for each in after if each.title != "INT. MILL - DAY"] == [
        (forest.id, 1),
        (den.id, 3),
    ]
    assert numbers(saved["scenes"]["renumbered"]) == [1, 3]
    assert numbers(saved["scenes"]["added"]) == [2]
    assert [each["id"] for each in saved["scenes"]["removed"]] == [str(river.id)]
    assert await Scene.collection().count_documents({"_id": river.id}) == 0


async def test_versions_are_listed_compared_and_restored(
    http: httpx.AsyncClient, world: World
) -> None:
    await put(http, world, note="one")
    changed = FIRST.replace("Good morning!", "Good evening, all of you!")
    await put(http, world, changed, note="two")
    path, asked = f"{API}/episodes/{world.episode.id}", as_(world.viewer)
    answer = await http.get(f"{path}/script/diff?from=1&to=2", headers=asked)
    diff = answer.json()
    assert (diff["lines_added"], diff["lines_removed"], diff["words"]) == (1, 1, 3)
    assert "+Good evening, all of you!" in diff["diff"]
    assert diff["seconds"] > 0
    answer = await http.post(
        f"{path}/script/restore", json={"version": 1}, headers=as_(world.editor)
    )
    assert (answer.status_code, answer.json()["version"]) == (200, 3), answer.text
    assert numbers(answer.json()["scenes"]["changed"]) == [1]
    assert (await current(world)).script.content == FIRST
    listed = (await http.get(f"{path}/scripts", headers=asked)).json()["data"]
    assert [(each["version"], each["restored_from"]) for each in listed] == [
        (3, 1),
        (2, None),
        (1, None),
    ]
    older = await http.get(f"{path}/scripts?before=3&limit=1", headers=asked)
    assert [each["note"] for each in older.json()["data"]] == ["two"]
    found = await rows(http, "script-versions", world.viewer, episode_id=str(world.episode.id))
    assert {each["content"] for each in found} == {FIRST, changed}
    for missing in ("diff?from=1&to=9", "diff?from=9&to=1"):
        assert codes(await http.get(f"{path}/script/{missing}", headers=asked)) == (
            404,
            "not_found",
        )
    refused = await http.post(
        f"{path}/script/restore", json={"version": 9}, headers=as_(world.editor)
    )
    assert codes(refused) == (404, "not_found")


async def test_a_script_from_before_there_were_versions_becomes_one(
    http: httpx.AsyncClient, world: World
) -> None:
    script = {"script.content": "Once upon a time."}
    await Episode.advance_one({"_id": world.episode.id}, {"$set": script})
    assert (await put(http, world))["version"] == 2
    versions = await ScriptVersion.all_in(True, {}, sort=[("version", 1)])
    assert [(each.version, each.content, each.created_by) for each in versions] == [
        (1, "Once upon a time.", None),
        (2, FIRST, world.editor.id),
    ]


async def test_of_two_who_edit_one_version_the_second_is_told(
    http: httpx.AsyncClient, world: World
) -> None:
    await put(http, world)

    async def edit(number: int) -> httpx.Response:
        content = FIRST.replace("Good morning!", f"Good morning {number}!")
        return await http.put(
            f"{API}/episodes/{world.episode.id}/script",
            json={"content": content, "base_version": 1},
            headers=as_(world.editor),
        )

    answers = await asyncio.gather(*map(edit, range(4)))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    refused = next(each for each in answers if each.status_code == 409)
    assert codes(refused) == (409, "changed_meanwhile")
    assert await ScriptVersion.collection().count_documents({}) == 2
    assert [each.scene_number for each in await scenes(world)] == [1, 2, 3]


LONG_SCENE = "INT. A - DAY\n\n" + "BO\nYes.\n\n" * 501


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "invalid"),
        ("  \n\n ", "unusable_script"),
        ("[[only a note]]", "unusable_script"),
        ("x" * 1_000_001, "invalid"),
        ("INT. A - DAY\n\nYes.\n\n" * 501, "unusable_script"),
        (LONG_SCENE, "unusable_script"),
    ],
    ids=["empty", "blank", "note", "too long", "too many scenes", "too many lines"],
)
async def test_what_is_no_script_is_refused_and_nothing_written(
    content: str, code: str, http: httpx.AsyncClient, world: World
) -> None:
    answer = await http.put(
        f"{API}/episodes/{world.episode.id}/script",
        json={"content": content},
        headers=as_(world.editor),
    )
    assert codes(answer) == (422, code)
    assert [each.title for each in await scenes(world)] == ["Dawn"]
    assert await ScriptVersion.collection().count_documents({}) == 0


async def test_who_may_and_when(http: httpx.AsyncClient, world: World) -> None:
    path = f"{API}/episodes/{world.episode.id}"
    for user in (world.viewer, world.stranger):
        answer = await http.put(f"{path}/script", json={"content": FIRST}, headers=as_(user))
        assert codes(answer) == (404, "not_found")
    for part in ("scripts", "script/diff?from=1&to=1"):
        assert codes(await http.get(f"{path}/{part}", headers=as_(world.stranger))) == (
            404,
            "not_found",
        )
    archived = {"$set": {"archived_at": now()}}
    await Project.advance_one({"_id": world.project.id}, archived)
    answer = await http.put(f"{path}/script", json={"content": FIRST}, headers=as_(world.editor))
    assert codes(answer) == (409, "wrong_state")


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        ("queued", FIRST, "wrong_state"),
        ("processing", ".Dawn\n\nSomething else.", "wrong_state"),
        ("queued", ".Dawn\n\nSomething else.", None),
    ],
    ids=["left out", "changed", "changed before it begins"],
)
async def test_a_scene_that_is_being_made_is_not_changed_under_the_makers_hands(
    status: str, content: str, code: str | None, http: httpx.AsyncClient, world: World
) -> None:
    task = valid(
        Task,
        workspace_id=world.workspace.id,
        project_id=world.project.id,
        scene_id=world.scene.id,
        status=status,
        kind="films.voice_scene",
    )
    await task.insert()
    answer = await http.put(
        f"{API}/episodes/{world.episode.id}/script",
        json={"content": content},
        headers=as_(world.editor),
    )
    if code is None:
        assert answer.status_code == 200, answer.text
    else:
        assert codes(answer) == (409, code)
        assert await ScriptVersion.collection().count_documents({}) == 0


async def test_an_approval_of_a_scene_is_void_when_its_words_change(
    http: httpx.AsyncClient, world: World
) -> None:
    await put(http, world)
    for scene in await scenes(world):
        approval = {"content_hash": scene.content_hash, "at": now(), "by": Id(), "note": ""}
        values = {"approval": approval, "production.status": "approved"}
        await Scene.advance_one({"_id": scene.id}, {"$set": values})
    await put(http, world, FIRST.replace("The fox wakes.", "The fox sleeps on."))
    first, second, _ = await scenes(world)
    assert (first.approval, first.production.status) == (None, "reviewing")
    assert second.approval is not None


async def test_a_large_script_of_another_language_is_taken(
    http: httpx.AsyncClient, world: World
) -> None:
    scene = ".הבית - DAY\n\nאב קם.\n\n@אב\nשלח {n}!\n"
    saved = await put(http, world, "\n".join(scene.format(n=n) for n in range(120)))
    assert len(saved["scenes"]["added"]) == 120
    assert [each["name"] for each in saved["characters_added"]] == ["אב"]
    saved = await put(http, world, "\n".join(scene.format(n=n) for n in range(119, -1, -1)))
    assert (saved["scenes"]["added"], saved["scenes"]["removed"]) == ([], [])
    assert len(saved["scenes"]["renumbered"]) == 120
    lines = [each.script.dialogue[0] for each in await scenes(world)]
    assert isinstance(lines[0], DialogueLine)
    assert lines[0].lines == "שלח 119!"
