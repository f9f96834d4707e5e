"""`Idempotency-Key`: a repeated POST runs once and is answered as at first."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pymongo.errors import AutoReconnect

from app.core import idempotency
from app.core.idempotency import ABANDONED_AFTER, KEPT_FOR
from app.core.parts import Parts
from app.core.recording import Change
from documents.films import Project
from documents.identity import ApiKey
from documents.requests import IdempotentRequest
from documents.scenes import Scene
from documents.values import now
from tests.app.support import API, World, as_, client_of, codes

PATH = f"{API}/projects"


def keyed(world: World, key: str = "one", who: str = "owner") -> dict[str, str]:
    return {**as_(getattr(world, who)), "Idempotency-Key": key}


def body_for(world: World, **given: Any) -> dict[str, Any]:
    return {"workspace_id": str(world.workspace.id), "title": "Wolf", **given}


async def projects() -> int:
    return await Project.collection().count_documents({}) - 1


class TestReplay:
    async def test_is_the_first_answer(self, http: httpx.AsyncClient, world: World) -> None:
        asked: dict[str, Any] = {"json": body_for(world), "headers": keyed(world)}
        first = await http.post(PATH, **asked)
        again = await http.post(PATH, **asked)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert again.headers["etag"] == first.headers["etag"] == '"1"'
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["content-type"] == first.headers["content-type"]
        assert again.headers["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in first.headers
        assert again.headers["x-request-id"] != first.headers["x-request-id"]
        assert await projects() == 1

    async def test_of_a_refusal(self, http: httpx.AsyncClient, world: World) -> None:
        asked: dict[str, Any] = {"json": body_for(world, colour="red"), "headers": keyed(world)}
        answers = [await http.post(PATH, **asked) for _ in range(2)]
        assert [codes(each) for each in answers] == [(422, "invalid")] * 2
        assert answers[0].content == answers[1].content
        assert answers[1].headers["idempotency-replayed"] == "true"

    async def test_of_an_answer_without_content(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        ids = {"ids": [str(world.scene.id)]}
        path = f"{API}/scenes/bulk-delete"
        answers = [await http.post(path, json=ids, headers=keyed(world)) for _ in range(2)]
        assert [each.status_code for each in answers] == [204, 204]
        assert await Scene.collection().count_documents({}) == 0

    async def test_keys_belong_to_users(self, http: httpx.AsyncClient, world: World) -> None:
        for who in ("owner", "editor"):
            answer = await http.post(PATH, json=body_for(world), headers=keyed(world, who=who))
            assert answer.status_code == 201
        assert await projects() == 2

    async def test_without_a_key_each_runs(self, http: httpx.AsyncClient, world: World) -> None:
        for _ in range(2):
            await http.post(PATH, json=body_for(world), headers=as_(world.owner))
        assert await projects() == 2
        assert await IdempotentRequest.collection().count_documents({}) == 0

    async def test_ends_after_a_day(self, http: httpx.AsyncClient, world: World) -> None:
        asked: dict[str, Any] = {"json": body_for(world), "headers": keyed(world)}
        await http.post(PATH, **asked)
        known = await IdempotentRequest.first_in(True, {})
        assert known is not None
        assert known.expires_at - known.created_at <= KEPT_FOR + timedelta(seconds=1)
        await IdempotentRequest.collection().update_many({}, {"$set": {"expires_at": now()}})
        again = await http.post(PATH, **asked)
        assert "idempotency-replayed" not in again.headers
        assert await projects() == 2


class TestAnotherRequest:
    @pytest.mark.parametrize(
        ("path", "given"),
        [
            ("projects", {"title": "Other"}),
            ("projects/bulk", {}),
            ("projects?x=1", {}),
            ("video-campaigns", {}),
        ],
    )
    async def test_is_refused(
        self, http: httpx.AsyncClient, world: World, path: str, given: dict[str, Any]
    ) -> None:
        await http.post(PATH, json=body_for(world), headers=keyed(world))
        answer = await http.post(
            f"{API}/{path}", json=body_for(world, **given), headers=keyed(world)
        )
        assert codes(answer) == (409, "idempotency_key_reused")
        assert await projects() == 1

    @pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "ä"])
    async def test_keys_that_cannot_be_taken(
        self, http: httpx.AsyncClient, world: World, key: str
    ) -> None:
        headers = [
            *((name.encode(), value.encode()) for name, value in as_(world.owner).items()),
            (b"Idempotency-Key", key.encode("latin-1")),
        ]
        answer = await http.post(PATH, json=body_for(world), headers=headers)
        assert codes(answer) == (400, "bad_idempotency_key")
        assert await projects() == 0

    async def test_needs_somebody(self, http: httpx.AsyncClient, world: World) -> None:
        answer = await http.post(PATH, json=body_for(world), headers={"Idempotency-Key": "one"})
        assert codes(answer) == (401, "not_signed_in")
        assert await IdempotentRequest.collection().count_documents({}) == 0


class Gate:
    """A recorder that holds the first write until it is opened."""

    def __init__(self) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()

    async def __call__(self, session: Any, *changes: Change) -> None:
        self.reached.set()
        await self.open.wait()


class TestAtOnce:
    async def test_one_runs_and_all_get_its_answer(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        asked: dict[str, Any] = {"json": body_for(world), "headers": keyed(world)}
        answers = await asyncio.gather(*(http.post(PATH, **asked) for _ in range(5)))
        assert {each.status_code for each in answers} == {201}
        assert len({each.content for each in answers}) == 1
        assert sum("idempotency-replayed" in each.headers for each in answers) == 4
        assert await projects() == 1

    async def test_who_waits_too_long_is_told_so(
        self, parts: Parts, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(idempotency, "PATIENCE_SECONDS", 0.1)
        gate = Gate()
        asked: dict[str, Any] = {"json": body_for(world), "headers": keyed(world)}
        async with client_of(replace(parts, record=gate)) as client:
            first = asyncio.create_task(client.post(PATH, **asked))
            await gate.reached.wait()
            second = await client.post(PATH, **asked)
            gate.open.set()
            assert (await first).status_code == 201
            third = await client.post(PATH, **asked)
        assert codes(second) == (409, "request_running")
        assert second.headers["retry-after"] == "1"
        assert third.headers["idempotency-replayed"] == "true"
        assert await projects() == 1


class TestFailures:
    async def test_a_failure_of_ours_is_forgotten(self, parts: Parts, world: World) -> None:
        async def broken(session: Any, *changes: Change) -> None:
            raise RuntimeError("the disk is full")

        asked: dict[str, Any] = {"json": body_for(world), "headers": keyed(world)}
        async with client_of(replace(parts, record=broken)) as client:
            assert (await client.post(PATH, **asked)).status_code == 500
        async with client_of(parts) as client:
            answer = await client.post(PATH, **asked)
        assert answer.status_code == 201
        assert "idempotency-replayed" not in answer.headers
        assert await projects() == 1

    async def test_an_answer_that_cannot_be_kept_is_given(
        self,
        http: httpx.AsyncClient,
        world: World,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        async def away(*_: Any) -> None:
            raise AutoReconnect("mongo.internal:27017")

        monkeypatch.setattr(IdempotentRequest, "write_one", away)
        answer = await http.post(PATH, json=body_for(world), headers=keyed(world))
        assert answer.status_code == 201
        assert "could not be kept" in caplog.text

    async def test_secrets_are_shown_once(self, http: httpx.AsyncClient, world: World) -> None:
        body = {
            "workspace_id": str(world.workspace.id),
            "name": "Nightly",
            "scopes": ["read:projects"],
        }
        asked: dict[str, Any] = {"json": body, "headers": keyed(world)}
        first = await http.post(f"{API}/api-keys", **asked)
        again = await http.post(f"{API}/api-keys", **asked)
        assert first.status_code == 201, first.text
        assert codes(again) == (409, "answer_not_kept")
        kept = await IdempotentRequest.collection().find_one({})
        assert first.json()["key"] not in str(kept)
        assert await ApiKey.collection().count_documents({}) == 1

    async def test_a_caller_who_goes_away_leaves_no_trace(self, parts: Parts, world: World) -> None:
        gate = Gate()
        asked: dict[str, Any] = {"json": body_for(world), "headers": keyed(world)}
        async with client_of(replace(parts, record=gate)) as client:
            first = asyncio.create_task(client.post(PATH, **asked))
            await gate.reached.wait()
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
        assert await IdempotentRequest.collection().count_documents({}) == 0
        assert await projects() == 0

    async def test_what_a_killed_process_left_running_is_taken_over(
        self, http: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(idempotency, "PATIENCE_SECONDS", 0.1)
        asked: dict[str, Any] = {"json": body_for(world), "headers": keyed(world)}
        await http.post(PATH, **asked)
        running: dict[str, Any] = {"state": "running", "status": None, "body": None, "headers": {}}
        await IdempotentRequest.collection().update_many({}, {"$set": running})
        assert codes(await http.post(PATH, **asked)) == (409, "request_running")
        long_ago = now() - ABANDONED_AFTER - timedelta(seconds=1)
        await IdempotentRequest.collection().update_many({}, {"$set": {"updated_at": long_ago}})
        answers = await asyncio.gather(*(http.post(PATH, **asked) for _ in range(3)))
        assert {each.status_code for each in answers} == {201}
        assert await projects() == 2

    async def test_the_late_answer_of_who_was_given_up_does_not_count(
        self, parts: Parts, world: World
    ) -> None:
        gate = Gate()
        asked: dict[str, Any] = {"json": body_for(world), "headers": keyed(world)}
        async with client_of(replace(parts, record=gate)) as client:
            first = asyncio.create_task(client.post(PATH, **asked))
            await gate.reached.wait()
            long_ago = now() - ABANDONED_AFTER - timedelta(seconds=1)
            await IdempotentRequest.collection().update_many({}, {"$set": {"updated_at": long_ago}})
            second = asyncio.create_task(client.post(PATH, **asked))
            gate.open.set()
            answers = await asyncio.gather(first, second)
            third = await client.post(PATH, **asked)
        known = await IdempotentRequest.first_in(True, {})
        assert known is not None
        assert third.content in {each.content for each in answers}
        assert known.body == third.content
