"""Views whose clients are slow: they cost no memory and lose no state."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
from bson import Timestamp

from app.core import positions
from app.core.parts import Parts
from app.live import follower as follower_module
from app.live import live as live_module
from app.live.events import Event, Place
from app.live.follower import Follower
from app.live.live import Live
from app.live.messages import Events, Notice
from app.live.ring import Ring
from documents.base import Record
from tests.app.live.support import (
    PATIENCE,
    caught_up,
    made_task,
    set_marks,
    set_progress,
    topic,
)
from tests.app.support import TOKENS, World


@pytest.fixture
async def views(parts: Parts) -> AsyncIterator[Live]:
    async with Live(parts.store, parts.reading, parts.authenticate) as opened:
        yield opened


async def following(views: Live, world: World, *records: Record) -> Follower:
    """A view that has its state."""
    await caught_up(views, world.viewer)
    view = await views.follow(TOKENS.issue(world.viewer.id))
    assert not await view.begin([topic(each) for each in records])
    state = await view.next()
    assert isinstance(state, Notice)
    assert state.type == "resync"
    return view


async def texts(view: Follower) -> list[str]:
    message = await view.next()
    assert isinstance(message, Events)
    return [each.json.decode() for each in message.events]


async def test_outdone_progress_is_left_out_and_state_is_not(views: Live, world: World) -> None:
    task = await made_task(world.project)
    view = await following(views, world, task)
    await set_progress(task, *range(1, 40))
    await set_marks(task, 1, 2)
    await set_progress(task, *range(40, 80))
    await _settled(views, world)
    heard = await texts(view)
    assert ['"mark"' in each for each in heard] == [True, True, False]
    assert '"percentage":79' in heard[-1]
    assert '"current_step":""' in heard[-1]


async def test_a_view_that_keeps_up_hears_every_step(views: Live, world: World) -> None:
    task = await made_task(world.project)
    view = await following(views, world, task)
    await set_progress(task, *range(1, 40))
    await _settled(views, world)
    heard: list[str] = []
    while len(heard) < 39:
        heard += await texts(view)
    assert [f'"percentage":{number}' in each for number, each in enumerate(heard, 1)] == [True] * 39


async def test_a_view_too_far_behind_starts_again(
    views: Live, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_module, "MOST_BEHIND", 10)
    task = await made_task(world.project)
    view = await following(views, world, task)
    await set_marks(task, *range(20))
    await _settled(views, world)
    message = await view.next()
    assert isinstance(message, Notice)
    assert message.type == "resync"
    assert (message.members or {})["state"][0]["data"]["error"]["message"] == "19"
    await set_marks(task, 20)
    assert '"20"' in (await texts(view))[0]


async def test_a_view_behind_the_ring_starts_again(
    parts: Parts, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "Ring", partial(Ring, most_events=5))
    task = await made_task(world.project)
    async with Live(parts.store, parts.reading, parts.authenticate) as views:
        view = await following(views, world, task)
        await set_marks(task, *range(20))
        await _settled(views, world)
        assert len(views.ring) == 5
        message = await view.next()
        assert isinstance(message, Notice)
        assert message.type == "resync"


async def test_an_event_at_the_moment_of_a_heartbeat_is_not_lost(
    views: Live, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats: list[Callable[[], None]] = []
    loop = asyncio.get_running_loop()

    def remembered(delay: float, call: Callable[..., None], *given: Any) -> asyncio.TimerHandle:
        if delay == follower_module.HEARTBEAT_SECONDS:
            beats.append(call)
        return loop.call_at(loop.time() + delay, call, *given)

    task = await made_task(world.project)
    with monkeypatch.context() as patched:
        patched.setattr(loop, "call_later", remembered)
        view = await following(views, world, task)
    waiting = asyncio.create_task(view.next())
    for _ in range(5):
        await asyncio.sleep(0)  # now it waits
    beats[-1]()  # the heartbeat is due, and ends the wait when the loop turns
    before = views.ring.position
    moment = positions.moment_of(before)
    cursor = positions.before(Timestamp(moment.time + 1, 1))
    place = Place(topic(task), {}, (topic(task),), None)
    views.ring.append(Event(cursor, "task.updated", place, False, b"{}"))
    views.ring.position = cursor
    view.wake(before)
    assert await waiting == Notice("ping", before)
    async with asyncio.timeout(PATIENCE):
        assert await texts(view) == ["{}"]


async def _settled(views: Live, world: World) -> None:
    """Everything that was written until now is in the ring."""
    witness = await following(views, world, world.project)
    await type(world.project).advance_one(
        {"_id": world.project.id}, {"$set": {"status": "on-hold"}}
    )
    while not any(each.type == "project.updated" for each in await _events(witness)):
        pass
    views.leave(witness)


async def _events(view: Follower) -> list[Event]:
    message = await view.next()
    return [*message.events] if isinstance(message, Events) else []
