"""The verbs of work and money over HTTP: what they change, and who may."""

from decimal import Decimal

import httpx
import pytest

from app.production.tasks import Ownership, add, new_task
from documents.base import Subject
from documents.ledger import Budget, GenerationCost
from documents.production import Pipeline, Task, TaskError
from documents.values import Id, now
from tests.app.support import API, World, as_
from tests.factories import valid
from tests.support.kinds import WORK, Work


async def make_task(world: World, pipeline: Pipeline | None = None, **given: object) -> Task:
    owner = Ownership(
        workspace_id=world.workspace.id,
        project_id=world.project.id,
        pipeline_id=pipeline.id if pipeline else None,
    )
    task: Task = new_task(WORK, Work(), owner).model_copy(update=given)
    await add([task])
    return task


async def make_failed(world: World, message: str = "No picture.") -> Task:
    error = TaskError(message=message, code="broken", cause=f"broken: {message}")
    return await make_task(world, status="failed", error=error, completed_at=now(), ready=False)


async def stored(task: Task) -> Task:
    found = await Task.one_in(True, task.id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("verb", "status", "held", "priority"),
    [
        ("cancel", "cancelled", False, 5),
        ("hold", "queued", True, 5),
        ("front", "queued", False, 10),
    ],
)
async def test_editor_acts_on_a_task(
    verb: str, status: str, held: bool, priority: int, http: httpx.AsyncClient, world: World
) -> None:
    task = await make_task(world)
    answer = await http.post(f"{API}/tasks/{task.id}/{verb}", headers=as_(world.editor))
    assert (answer.status_code, answer.json()) == (200, {"changed": 1})
    changed = await stored(task)
    assert (changed.status, changed.hold is not None, changed.priority) == (status, held, priority)


async def test_retry_and_resume(http: httpx.AsyncClient, world: World) -> None:
    failed, held = await make_failed(world), await make_task(world)
    editor = as_(world.editor)
    await http.post(f"{API}/tasks/{held.id}/hold", headers=editor)
    for task, verb in ((failed, "retry"), (held, "resume")):
        answer = await http.post(f"{API}/tasks/{task.id}/{verb}", headers=editor)
        assert answer.status_code == 200
        assert (await stored(task)).ready


async def test_what_is_not_possible_says_so(http: httpx.AsyncClient, world: World) -> None:
    task = await make_task(world)
    answer = await http.post(f"{API}/tasks/{task.id}/retry", headers=as_(world.editor))
    assert (answer.status_code, answer.json()["code"]) == (409, "not_possible")


@pytest.mark.parametrize("who", ["stranger", "viewer"])
async def test_who_may_not_change_the_subject_cannot_tell_the_task_exists(
    who: str, http: httpx.AsyncClient, world: World
) -> None:
    task = await make_task(world)
    headers = as_(getattr(world, who))
    answer = await http.post(f"{API}/tasks/{task.id}/cancel", headers=headers)
    assert answer.status_code == 404
    assert (await stored(task)).status == "queued"


async def test_unknown_verb_is_refused(http: httpx.AsyncClient, world: World) -> None:
    task = await make_task(world)
    answer = await http.post(f"{API}/tasks/{task.id}/explode", headers=as_(world.editor))
    assert answer.status_code == 422


async def test_pipeline_is_held_and_resumed_as_a_whole(
    http: httpx.AsyncClient, world: World
) -> None:
    pipeline = await valid(
        Pipeline,
        workspace_id=world.workspace.id,
        project_id=world.project.id,
        kind="films.make_episode",
    ).insert()
    first, second = await make_task(world, pipeline), await make_task(world, pipeline)
    held = await http.post(f"{API}/pipelines/{pipeline.id}/hold", headers=as_(world.editor))
    assert held.json() == {"changed": 2}
    later = await make_task(world, pipeline)
    assert (await stored(later)).hold is not None
    resumed = await http.post(f"{API}/pipelines/{pipeline.id}/resume", headers=as_(world.editor))
    assert resumed.json() == {"changed": 3}
    cancelled = await http.post(f"{API}/pipelines/{pipeline.id}/cancel", headers=as_(world.editor))
    assert cancelled.json() == {"changed": 3}
    assert {(await stored(each)).status for each in (first, second, later)} == {"cancelled"}


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("editor", 404), ("admin", 200)])
async def test_owner_pauses_a_workspace(
    who: str, status: int, http: httpx.AsyncClient, world: World
) -> None:
    task = await make_task(world)
    answer = await http.post(
        f"{API}/workspaces/{world.workspace.id}/hold-work", headers=as_(getattr(world, who))
    )
    assert answer.status_code == status
    assert ((await stored(task)).hold is not None) == (status == 200)


