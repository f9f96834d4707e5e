"""`GET /media/{id}/lineage`: both ways, to any depth, within reach."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from app.library.lineage import walking
from documents.library import Media
from documents.production import PromptExecution, PromptTemplate
from documents.values import Id, now
from tests.app.library.lineage.support import asked, ids, made_of
from tests.app.support import API, World, as_, codes
from tests.factories.records import valid


def found(side: dict[str, Any]) -> list[tuple[str, int]]:
    return [(each["media_id"], each["depth"]) for each in side["data"]]


async def test_both_ways_to_any_depth(http: httpx.AsyncClient, world: World) -> None:
    design = await made_of(world, media_type="character_design")
    panel = await made_of(world, design, media_type="storyboard")
    voice = await made_of(world, media_type="audio_clip")
    segment = await made_of(world, panel, voice, media_type="video_segment")
    film = await made_of(world, segment, design, media_type="final_video")
    answer = await asked(http, world.viewer, film, "lineage")
    assert found(answer["parents"]) == [
        (str(design.id), 1),
        (str(segment.id), 1),
        (str(panel.id), 2),
        (str(voice.id), 2),
    ]
    assert answer["children"]["data"] == []
    assert answer["media"]["made"]["inputs"] == ids(segment, design)
    answer = await asked(http, world.viewer, design, "lineage")
    assert answer["parents"]["data"] == []
    assert found(answer["children"]) == [
        *((str(panel.id), 1), (str(film.id), 1), (str(segment.id), 2)),
    ]
    near = await asked(http, world.viewer, design, "lineage", depth=1, direction="children")
    assert near["parents"] is None
    assert found(near["children"]) == [(str(panel.id), 1), (str(film.id), 1)]
    assert near["children"]["truncated"]


async def test_how_a_file_was_made(http: httpx.AsyncClient, world: World) -> None:
    template = await valid(PromptTemplate, name="storyboard", version=3).insert()
    call = await valid(
        PromptExecution,
        workspace_id=world.workspace.id,
        project_id=world.project.id,
        template_id=template.id,
        take=2,
    ).insert()
    style = await valid(
        Media, workspace_id=world.workspace.id, description="Woodcuts", thumbnail_url="/t"
    ).insert()
    panel = await made_of(
        world,
        style,
        description="A fox at a well",
        execution_id=call.id,
        prompt_used="a fox",
        model_version="flux",
        provider="fal",
        seed=7,
        cost=Decimal("0.04"),
    )
    answer = await asked(http, world.owner, panel, "lineage")
    [parent] = answer["parents"]["data"]
    assert (parent["description"], parent["thumbnail_url"], parent["made"]) == (
        *("Woodcuts", "/t", None),
    )
    made = answer["media"]["made"]
    assert made["template"] == {"id": str(template.id), "name": "storyboard", "version": 3}
    assert {name: made[name] for name in ("prompt", "provider", "model", "seed", "take")} == {
        "prompt": "a fox",
        "provider": "fal",
        "model": "flux",
        "seed": 7,
        "take": 2,
    }
    assert Decimal(made["cost"]) == Decimal("0.04")
    assert (made["execution_id"], made["inputs"]) == (str(call.id), ids(style))
    # Whoever looks on sees no records of calls.
    seen = await asked(http, world.viewer, panel, "lineage")
    assert seen["media"]["made"]["template"] is None


async def test_what_is_out_of_reach_is_counted_and_not_gone_through(
    http: httpx.AsyncClient, world: World
) -> None:
    theirs = {"workspace_id": world.elsewhere.id, "project_id": None}
    beyond = await made_of(world)
    foreign = await made_of(world, beyond, **theirs)
    trashed = await made_of(world, deleted_at=now())
    mine = await made_of(world, foreign, trashed)
    await made_of(world, mine, **theirs)
    answer = await asked(http, world.viewer, mine, "lineage")
    for side in ("parents", "children"):
        assert answer[side]["data"] == []
    assert (answer["parents"]["hidden"], answer["children"]["hidden"]) == (2, 1)
    assert (answer["media"]["made"]["inputs"], answer["media"]["made"]["hidden_inputs"]) == ([], 2)
    everything = await asked(http, world.admin, mine, "lineage")
    assert found(everything["parents"]) == [(str(foreign.id), 1), (str(beyond.id), 2)]
    assert everything["parents"]["hidden"] == 1


async def test_page_by_page(http: httpx.AsyncClient, world: World) -> None:
    source = await made_of(world)
    files = [await made_of(world, source) for _ in range(4)]
    files.append(await made_of(world, files[0]))
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = await asked(
            http, world.viewer, source, "lineage", direction="children", limit=2, **after
        )
        seen += [each["media_id"] for each in page["children"]["data"]]
        if page["children"]["next"] is None:
            break
        after = {"after": page["children"]["next"]}
    assert seen == ids(*files)
    path = f"{API}/media/{source.id}/lineage"
    for query in (after, {**after, "direction": "parents"}):
        answer = await http.get(path, params=query, headers=as_(world.viewer))
        assert codes(answer) == (400, "bad_query")


async def test_a_walk_ends_somewhere(
    http: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "MOST_FILES", 3)
    source = await made_of(world)
    files = [await made_of(world, source) for _ in range(5)]
    answer = await asked(http, world.viewer, source, "lineage")
    assert [each["media_id"] for each in answer["children"]["data"]] == ids(*files[:3])
    assert answer["children"]["truncated"]


async def test_strangers_learn_nothing(http: httpx.AsyncClient, world: World) -> None:
    for what in ("lineage", "stale"):
        path = f"{API}/media/{world.media.id}/{what}"
        assert codes(await http.get(path, headers=as_(world.stranger))) == (404, "not_found")
        assert codes(await http.get(path)) == (401, "not_signed_in")
    missing = f"{API}/media/{Id()}/lineage"
    assert codes(await http.get(missing, headers=as_(world.owner))) == (404, "not_found")


async def test_what_is_made_of_a_file_is_found_by_an_index(world: World) -> None:
    source = await made_of(world)
    made = await made_of(world, source)
    for _ in range(20):
        await made_of(world, made)
    plan = await Media.collection().find({walking.INPUTS: {"$in": [source.id]}}).explain()
    assert plan["executionStats"]["totalDocsExamined"] == 1
