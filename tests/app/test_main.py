"""The application as it is started, its health, its errors and its OpenAPI page."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from beanie import init_beanie
from pydantic import SecretStr
from pymongo.errors import ServerSelectionTimeoutError

from app.core.parts import Parts
from app.core.storage import Storage, StorageUnreachable
from app.core.wakeups import Wakeups
from app.main import create_app
from app.settings import NotConfigured, Settings
from documents.registry import MODELS
from documents.store import Store
from tests.app.support import API, World, as_, client_of, codes


class FailingStorage(Storage):
    async def exists(self, key: str) -> bool:
        raise StorageUnreachable("s3.internal:8333 refused the connection")


class HangingStorage(Storage):
    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.asked, self.awake = 0, asyncio.Event()

    async def exists(self, key: str) -> bool:
        self.asked += 1
        await self.awake.wait()
        return True


async def test_lifespan_opens_and_closes_the_servers(api_settings: Settings, store: Store) -> None:
    app = create_app(api_settings)
    try:
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                answer = await client.get("/readyz")
        assert answer.status_code == 200
        assert answer.json()["status"] == "ready"
    finally:
        # The document classes go back to the store of the other tests.
        await init_beanie(store.database, document_models=[*MODELS], skip_indexes=True)


@pytest.mark.parametrize("key", [None, SecretStr("short"), SecretStr("x" * 31)])
def test_a_missing_or_short_token_key_is_named(settings: Settings, key: SecretStr | None) -> None:
    with pytest.raises(NotConfigured, match="BACKLOT_TOKEN_KEY"):
        create_app(settings.model_copy(update={"token_key": key}))


async def test_without_addresses_the_start_says_what_to_set() -> None:
    bare = Settings(_env_file=None, token_key=SecretStr("k" * 32)).model_copy(
        update={"mongo_uri": None}
    )
    app = create_app(bare)
    with pytest.raises(NotConfigured, match="BACKLOT_MONGO_URI"):
        async with app.router.lifespan_context(app):
            pytest.fail("opened without a store")


class TestHealth:
    async def test_lives(self, http: httpx.AsyncClient) -> None:
        assert (await http.get("/healthz")).json() == {"status": "ok"}

    async def test_ready(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/readyz")
        parts = {name: {"ok": True} for name in ("document_store", "object_store", "wake_ups")}
        assert answer.json() == {"status": "ready", "parts": parts}

    async def test_without_object_store_not_ready(self, parts: Parts) -> None:
        broken = replace(parts, storage=FailingStorage(parts.settings))
        async with client_of(broken) as client:
            answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
        assert "StorageUnreachable" in answer.json()["parts"]["object_store"]["why"]
        assert "s3.internal" not in answer.text

    async def test_a_server_that_hangs_is_not_ready(
        self, parts: Parts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.core.health.PATIENCE", 0.05)
        hanging = HangingStorage(parts.settings)
        async with client_of(replace(parts, storage=hanging)) as client:
            answers = await asyncio.gather(client.get("/readyz"), client.get("/readyz"))
            assert [each.status_code for each in answers] == [503, 503]
            assert "no answer" in answers[0].json()["parts"]["object_store"]["why"]
            assert hanging.asked == 1
            hanging.awake.set()
            assert (await client.get("/readyz")).status_code == 200

    async def test_without_redis_only_degraded(self, parts: Parts) -> None:
        class Away(Wakeups):
            async def ready(self) -> bool:
                return False

        async with client_of(replace(parts, wakeups=Away("redis://127.0.0.1:1"))) as client:
            answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


class TestErrors:
    @pytest.mark.parametrize(
        ("method", "path", "expected"),
        [
            ("GET", "/nowhere", (404, "not_found")),
            ("GET", f"{API}/nowhere", (404, "not_found")),
            ("PUT", f"{API}/projects", (405, "method_not_allowed")),
            ("GET", f"{API}/projects", (401, "not_signed_in")),
        ],
    )
    async def test_by_the_framework_too(
        self, http: httpx.AsyncClient, method: str, path: str, expected: tuple[int, str]
    ) -> None:
        answer = await http.request(method, path)
        assert codes(answer) == expected
        problem = answer.json()
        assert problem["type"] == f"urn:backlot:problem:{expected[1]}"
        assert problem["status"] == expected[0]
        assert {"title", "detail", "request_id"} <= problem.keys()

    async def test_not_signed_in_says_how(self, http: httpx.AsyncClient) -> None:
        answer = await http.get(f"{API}/users/me")
        assert answer.headers["www-authenticate"] == "Bearer"

    async def test_validation_names_fields_and_repeats_no_value(
        self, http: httpx.AsyncClient
    ) -> None:
        body = {"email": "nobody", "password": "hunter2", "extra": 1}
        answer = await http.post(f"{API}/auth/register", json=body)
        assert codes(answer) == (422, "invalid")
        assert {(each["location"], each["field"]) for each in answer.json()["errors"]} == {
            ("body", "email"),
            ("body", "name"),
            ("body", "password"),
            ("body", "extra"),
        }
        assert "hunter2" not in answer.text

    async def test_a_bug_shows_nothing_of_itself(
        self, parts: Parts, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def broken(_: str) -> Any:
            raise RuntimeError("the secret inside")

        async with client_of(replace(parts, authenticate=broken)) as client:
            answer = await client.get(
                f"{API}/projects",
                headers={**as_(world.owner), "X-Request-ID": "trace-7"},
            )
        assert codes(answer) == (500, "internal_error")
        assert "secret" not in answer.text
        assert answer.headers["x-request-id"] == answer.json()["request_id"] == "trace-7"
        assert "the secret inside" in caplog.text

    async def test_a_store_that_is_away_is_503(self, parts: Parts, world: World) -> None:
        async def away(_: str) -> Any:
            raise ServerSelectionTimeoutError("mongo.internal:27017")

        async with client_of(replace(parts, authenticate=away)) as client:
            answer = await client.get(f"{API}/projects", headers=as_(world.owner))
        assert codes(answer) == (503, "unavailable")
        assert answer.headers["retry-after"]
        assert "mongo.internal" not in answer.text


class TestRequestIds:
    async def test_a_fit_one_is_kept(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/healthz", headers={"X-Request-ID": "abc-1.2_Z"})
        assert answer.headers["x-request-id"] == "abc-1.2_Z"

    @pytest.mark.parametrize("brought", ["", "a b", "x" * 65, "a\tb", "ä"])
    async def test_others_are_replaced(self, http: httpx.AsyncClient, brought: str) -> None:
        header = {b"X-Request-ID": brought.encode("latin-1")}
        answer = await http.get("/healthz", headers=header)
        assert len(answer.headers["x-request-id"]) == 32

    async def test_each_request_has_its_own(self, http: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(*(http.get("/nowhere") for _ in range(5)))
        assert len({each.json()["request_id"] for each in answers}) == 5
        assert all(a.headers["x-request-id"] == a.json()["request_id"] for a in answers)


class TestOpenApi:
    async def test_names_every_route_once(self, http: httpx.AsyncClient) -> None:
        page = (await http.get("/openapi.json")).json()
        operations = [
            operation["operationId"]
            for methods in page["paths"].values()
            for operation in methods.values()
        ]
        assert page["openapi"].startswith("3.1")
        assert len(operations) == len(set(operations))
        assert {"login", "list_projects", "read_media_content", "readyz"} <= set(operations)

    async def test_refusals_are_problems(self, http: httpx.AsyncClient) -> None:
        page = (await http.get("/openapi.json")).json()
        schemas = page["components"]["schemas"]
        assert "Problem" in schemas
        assert "HTTPValidationError" not in schemas
        for methods in page["paths"].values():
            for operation in methods.values():
                for status, answer in operation["responses"].items():
                    if status[0] == "4":
                        assert [*answer["content"]] == ["application/problem+json"], operation

    async def test_every_mention_of_a_schema_leads_somewhere(self, http: httpx.AsyncClient) -> None:
        text = (await http.get("/openapi.json")).text
        schemas = (await http.get("/openapi.json")).json()["components"]["schemas"]
        mentioned = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
        assert mentioned <= schemas.keys()

    async def test_no_secret_is_described(self, http: httpx.AsyncClient) -> None:
        schemas = (await http.get("/openapi.json")).json()["components"]["schemas"]
        described = {name for each in schemas.values() for name in each.get("properties", {})}
        assert not described & {"password_hash", "credentials", "revision_id", "key_hash"}
