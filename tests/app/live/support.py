"""Clients of live views, and the servers that they talk to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Self

import pytest
import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.core import errors
from app.core.parts import Parts, keep
from app.live.live import Live
from app.live.routes import router
from documents.base import Record
from documents.identity import User
from documents.production import Task, TaskError
from documents.values import Id
from tests.app.support import API, TOKENS
from tests.factories.records import valid

PATIENCE = 30.0
Subject = tuple[str, Id]
LIVES: dict[str, Live] = {}
"""The live views of the API processes under test, by address."""


@asynccontextmanager
async def serving(parts: Parts) -> AsyncIterator[str]:
    """An API process of its own: its address, without the scheme."""
    own = replace(parts, live=Live(parts.store, parts.reading, parts.authenticate))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with own.live:
            keep(app, own)
            yield

    # Only the doors under test: a hundred other routes would take their time in every test.
    app = FastAPI(lifespan=lifespan)
    errors.install(app)
    app.include_router(router, prefix=API)
    config = uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        assert not running.done()
    address = f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}{API}/live"
    LIVES[address] = own.live
    try:
        yield address
    finally:
        del LIVES[address]
        server.should_exit = True
        await running


async def caught_up(live: Live, user: User) -> None:
    """All that was written until now is in the ring: none of it comes later, beside the state."""
    live.leave(await live.follow(TOKENS.issue(user.id)))
    marker = await valid(Task).insert()
    async with asyncio.timeout(PATIENCE):
        while not live.ring.after(live.ring.floor, [topic(marker)])[0]:
            await asyncio.sleep(0.01)
    await Task.collection().delete_one({"_id": marker.id})


class Client:
    """One tab: collects what it is told."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.told: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.cursor: str | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        address: str,
        user: User | None = None,
        *subjects: Subject,
        cursor: str | None = None,
    ) -> AsyncIterator[Self]:
        """A connection that has said hello, if a user is given, and is welcome.

        What was written before is told by its state, or from the cursor.
        """
        if user is not None:
            await caught_up(LIVES[address], user)
        async with connect(f"ws://{address}", compression=None) as connection:
            client = cls(connection)
            if user is not None:
                await client.say(
                    type="hello",
                    token=TOKENS.issue(user.id),
                    subscriptions=named(*subjects),
                    **({} if cursor is None else {"cursor": cursor}),
                )
                await client.hear("subscribed")
                if not client.first("welcome")["resumed"] and subjects:
                    await client.hear("resync")
            yield client

    async def say(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def hear(self, type: str) -> dict[str, Any]:
        """Listen until a message of this type has come."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message: dict[str, Any] = json.loads(await self.connection.recv())
                self.told.append(message)
                self.events += message.get("events", ())
                last = message.get("events", [message])[-1]
                self.cursor = last.get("cursor", self.cursor)
                if message["type"] == type:
                    return message

    async def hear_until(self, done: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Listen until such an event has come; answers all events so far."""
        while not any(done(each) for each in self.events):
            await self.hear("events")
        return self.events

    async def closed(self) -> tuple[int, str]:
        """Listen until the server closes; answers its code and reason."""
        with pytest.raises(ConnectionClosed) as end:
            await self._listen()
        assert end.value.rcvd is not None
        return end.value.rcvd.code, end.value.rcvd.reason

    async def _listen(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                self.told.append(json.loads(await self.connection.recv()))

    def first(self, type: str) -> dict[str, Any]:
        return next(each for each in self.told if each["type"] == type)


def named(*subjects: Subject) -> list[dict[str, str]]:
    return [{"collection": name, "id": str(key)} for name, key in subjects]


def topic(record: Record) -> Subject:
    return record.collection_name(), record.id


async def made_task(owner: Any, **given: Any) -> Task:
    """A task of this project."""
    inside = {"workspace_id": owner.workspace_id, "project_id": owner.id}
    return await valid(Task, **{**inside, **given}).insert()


async def set_priority(task: Task, *priorities: int) -> None:
    """Changes of state, none of which may be lost."""
    for each in priorities:
        await Task.collection().update_one({"_id": task.id}, {"$set": {"priority": each}})


async def set_progress(task: Task, *percentages: float) -> None:
    """Changes as a worker writes them."""
    for each in percentages:
        await Task.collection().update_one(
            {"_id": task.id},
            [{"$set": {"progress.percentage": each, "updated_at": "$$NOW"}}],
        )


async def set_marks(task: Task, *numbers: int) -> None:
    """Changes of state that can be told apart."""
    for each in numbers:
        error = TaskError(message=str(each), code="mark").model_dump()
        await Task.collection().update_one({"_id": task.id}, {"$set": {"error": error}})


def marks(events: Sequence[dict[str, Any]]) -> list[int]:
    return [int(each["data"]["error"]["message"]) for each in events if "error" in each["data"]]


def priorities(events: Sequence[dict[str, Any]]) -> list[int]:
    return [each["data"]["priority"] for each in events if each["type"] == "task.updated"]