async def test_failure_desk_groups_retries_and_discards(
    http: httpx.AsyncClient, world: World
) -> None:
    first, second = await make_failed(world), await make_failed(world)
    other = await make_failed(world, "The disk is full.")
    editor = as_(world.editor)
    groups = (await http.get(f"{API}/failures", headers=editor)).json()
    assert [(each["count"], each["example"]) for each in groups] == [
        (2, "No picture."),
        (1, "The disk is full."),
    ]
    retried = await http.post(
        f"{API}/failures/retry", json={"cause": groups[0]["cause"]}, headers=editor
    )
    discarded = await http.post(
        f"{API}/failures/discard", json={"cause": groups[1]["cause"]}, headers=editor
    )
    assert (retried.json(), discarded.json()) == ({"changed": 2}, {"changed": 1})
    assert {(await stored(each)).status for each in (first, second)} == {"queued"}
    assert (await stored(other)).status == "cancelled"
    stranger = await http.get(f"{API}/failures", headers=as_(world.stranger))
    assert stranger.json() == []


async def test_queues_show_what_waits_in_ones_workspaces(
    http: httpx.AsyncClient, world: World
) -> None:
    await make_task(world)
    [depth] = (await http.get(f"{API}/queues", headers=as_(world.viewer))).json()
    assert (depth["queue"], depth["status"], depth["count"]) == ("io", "queued", 1)
    assert depth["oldest_seconds"] >= 0
    assert (await http.get(f"{API}/queues", headers=as_(world.stranger))).json() == []


async def test_cost_report_sums_what_one_may_see(http: httpx.AsyncClient, world: World) -> None:
    await valid(
        GenerationCost,
        workspace_id=world.workspace.id,
        project_id=world.project.id,
        amount=Decimal("0.25"),
        subject=Subject(collection="projects", id=world.project.id),
    ).insert()
    path = f"{API}/costs/report?by=category&project_id={world.project.id}"
    [line] = (await http.get(path, headers=as_(world.owner))).json()
    assert (line["key"], line["amount"], line["calls"]) == ("llm", "0.25", 1)
    assert (await http.get(path, headers=as_(world.stranger))).json() == []
    refused = await http.get(f"{API}/costs/report?by=weather", headers=as_(world.owner))
    assert refused.status_code == 422


@pytest.mark.parametrize(("who", "status"), [("viewer", 200), ("stranger", 404)])
async def test_cost_of_a_minute_is_told_of_projects_that_one_may_see(
    who: str, status: int, http: httpx.AsyncClient, world: World
) -> None:
    answer = await http.get(
        f"{API}/costs/per-minute",
        params={"project_id": str(world.project.id)},
        headers=as_(getattr(world, who)),
    )
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("who", "status"), [("owner", 200), ("producer", 200), ("editor", 404), ("stranger", 404)]
)
async def test_budget_is_set_by_who_keeps_the_books(
    who: str, status: int, http: httpx.AsyncClient, world: World
) -> None:
    answer = await http.put(
        f"{API}/budgets/projects/{world.project.id}",
        json={"limit": "12.50"},
        headers=as_(getattr(world, who)),
    )
    assert answer.status_code == status
    budget = await Budget.first_in(True, {"owner.id": world.project.id})
    assert (budget is not None and budget.limit == Decimal("12.50")) == (status == 200)


async def test_raised_budget_lets_held_work_go_on(http: httpx.AsyncClient, world: World) -> None:
    path = f"{API}/budgets/workspaces/{world.workspace.id}"
    owner = as_(world.owner)
    made = (await http.put(path, json={"limit": "0"}, headers=owner)).json()
    task = await make_task(world)
    hold = {"reason": "budget", "since": now(), "by": None, "budget_id": Id(made["id"])}
    await Task.collection().update_one({"_id": task.id}, {"$set": {"hold": hold, "ready": False}})
    await http.put(path, json={"limit": "5"}, headers=owner)
    assert (await stored(task)).ready


@pytest.mark.parametrize(
    ("collection", "body"),
    [
        ("media", {"limit": "1"}),
        ("projects", {"limit": "-1"}),
        ("projects", {"limit": "lots"}),
        ("projects", {"limit": "1", "spent": "0"}),
    ],
)
async def test_bad_budget_is_refused_and_nothing_written(
    collection: str, body: dict[str, str], http: httpx.AsyncClient, world: World
) -> None:
    answer = await http.put(
        f"{API}/budgets/{collection}/{world.project.id}", json=body, headers=as_(world.owner)
    )
    assert answer.status_code == 422
    assert await Budget.collection().count_documents({}) == 0
