"""The same over Server-Sent Events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest

from app.live import follower
from documents.identity import User
from documents.production import WebsocketConnection
from documents.values import Id
from tests.app.live.support import (
    LIVES,
    PATIENCE,
    caught_up,
    made_task,
    marks,
    set_marks,
    topic,
)
from tests.app.support import World, as_, codes


class Stream:
    """The parts of an event stream, as a browser reads them."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()
        self.last_id: str | None = None
        self.comments: list[str] = []

    async def next(self) -> tuple[str, dict[str, Any]]:
        """The next event and its data."""
        found: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if line.startswith(":"):
                    self.comments.append(line)
                elif line:
                    found[name] = value
                else:
                    self.last_id = found.get("id", self.last_id)
                    if "data" in found:
                        return found["event"], orjson.loads(found["data"])
        raise EOFError


@asynccontextmanager
async def listening(
    address: str, user: User, *subjects: tuple[str, Id], **headers: str
) -> AsyncIterator[Stream]:
    await caught_up(LIVES[address], user)
    asked = {"subscribe": ",".join(f"{name}:{key}" for name, key in subjects)}
    async with (
        httpx.AsyncClient() as client,
        client.stream(
            "GET", f"http://{address}/events", params=asked, headers={**as_(user), **headers}
        ) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer)


async def test_a_stream_begins_with_the_state_and_resumes(address: str, world: World) -> None:
    task = await made_task(world.project)
    async with listening(address, world.viewer, topic(task)) as stream:
        name, data = await stream.next()
        assert name == "resync"
        assert data["state"][0]["data"]["status"] == "queued"
        await set_marks(task, 1)
        name, data = await stream.next()
        assert (name, marks([data])) == ("task.updated", [1])
        assert stream.last_id == data["cursor"]
    await set_marks(task, 2, 3)
    resumed = {"Last-Event-ID": stream.last_id or ""}
    async with listening(address, world.viewer, topic(task), **resumed) as stream:
        heard = [await stream.next(), await stream.next()]
    assert marks([data for _, data in heard]) == [2, 3]


async def test_a_strange_last_event_id_brings_the_state(address: str, world: World) -> None:
    old = {"Last-Event-ID": "from elsewhere"}
    async with listening(address, world.viewer, topic(world.project), **old) as stream:
        assert (await stream.next())[0] == "resync"


async def test_heartbeats_move_the_last_event_id(
    address: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "HEARTBEAT_SECONDS", 0.05)
    async with listening(address, world.viewer, topic(world.project)) as stream:
        _, data = await stream.next()
        await made_task(world.project)
        await stream.next()
        before = stream.last_id
        await asyncio.sleep(0.1)
        await made_task(world.project)
        await stream.next()
    assert stream.comments
    assert before is not None
    assert before >= data["cursor"]


async def test_a_closed_account_ends_the_stream(
    address: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(address, world.viewer, topic(world.project)) as stream:
        await stream.next()
        await User.collection().delete_one({"_id": world.viewer.id})
        assert await stream.next() == (
            "closing",
            {
                "type": "closing",
                "code": "not_signed_in",
                "detail": "The account of this token is closed.",
            },
        )
        with pytest.raises(EOFError):
            await stream.next()


async def test_a_client_that_leaves_closes_its_record(address: str, world: World) -> None:
    async with listening(address, world.owner, topic(world.project)) as stream:
        await stream.next()
        (record,) = await WebsocketConnection.all_in(True, {})
        assert record.metadata == {"transport": "sse"}
        assert record.disconnected_at is None
    async with asyncio.timeout(PATIENCE):
        while not await WebsocketConnection.all_in(True, {"disconnected_at": {"$ne": None}}):
            await asyncio.sleep(0.01)


async def test_refusals_are_problems(address: str, world: World) -> None:
    async def asked(user: User | None, subscribe: str) -> tuple[int, str]:
        async with httpx.AsyncClient() as client:
            answer = await client.get(
                f"http://{address}/events",
                params={"subscribe": subscribe},
                headers={} if user is None else as_(user),
            )
            return codes(answer)

    project = f"projects:{world.project.id}"
    assert await asked(None, project) == (401, "not_signed_in")
    assert await asked(world.stranger, project) == (404, "not_found")
    assert await asked(world.owner, f"{project},tasks:{Id()}") == (404, "not_found")
    for bad in ("", "projects", "projects:7", f"users:{world.owner.id}", f"{project},"):
        assert await asked(world.owner, bad) == (400, "bad_query")
    many = ",".join(f"tasks:{Id()}" for _ in range(101))
    assert await asked(world.owner, many) == (400, "bad_query")
    assert await WebsocketConnection.all_in(True, {}) == []
