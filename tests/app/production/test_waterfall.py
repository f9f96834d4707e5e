"""Pipelines over time, as data and as a picture; and how a file came about."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from xml.etree import ElementTree

import httpx
import pytest

from app.core.parts import Parts
from app.production import waterfall
from app.production.waterfall_picture import drawn
from documents.base import Hold, Subject
from documents.identity import User
from documents.ledger import GenerationCost
from documents.library import GenerationMetadata, Media
from documents.production import (
    ArchivedTask,
    Pipeline,
    PromptExecution,
    PromptTemplate,
    Queue,
    Task,
    TaskError,
    TaskInput,
    TaskMetrics,
    TaskOutput,
    TaskWorker,
)
from documents.values import Id
from tests.app.production.support import client_of
from tests.app.support import API, World, as_, codes, nobody_has
from tests.factories import valid

BEGIN: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
SLOTS: Final[dict[Queue, int]] = {"cpu": 2, "io": 16, "light": 64}
SVG: Final = "{http://www.w3.org/2000/svg}"
EVIL: Final = "</title><script>alert('&')</script>\x00\u2028"


@pytest.fixture
async def http(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(parts) as client:
        yield client


@pytest.fixture
async def pipeline(world: World) -> Pipeline:
    made = valid(
        Pipeline,
        workspace_id=world.workspace.id,
        project_id=world.project.id,
        kind="films.make_episode",
        subject=Subject(collection="episodes", id=world.episode.id),
    )
    return await made.insert()


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def task_of(
    pipeline: Pipeline,
    kind: str,
    *after: Task,
    started: float | None = None,
    ended: float | None = None,
    status: str | None = None,
    **given: Any,
) -> Task:
    """A task of the pipeline that was made at its beginning."""
    usual = "queued" if started is None else "processing" if ended is None else "completed"
    running = None
    if started is not None:
        moment = at(started)
        running = TaskWorker(
            worker_id="w", claim="c", started_at=moment, heartbeat=moment, lease_until=moment
        )
    waiting = [each.id for each in after if each.status != "completed"]
    fields: dict[str, Any] = {
        "workspace_id": pipeline.workspace_id,
        "project_id": pipeline.project_id,
        "pipeline_id": pipeline.id,
        "created_at": BEGIN,
        "updated_at": at(ended or started or 0),
        "queued_at": BEGIN,
        "kind": f"films.{kind}",
        "status": status or usual,
        "input": TaskInput(dependencies=[each.id for each in after]),
        "waiting_for": waiting,
        "ready": not waiting,
        "worker": running,
        "completed_at": None if ended is None else at(ended),
    }
    if ended is not None and started is not None:
        fields["output"] = TaskOutput(metrics=TaskMetrics(processing_time=ended - started))
    return valid(Task, **fields | given)


async def called(
    world: World,
    task: Task,
    begin: float,
    end: float,
    cost: str | None = "0.25",
    **given: Any,
) -> PromptExecution:
    subject = Subject(collection="episodes", id=world.episode.id)
    inside = {"workspace_id": world.workspace.id, "project_id": world.project.id}
    about: dict[str, Any] = {**inside, "task_id": task.id, "subject": subject}
    fields: dict[str, Any] = {
        "provider": "paint",
        "model": "p-1",
        "stage": "panel",
        "status": "success",
        "started_at": at(begin),
        "finished_at": at(end),
        "call_key": f"{Id()}{Id()}{Id()}"[:64],
    }
    execution = await valid(PromptExecution, **about, **{**fields, **given}).insert()
    price = None if cost is None else Decimal(cost)
    await valid(GenerationCost, **about, execution_id=execution.id, amount=price).insert()
    return execution


async def read(http: httpx.AsyncClient, path: str, user: User) -> Any:
    answer = await http.get(f"{API}/{path}", headers=as_(user))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_waits_runs_calls_and_cost(
    http: httpx.AsyncClient, world: World, pipeline: Pipeline
) -> None:
    script = task_of(pipeline, "write_screenplay", started=1, ended=3)
    panel = task_of(pipeline, "draw_panel", script, started=5, ended=9, scene_id=world.scene.id)
    film = task_of(pipeline, "assemble_episode", panel, started=9, ended=12)
    await Task.insert_all([script, panel])
    await ArchivedTask.insert_all([ArchivedTask.model_validate(film.stored())])
    await called(world, panel, 5.5, 8.5)
    await called(world, panel, 8.5, 8.6, cost=None)
    found = await read(http, f"pipelines/{pipeline.id}/waterfall", world.editor)
    by_kind = {row["kind"]: row for row in found["tasks"]}
    drawing = by_kind["films.draw_panel"]
    spans = ("waited_for_others_seconds", "waited_for_worker_seconds", "ran_seconds")
    assert [drawing[name] for name in spans] == [3, 2, 4]
    assert [by_kind["films.write_screenplay"][name] for name in spans] == [0, 1, 2]
    assert [by_kind["films.assemble_episode"][name] for name in spans] == [9, 0, 3]
    assert drawing["group"] == "Scene 1"
    assert [call["cost"] for call in drawing["calls"]] == ["0.25", None]
    assert (drawing["cost"], found["cost"]) == ({"USD": "0.25"}, {"USD": "0.25"})
    assert (found["unpriced_calls"], found["by_status"]) == (1, {"completed": 3})
    assert (found["ended_at"], found["estimated_completion"]) == ("2026-03-01T12:00:12Z", None)


async def test_viewers_see_the_work_and_not_its_cost(
    http: httpx.AsyncClient, world: World, pipeline: Pipeline
) -> None:
    task = task_of(pipeline, "draw_panel", started=1, ended=3)
    await task.insert()
    await called(world, task, 1, 2)
    [row] = (await read(http, f"pipelines/{pipeline.id}/waterfall", world.viewer))["tasks"]
    assert (row["calls"], row["cost"]) == ([], {})


@pytest.mark.parametrize("form", ["graph", "waterfall", "waterfall.svg"])
async def test_strangers_see_nothing(
    form: str, http: httpx.AsyncClient, world: World, pipeline: Pipeline
) -> None:
    path = f"{API}/pipelines/{pipeline.id}/{form}"
    assert codes(await http.get(path, headers=as_(world.stranger))) == (404, "not_found")
    foreign = f"{API}/pipelines/{nobody_has()}/{form}"
    assert codes(await http.get(foreign, headers=as_(world.admin))) == (404, "not_found")


async def test_critical_path_goes_over_what_ended_last(
    http: httpx.AsyncClient, world: World, pipeline: Pipeline
) -> None:
    script = task_of(pipeline, "write_screenplay", started=0, ended=1)
    quick = task_of(pipeline, "score_scene", script, started=1, ended=2)
    slow = task_of(pipeline, "draw_panel", script, started=1, ended=8)
    film = task_of(pipeline, "assemble_episode", quick, slow, started=8, ended=9)
    await Task.insert_all([film, slow, quick, script])
    graph = await read(http, f"pipelines/{pipeline.id}/graph", world.viewer)
    assert graph["critical_path"] == [str(each.id) for each in (script, slow, film)]
    edges = {row["kind"]: row["depends_on"] for row in graph["tasks"]}
    assert edges["films.assemble_episode"] == [str(quick.id), str(slow.id)]


async def past(pipeline: Pipeline, kind: str, seconds: float) -> None:
    before = task_of(pipeline, kind, started=0, ended=seconds, pipeline_id=None)
    await before.insert()


async def test_completion_is_estimated_from_the_past(world: World, pipeline: Pipeline) -> None:
    await past(pipeline, "draw_panel", 10)
    await past(pipeline, "draw_panel", 20)
    await past(pipeline, "assemble_episode", 30)
    script = task_of(pipeline, "write_screenplay", started=0, ended=1)
    panel = task_of(pipeline, "draw_panel", script)
    film = task_of(pipeline, "assemble_episode", panel)
    await Task.insert_all([script, panel, film])
    found = await waterfall.of(pipeline, SLOTS, True)
    assert found.estimated_completion == found.at + timedelta(seconds=45)
    assert found.critical_path == [script.id, panel.id, film.id]


async def test_completion_waits_for_the_busiest_queue(world: World, pipeline: Pipeline) -> None:
    await past(pipeline, "render_scene", 10)
    renders = [task_of(pipeline, "render_scene", queue="cpu") for _ in range(8)]
    await Task.insert_all(renders)
    found = await waterfall.of(pipeline, SLOTS, True)
    assert found.estimated_completion == found.at + timedelta(seconds=40)


@pytest.mark.parametrize(
    "given",
    [
        {"hold": Hold(reason="paused", since=BEGIN)},
        {"status": "failed", "completed_at": at(3)},
    ],
    ids=["on hold", "failed"],
)
async def test_what_stands_still_has_no_estimate(given: dict[str, Any], pipeline: Pipeline) -> None:
    await past(pipeline, "draw_panel", 10)
    stopped = task_of(pipeline, "draw_panel", **given)
    await Task.insert_all([stopped, task_of(pipeline, "draw_panel", stopped)])
    assert (await waterfall.of(pipeline, SLOTS, True)).estimated_completion is None


async def test_nothing_known_has_no_estimate(pipeline: Pipeline) -> None:
    assert (await waterfall.of(pipeline, SLOTS, True)).estimated_completion is None
    await task_of(pipeline, "draw_panel").insert()
    assert (await waterfall.of(pipeline, SLOTS, True)).estimated_completion is None


async def test_task_that_waits_for_others_is_not_ready(pipeline: Pipeline) -> None:
    running = task_of(pipeline, "draw_panel", started=2)
    film = task_of(pipeline, "assemble_episode", running)
    await Task.insert_all([running, film])
    found = await waterfall.of(pipeline, SLOTS, True)
    bars = {bar.task.id: bar for bar in found.bars}
    assert bars[running.id].ready_at == BEGIN
    assert bars[film.id].ready_at is None
    assert bars[film.id].waited_for_worker(found.at) == 0


async def test_picture_shows_every_task(
    http: httpx.AsyncClient, world: World, pipeline: Pipeline
) -> None:
    error = TaskError(message=EVIL, code="broken")
    script = task_of(pipeline, "write_screenplay", started=1, ended=3)
    broken = task_of(
        pipeline, "draw_panel", script, started=4, ended=6, status="failed", error=error
    )
    held = task_of(pipeline, "voice_scene", script, scene_id=world.scene.id)
    await Task.insert_all([script, broken, held])
    for number in range(9):
        await called(world, broken, 4 + number / 10, 5, status="error" if number else "success")
    answer = await http.get(
        f"{API}/pipelines/{pipeline.id}/waterfall.svg", headers=as_(world.editor)
    )
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    root = ElementTree.fromstring(answer.text)  # noqa: S314 - our own picture
    assert {each.tag for each in root.iter()} == {
        SVG + name for name in ("svg", "title", "style", "rect", "text", "path", "g")
    }
    shown = [each.text or "" for each in root.iter(f"{SVG}text")]
    for words in ("write screenplay", "draw panel", "voice scene", "Scene 1", "2 s, 3 more calls"):
        assert words in shown
    assert "0.25 USD" not in shown
    assert "2.25 USD" in shown
    marks = {each.get("class"): each.get("d") or "" for each in root.iter(f"{SVG}path")}
    assert [marks[kind].count("z") for kind in ("failed", "e", "c")] == [1, 5, 1]


async def test_picture_of_nothing(pipeline: Pipeline) -> None:
    picture = drawn(await waterfall.of(pipeline, SLOTS, True))
    assert ElementTree.fromstring(picture).tag == f"{SVG}svg"  # noqa: S314


async def test_picture_of_a_thousand_tasks_is_small(world: World, pipeline: Pipeline) -> None:
    scene = world.scene.id
    tasks = [
        task_of(pipeline, "render_scene", started=number, ended=number + 1.234, scene_id=scene)
        for number in range(1000)
    ]
    await Task.insert_all(tasks)
    found = await waterfall.of(pipeline, SLOTS, True)
    for bar in found.bars:
        bar.calls = [_a_call(bar) for _ in range(3)]
    assert len(drawn(found).encode()) < 500_000


def _a_call(bar: waterfall.Bar) -> waterfall.TaskCall:
    assert bar.started_at is not None
    return waterfall.TaskCall(
        execution_id=Id(),
        provider="paint",
        model="p-1",
        stage="panel",
        status="success",
        started_at=bar.started_at,
        finished_at=bar.ended_at,
        cost=Decimal("0.123456"),
        currency="USD",
    )


@pytest.fixture
async def file(world: World, pipeline: Pipeline) -> Media:
    """A picture that two calls made; a key stands among their inputs."""
    task = task_of(pipeline, "draw_panel", started=1, ended=3)
    await task.insert()
    template = await valid(PromptTemplate, name="panel", version=4).insert()
    execution = await called(
        world,
        task,
        1,
        2.5,
        template_id=template.id,
        inputs={"api_key": "opensesame", "mood": "calm"},
        resolved_prompt="A calm fox, opensesame.",
        output_raw={"width": 720, "note": "x" * 300_000},
        tokens_used=7,
    )
    other = await called(world, task, 2.5, 3, cost=None, status="error", error_message="No.")
    made = GenerationMetadata(execution_id=execution.id, task_id=task.id)
    media = await valid(
        Media,
        workspace_id=world.workspace.id,
        project_id=world.project.id,
        generation_metadata=made,
    ).insert()
    await PromptExecution.advance_one({"_id": other.id}, {"$set": {"media_id": media.id}})
    return media


@pytest.mark.parametrize("who", ["owner", "editor", "collaborator", "producer", "admin"])
async def test_provenance_tells_what_was_sent_came_back_and_cost(
    who: str, http: httpx.AsyncClient, world: World, file: Media
) -> None:
    found = await read(http, f"media/{file.id}/provenance", getattr(world, who))
    first, second = found["calls"]
    assert found["hidden"] == 0
    assert first["prompt"] == "A calm fox, ***."
    assert first["inputs"] == {"api_key": "***", "mood": "calm"}
    assert first["output"].keys() == {"left_out_bytes"}
    assert (first["template"], first["seconds"]) == ("panel version 4", 1.5)
    assert (first["tokens_used"], first["costs"][0]["amount"]) == (7, "0.25")
    assert (second["status"], second["error"]) == ("error", "No.")
    assert second["costs"][0]["amount"] is None


async def test_viewers_learn_that_there_is_more(
    http: httpx.AsyncClient, world: World, file: Media
) -> None:
    found = await read(http, f"media/{file.id}/provenance", world.viewer)
    assert (found["calls"], found["hidden"]) == ([], 2)


async def test_provenance_of_an_upload_and_of_nothing(
    http: httpx.AsyncClient, world: World
) -> None:
    found = await read(http, f"media/{world.media.id}/provenance", world.viewer)
    assert (found["calls"], found["hidden"]) == ([], 0)
    path = f"{API}/media/{world.media.id}/provenance"
    assert codes(await http.get(path, headers=as_(world.stranger))) == (404, "not_found")
