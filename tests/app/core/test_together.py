"""Writes that share a transaction: each is written with its entry, refused alone, never lost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from pymongo.asynchronous.client_session import AsyncClientSession

from app.audit.service import record
from app.core.actor import Actor
from app.core.merge import updated
from app.core.parts import Parts
from app.core.recording import Change
from app.core.together import Writes
from documents.base import NotUnique, StoredDocument, raised
from documents.channels import Channel
from documents.identity import AuditEntry
from tests.app.support import API, World, as_, client_of


class Recorder:
    """Counts how often it is called, in whose transactions, with how much."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.fails_with = ""

    async def __call__(self, session: AsyncClientSession, *changes: Change) -> None:
        assert session.in_transaction
        self.calls.append(len(changes))
        if any((each.after or {}).get("name") == self.fails_with for each in changes):
            raise RuntimeError("the books are full")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def writes(parts: Parts, recorder: Recorder) -> Writes:
    return Writes(parts.store, Channel, recorder)


@pytest.fixture
async def recorded(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(replace(parts, record=record)) as client:
        yield client


def channel(world: World, name: str, youtube: str | None = None) -> StoredDocument:
    return Channel(
        workspace_id=world.workspace.id,
        created_by=world.owner.id,
        name=name,
        brand_niche="Rain",
        youtube_channel_id=youtube,
    ).stored()


async def names() -> list[str]:
    return sorted([row["name"] async for row in Channel.collection().find({}, {"name": 1})])


async def test_those_of_one_turn_share_a_transaction(
    writes: Writes, recorder: Recorder, world: World
) -> None:
    who = Actor(world.owner.id)
    await asyncio.gather(*(writes.create(channel(world, name), who) for name in "CAB"))
    assert recorder.calls == [3]
    assert await names() == ["A", "B", "C"]


async def test_one_that_is_refused_takes_no_other_along(writes: Writes, world: World) -> None:
    who = Actor(world.owner.id)
    await writes.create(channel(world, "There", "UC1"), who)
    answers = await asyncio.gather(
        writes.create(channel(world, "A"), who),
        writes.create(channel(world, "Twice", "UC1"), who),
        writes.create(channel(world, "B"), who),
        return_exceptions=True,
    )
    assert [type(each) for each in answers] == [type(None), NotUnique, type(None)]
    assert await names() == ["A", "B", "There"]


async def test_one_that_cannot_be_recorded_takes_no_other_along(
    writes: Writes, recorder: Recorder, world: World
) -> None:
    who, recorder.fails_with = Actor(world.owner.id), "Untold"
    answers = await asyncio.gather(
        writes.create(channel(world, "A"), who),
        writes.create(channel(world, "Untold"), who),
        return_exceptions=True,
    )
    assert [type(each) for each in answers] == [type(None), RuntimeError]
    assert await names() == ["A"]


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"$inc": {"revision": 1}},
        {"$currentDate": {"updated_at": True}},
        {"$set": {"name": "Theirs"}},
        {"$currentDate": {"deleted_at": True}},
    ],
)
async def test_what_others_have_changed_is_not_written_over(
    writes: Writes, recorder: Recorder, world: World, meanwhile: dict[str, Any]
) -> None:
    who, before = Actor(world.owner.id), channel(world, "Before")
    await writes.create(before, who)
    await Channel.collection().update_one({"_id": before["_id"]}, meanwhile)
    update = raised({"$set": {"name": "Ours"}})
    assert not await writes.change(before, update, updated(before, update), who)
    assert await names() == ["Theirs" if "$set" in meanwhile else "Before"]
    assert recorder.calls == [1]


async def test_two_changes_of_one_record_do_not_both_pass(writes: Writes, world: World) -> None:
    who, before = Actor(world.owner.id), channel(world, "Before")
    await writes.create(before, who)
    updates = [raised({"$set": {"name": name}}) for name in ("One", "Other")]
    done = await asyncio.gather(
        *(writes.change(before, each, updated(before, each), who) for each in updates)
    )
    assert sorted(done) == [False, True]


async def test_requests_at_once_are_told_of_under_their_own_ids(
    recorded: httpx.AsyncClient, world: World
) -> None:
    async def make(number: int) -> httpx.Response:
        body = {"workspace_id": str(world.workspace.id), "name": f"{number}", "brand_niche": "Rain"}
        headers = {**as_(world.owner), "X-Request-ID": f"make-{number}"}
        return await recorded.post(f"{API}/channels", json=body, headers=headers)

    made = await asyncio.gather(*map(make, range(12)))
    assert {each.status_code for each in made} == {201}
    told = AuditEntry.collection().find({}, {"request_id": 1, "after.name": 1})
    assert {(row["request_id"], row["after"]["name"]) async for row in told} == {
        (f"make-{number}", f"{number}") for number in range(12)
    }


async def test_patches_at_once_are_all_in_the_record(
    recorded: httpx.AsyncClient, world: World
) -> None:
    body = {"workspace_id": str(world.workspace.id), "name": "Rain", "brand_niche": "Rain"}
    headers = as_(world.owner)
    made = await recorded.post(f"{API}/channels", json=body, headers=headers)
    path = made.headers["location"]
    patches: list[dict[str, Any]] = [
        {"name": "Storm"},
        {"brand_niche": "Thunder"},
        {"is_active": False},
    ]
    answers = await asyncio.gather(
        *(recorded.patch(path, json=each, headers=headers) for each in patches)
    )
    assert {each.status_code for each in answers} == {200}
    assert {each.json()["revision"] for each in answers} == {2, 3, 4}
    now = (await recorded.get(path, headers=headers)).json()
    assert {**now, **patches[0], **patches[1], **patches[2]} == now
