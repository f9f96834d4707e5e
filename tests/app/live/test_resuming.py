"""Coming back with a cursor: nothing is lost and nothing comes twice."""

import asyncio

import pytest
from bson import Timestamp
from pymongo.errors import AutoReconnect

from app.core import positions
from app.core.change_streams import Batch, ChangeStream, HistoryLost
from app.core.parts import Parts
from tests.app.live.support import (
    LIVES,
    Client,
    made_task,
    marks,
    serving,
    set_marks,
    set_progress,
    topic,
)
from tests.app.support import World


async def test_what_was_missed_comes_once_from_any_process(
    address: str, other_address: str, world: World
) -> None:
    task = await made_task(world.project)
    async with Client.open(address, world.viewer, topic(task)) as client:
        await set_marks(task, 1, 2, 3)
        await client.hear_until(lambda each: marks([each]) == [3])
        heard, cursor = marks(client.events), client.cursor
    await set_marks(task, 4, 5)
    for place in (other_address, address):
        async with Client.open(place, world.viewer, topic(task), cursor=cursor) as client:
            assert client.first("welcome")["resumed"]
            await client.hear_until(lambda each: marks([each]) == [5])
            assert marks(client.events) == [4, 5]
    assert heard == [1, 2, 3]


async def test_a_client_that_changes_process_all_the_time_misses_nothing(
    address: str, other_address: str, world: World
) -> None:
    task, many = await made_task(world.project), 200
    first_half = asyncio.create_task(set_marks(task, *range(many // 2)))
    heard: list[int] = []
    cursor: str | None = None
    async with Client.open(address, world.viewer, topic(task)) as client:
        state = client.first("resync")["state"][0]["data"]["error"]
        begun = int(state["message"]) + 1 if state else 0
        cursor = client.cursor

    async def second_half() -> None:
        await first_half
        await set_marks(task, *range(many // 2, many))

    writing = asyncio.create_task(second_half())
    places = [other_address, address]
    while not heard or heard[-1] < many - 1:
        places.reverse()
        subjects = (topic(task), topic(world.project))
        async with Client.open(places[0], world.viewer, *subjects, cursor=cursor) as client:
            await client.hear("events")
            heard += marks(client.events)
            cursor = client.cursor
    await writing
    # The state may have been newer than its cursor, never older.
    assert heard == [*range(heard[0], many)]
    assert heard[0] <= begun


async def test_a_restarted_process_serves_an_old_cursor(parts: Parts, world: World) -> None:
    task = await made_task(world.project)
    async with (
        serving(parts) as address,
        Client.open(address, world.viewer, topic(task)) as client,
    ):
        await set_marks(task, 1)
        await client.hear_until(lambda each: marks([each]) == [1])
    await set_marks(task, 2, 3)
    await set_progress(task, 50)
    async with (
        serving(parts) as address,
        Client.open(address, world.viewer, topic(world.project), cursor=client.cursor) as client,
    ):
        heard = await client.hear_until(lambda each: "progress" in each["data"])
    assert marks(heard) == [2, 3]


@pytest.mark.parametrize("time", [1, 2**32 - 1], ids=["too old", "not yet"])
async def test_a_cursor_out_of_range_brings_the_state(
    address: str, world: World, time: int
) -> None:
    task = await made_task(world.project)
    await set_marks(task, 1, 2)
    cursor = positions.before(Timestamp(time, 1))
    async with Client.open(address, world.viewer, topic(task), cursor=cursor) as client:
        assert not client.first("welcome")["resumed"]
        assert client.first("resync")["state"][0]["data"]["error"]["message"] == "2"
        await set_marks(task, 3)
        await client.hear("events")
    assert marks(client.events) == [3]


async def test_a_pipeline_begins_with_its_tasks(address: str, world: World) -> None:
    running = await made_task(
        world.project,
        status="processing",
        progress={"percentage": 40, "current_step": "encoding"},
    )
    await made_task(world.project)
    async with Client.open(address, world.viewer, topic(world.project)) as client:
        (state,) = client.first("resync")["state"]
    assert state["tasks"]["by_status"] == {"processing": 1, "queued": 1}
    (shown,) = state["tasks"]["running"]
    assert shown["id"] == str(running.id)
    assert shown["progress"]["current_step"] == "encoding"
    assert state["data"]["title"] == "The Fox"


async def test_a_broken_stream_goes_on_where_it_was(
    address: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await made_task(world.project)
    async with Client.open(address, world.viewer, topic(task)) as client:
        await has_history(address)
        _failing_once(monkeypatch, AutoReconnect("the primary has stepped down"))
        await set_marks(task, *range(20))
        await client.hear_until(lambda each: marks([each]) == [19])
    assert marks(client.events) == [*range(20)]
    assert len([each for each in client.told if each["type"] == "resync"]) == 1


async def test_lost_history_brings_the_state(
    address: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await made_task(world.project)
    async with Client.open(address, world.viewer, topic(task)) as client:
        await has_history(address)
        _failing_once(monkeypatch, HistoryLost("the oplog has rolled over"))
        await set_marks(task, 1, 2)
        while (await client.hear("resync"))["state"][0]["data"]["error"] is None:
            pass
        await set_marks(task, 3)
        await client.hear_until(lambda each: marks([each]) == [3])


async def has_history(address: str) -> None:
    """The process has read what was before it, so that one stream alone is open."""
    await LIVES[address].can_resume(positions.before(Timestamp(1, 1)))


def _failing_once(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """The next changes do not arrive."""
    plain = ChangeStream.next

    async def failing(stream: ChangeStream) -> Batch:
        while not (await plain(stream)).changes:
            pass
        monkeypatch.setattr(ChangeStream, "next", plain)
        raise error

    monkeypatch.setattr(ChangeStream, "next", failing)
