"""When a pipeline has ended, and how: told from its tasks."""

from datetime import timedelta
from typing import Any

import pytest

from app.telling.pipelines import End, ended_pipelines
from documents.production import Task
from documents.store import Store
from documents.values import Id, now
from tests.factories.records import valid

MOMENT = now()


async def end_of(*tasks: dict[str, Any]) -> End | None:
    """The end of a pipeline of these tasks; each may name others by their numbers."""
    key, ids = Id(), [Id() for _ in tasks]
    for number, given in enumerate(tasks):
        waits = [ids[each] for each in given.pop("waits", [])]
        if given["status"] != "queued":
            given["completed_at"] = MOMENT + timedelta(seconds=number)
        if given["status"] == "failed":
            given["error"] = {"message": "It broke.", "code": "broken"}
        await valid(Task, id=ids[number], pipeline_id=key, waiting_for=waits, **given).insert()
    return (await ended_pipelines([key])).get(key)


DONE, FAILED, CANCELLED = ({"status": each} for each in ("completed", "failed", "cancelled"))
OPTIONAL = {"status": "failed", "optional": True}


@pytest.mark.parametrize(
    ("tasks", "outcome", "last"),
    [
        pytest.param([DONE, DONE], "completed", 1, id="all done"),
        pytest.param([DONE, OPTIONAL], "completed", 1, id="optional step failed"),
        pytest.param([FAILED, DONE], "failed", 1, id="one failed, the rest is done"),
        pytest.param(
            [FAILED, {"status": "queued", "waits": [0]}, {"status": "queued", "waits": [1]}],
            *("failed", 0),
            id="the rest waits in vain",
        ),
        pytest.param([FAILED, CANCELLED], "failed", 0, id="cancelling moves no end"),
    ],
)
async def test_ended(tasks: list[dict[str, Any]], outcome: str, last: int, store: Store) -> None:
    end = await end_of(*(dict(each) for each in tasks))
    assert end is not None
    assert end.outcome == outcome
    assert end.at == MOMENT + timedelta(seconds=last)
    assert sum(end.by_status.values()) == len(tasks)


@pytest.mark.parametrize(
    "tasks",
    [
        pytest.param([], id="no tasks yet"),
        pytest.param([DONE, {"status": "queued"}], id="a step can start"),
        pytest.param([FAILED, {"status": "processing"}], id="a step runs"),
        pytest.param([FAILED, {"status": "queued", "ready": False}], id="a step is on hold"),
        pytest.param([DONE, {"status": "queued", "waits": [0]}], id="a step was not told yet"),
        pytest.param([OPTIONAL, {"status": "queued", "waits": [0]}], id="nor this one"),
        pytest.param([DONE, CANCELLED], id="a person has ended it"),
        pytest.param([CANCELLED, {"status": "queued", "waits": [0]}], id="and what follows"),
    ],
)
async def test_not_ended(tasks: list[dict[str, Any]], store: Store) -> None:
    assert await end_of(*(dict(each) for each in tasks)) is None
