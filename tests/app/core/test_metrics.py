"""What is measured: requests, the document store, and the installation."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from app.core.backups import note_backup
from app.core.commands import Commands, Connections
from app.core.metrics import Metrics
from app.core.parts import Parts, keep
from app.core.sampling import Sampling, runnable
from app.core.slow_queries import SlowQueries, shape
from app.main import create_app
from app.settings import Settings
from documents.production import CLAIM_INDEX, Task
from documents.registry import COLLECTIONS
from documents.store import Store
from documents.values import now
from tests.app.support import API, TOKEN_KEY, World, as_
from tests.factories.records import valid

LIVE = frozenset({"users", "tasks"})


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"backlot_{name}", labels)


class TestRequests:
    async def test_are_measured_by_route_and_class_of_status(
        self, http: httpx.AsyncClient, parts: Parts, world: World
    ) -> None:
        for _ in range(3):
            await http.get(f"{API}/projects/{world.project.id}", headers=as_(world.owner))
        await http.get(f"{API}/projects/{world.project.id}", headers=as_(world.stranger))
        await http.get("/made/up/by/somebody")
        await http.request("BREW", "/healthz")
        count = "request_seconds_count"
        route = f"{API}/projects/{{id}}"
        assert value(parts.metrics, count, method="GET", route=route, status="2xx") == 3
        assert value(parts.metrics, count, method="GET", route=route, status="4xx") == 1
        assert value(parts.metrics, count, method="GET", route="unknown", status="4xx") == 1
        assert value(parts.metrics, count, method="unknown", route="/healthz", status="4xx") == 1
        assert value(parts.metrics, "requests_running") == 0


@cache
def _app() -> FastAPI:
    """Made once, since that takes its time."""
    return create_app(Settings(_env_file=None, token_key=SecretStr(TOKEN_KEY)))


class TestPage:
    @staticmethod
    def client(parts: Parts, address: str = "127.0.0.1") -> httpx.AsyncClient:
        app = _app()
        keep(app, parts)
        transport = httpx.ASGITransport(app, client=(address, 1))
        return httpx.AsyncClient(transport=transport, base_url="http://test")

    async def test_is_what_prometheus_reads(self, http: httpx.AsyncClient) -> None:
        await http.get("/healthz")
        answer = await http.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain")
        families = {each.name for each in text_string_to_metric_families(answer.text)}
        assert {"backlot_request_seconds", "process_resident_memory_bytes"} <= families

    @pytest.mark.parametrize(
        ("address", "headers", "status"),
        [
            ("127.0.0.1", {}, 200),
            ("::1", {}, 200),
            ("10.0.0.7", {}, 404),
            ("testclient", {}, 404),
            ("127.0.0.1", {"x-forwarded-for": "10.0.0.7"}, 404),
            ("127.0.0.1", {"forwarded": "for=10.0.0.7"}, 404),
        ],
    )
    async def test_is_for_this_machine(
        self, parts: Parts, address: str, headers: dict[str, str], status: int
    ) -> None:
        async with self.client(parts, address) as client:
            assert (await client.get("/metrics", headers=headers)).status_code == status

    @pytest.mark.parametrize(
        ("given", "status"),
        [("Bearer s3cret", 200), ("Bearer wrong", 404), ("s3cret", 404), ("", 404)],
    )
    async def test_with_a_token_it_is_for_who_has_it(
        self, parts: Parts, given: str, status: int
    ) -> None:
        settings = parts.settings.model_copy(update={"metrics_token": SecretStr("s3cret")})
        async with self.client(replace(parts, settings=settings), "10.0.0.7") as client:
            answer = await client.get("/metrics", headers={"authorization": given})
        assert answer.status_code == status


@dataclass(frozen=True, slots=True)
class Listened:
    """A client whose commands are listened to."""

    database: Any
    metrics: Metrics
    slow: SlowQueries


@pytest.fixture
async def listened(settings: Settings, store: Store) -> AsyncIterator[Listened]:
    metrics, slow = Metrics(), SlowQueries(1)
    slow.micros = 0
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        settings.address("mongo_uri"),
        event_listeners=[Commands(metrics, slow, LIVE), Connections(metrics)],
    )
    slow.explain_with(store.client.get_database)
    yield Listened(client[store.database.name], metrics, slow)
    await slow.close()
    await client.close()


class TestStore:
    async def test_commands_are_measured_by_collection(self, listened: Listened) -> None:
        await listened.database["users"].find_one({})
        await listened.database["users"].delete_many({"name": "nobody"})
        count = "store_command_seconds_count"
        assert value(listened.metrics, count, command="find", collection="users") == 1
        assert value(listened.metrics, count, command="delete", collection="users") == 1

    async def test_collections_that_are_not_ours_have_no_label(self, listened: Listened) -> None:
        await listened.database["made_up"].find_one({})
        count = "store_command_seconds_count"
        assert value(listened.metrics, count, command="find", collection="made_up") is None
        assert value(listened.metrics, count, command="find", collection="") == 1

    async def test_failures_are_counted(self, listened: Listened) -> None:
        with pytest.raises(OperationFailure):
            await listened.database.command("noSuchCommand")
        failures = "store_command_failures_total"
        assert value(listened.metrics, failures, command="noSuchCommand") == 1

    async def test_the_pool_is_watched(self, listened: Listened) -> None:
        users = listened.database["users"]
        await asyncio.gather(*(users.find_one({}) for _ in range(5)))
        states = {
            state: value(listened.metrics, "store_connections", state=state)
            for state in ("open", "used", "waiting")
        }
        assert states["open"] is not None
        assert states["open"] >= 1
        assert (states["used"], states["waiting"]) == (0, 0)
        waited = value(listened.metrics, "store_connection_wait_seconds_count")
        assert waited is not None
        assert waited >= 5


class TestSlowQueries:
    async def logged(
        self, listened: Listened, caplog: pytest.LogCaptureFixture
    ) -> list[dict[str, Any]]:
        async with asyncio.timeout(10):
            while not caplog.records:
                await asyncio.sleep(0.005)
        return [vars(each)["fields"] for each in caplog.records]

    async def test_are_logged_with_their_plan_and_without_their_values(
        self, listened: Listened, caplog: pytest.LogCaptureFixture
    ) -> None:
        query = {"name": "somebody secret", "role": {"$in": ["user", "admin"]}}
        with caplog.at_level(logging.WARNING, "app.core.slow_queries"):
            await listened.database["users"].find_one(query, sort=[("_id", 1)])
            [line] = await self.logged(listened, caplog)
        assert line.pop("ms") >= 0
        assert line.pop("plan")
        assert line == {
            "command": "find",
            "collection": "users",
            "shape": {"name": "?", "role": {"$in": ["?"]}},
            "sort": {"_id": 1},
        }
        assert value(listened.metrics, "slow_queries_total", collection="users") == 1

    @pytest.mark.parametrize(
        ("query", "stage"),
        [({"name": "x"}, "COLLSCAN"), ({"role": "admin"}, "IXSCAN role_1")],
    )
    async def test_the_plan_names_the_index(
        self,
        listened: Listened,
        caplog: pytest.LogCaptureFixture,
        query: dict[str, Any],
        stage: str,
    ) -> None:
        with caplog.at_level(logging.WARNING, "app.core.slow_queries"):
            await listened.database["users"].find(query).to_list()
            [line] = await self.logged(listened, caplog)
        assert stage in line["plan"]

    @pytest.mark.parametrize("command", ["aggregate", "update", "delete", "distinct", "modify"])
    async def test_every_kind_is_explained(
        self, listened: Listened, caplog: pytest.LogCaptureFixture, command: str
    ) -> None:
        users = listened.database["users"]
        query, update = {"role": "admin"}, {"$set": {"name": "x"}}
        asks: dict[str, Any] = {
            "aggregate": lambda: users.aggregate([{"$match": query}]),
            "update": lambda: users.update_many(query, update),
            "delete": lambda: users.delete_many(query),
            "distinct": lambda: users.distinct("name", query),
            "modify": lambda: users.find_one_and_update(query, update),
        }
        with caplog.at_level(logging.WARNING, "app.core.slow_queries"):
            await asks[command]()
            [line] = await self.logged(listened, caplog)
        assert any("role_1" in stage for stage in line["plan"]), line

    async def test_a_shape_is_logged_once_a_minute(
        self, listened: Listened, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING, "app.core.slow_queries"):
            for number in range(5):
                await listened.database["users"].find_one({"name": str(number)})
            await listened.slow.close()
        assert len(caplog.records) <= 1
        assert value(listened.metrics, "slow_queries_total", collection="users") == 5

    def test_a_shape_has_names_and_no_values(self) -> None:
        deep: Any = "secret"
        for _ in range(20):
            deep = {"x": [deep, deep, 1]}
        assert "secret" not in str(shape(deep))
        assert shape([{"a": 1}, {"a": "b"}, {"c": None}]) == [{"a": "?"}, {"c": "?"}]


class TestSampling:
    @pytest.fixture
    def metrics(self) -> Metrics:
        return Metrics()

    @pytest.fixture
    def sampling(self, store: Store, metrics: Metrics) -> Sampling:
        async def answers() -> bool:
            return True

        return Sampling(store.database, COLLECTIONS, metrics, answers)

    async def test_tasks(self, sampling: Sampling, metrics: Metrics) -> None:
        earlier = now() - timedelta(minutes=7)
        common = {"kind": "films.x", "task_type": "render"}
        await Task.insert_all(
            [
                valid(Task, **common, queue="cpu", queued_at=earlier),
                valid(Task, **common, queue="cpu"),
                valid(Task, **common, queue="cpu", ready=False),
                valid(Task, **common, queue="cpu", run_after=now() + timedelta(hours=1)),
                valid(Task, **common, queue="io", status="processing"),
                valid(Task, **common, status="failed", completed_at=now()),
                valid(Task, **common, status="failed", completed_at=now() - timedelta(hours=1)),
            ]
        )
        await sampling.tasks()
        found = {
            (queue, state): value(metrics, "tasks", queue=queue, state=state)
            for queue in ("cpu", "io", "light")
            for state in ("runnable", "waiting", "processing")
        }
        assert {place: count for place, count in found.items() if count} == {
            ("cpu", "runnable"): 2,
            ("cpu", "waiting"): 1,
            ("io", "processing"): 1,
        }
        age = value(metrics, "oldest_task_seconds", queue="cpu")
        assert age is not None
        assert 400 < age < 500
        assert value(metrics, "oldest_task_seconds", queue="io") == 0
        assert value(metrics, "finished_tasks", status="failed") == 1

    async def test_looking_at_tasks_is_served_by_an_index_alone(self, store: Store) -> None:
        command = {
            "aggregate": "tasks",
            "pipeline": runnable("cpu"),
            "hint": dict(CLAIM_INDEX),
            "cursor": {},
        }
        plan = str(await store.database.command({"explain": command, "verbosity": "queryPlanner"}))
        assert "IXSCAN" in plan
        assert "FETCH" not in plan
        assert "COLLSCAN" not in plan

    async def test_replication(self, sampling: Sampling, metrics: Metrics) -> None:
        await sampling.replication()
        lags = [
            sample.value
            for family in metrics.registry.collect()
            if family.name == "backlot_replication_lag_seconds"
            for sample in family.samples
        ]
        assert lags == [0.0]

    async def test_sizes_and_indexes(
        self, sampling: Sampling, metrics: Metrics, world: World
    ) -> None:
        await sampling.sizes()
        await sampling.indexes()
        assert value(metrics, "collection_documents", collection="projects") == 1
        size = value(metrics, "collection_bytes", collection="projects", part="indexes")
        assert size is not None
        assert size > 0
        assert value(metrics, "index_uses", collection="projects", index="_id_") is not None
        assert value(metrics, "unused_indexes", collection="projects") == 0

    async def test_redis(self, sampling: Sampling, metrics: Metrics) -> None:
        await sampling.redis()
        assert value(metrics, "redis_up") == 1

    async def test_backups(self, sampling: Sampling, metrics: Metrics, store: Store) -> None:
        await store.database["operations"].delete_many({})
        await sampling.backups()
        assert value(metrics, "backup_timestamp_seconds", outcome="succeeded") == 0
        begun = now().timestamp()
        await note_backup(store.database, "succeeded")
        await sampling.backups()
        assert value(metrics, "backup_timestamp_seconds", outcome="failed") == 0
        ended = value(metrics, "backup_timestamp_seconds", outcome="succeeded")
        assert ended is not None
        assert ended >= begun

    async def test_goes_on_after_a_failure(
        self, store: Store, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.core.sampling.OFTEN_SECONDS", 0.001)
        asked = 0

        async def fails_once() -> bool:
            nonlocal asked
            asked += 1
            if asked == 1:
                raise OperationFailure("not now")
            return True

        sampling = asyncio.create_task(Sampling(store.database, (), metrics, fails_once).run())
        async with asyncio.timeout(10):
            while not value(metrics, "redis_up"):
                await asyncio.sleep(0.005)
        sampling.cancel()
        await asyncio.gather(sampling, return_exceptions=True)
        assert value(metrics, "sample_failures_total", sample="redis") == 1
