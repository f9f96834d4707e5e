"""Rate limits at the door: who is charged, what is answered, and what happens without Redis."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.types import Message, Receive, Scope, Send

from app.core.metrics import Metrics
from app.limits.middleware import RateLimits
from app.limits.service import Limits, open_limits
from app.settings import Settings
from tests.app.limits.support import API, Behind, WithApp, asking
from tests.app.support import codes

NDJSON = {"accept": "application/x-ndjson"}


@dataclass
class Few:
    """Just those parts that the door asks for."""

    limits: Limits | None


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def low(settings: Settings) -> Settings:
    given = {"rate_per_minute": 40, "rate_per_minute_nobody": 5, "rate_per_minute_auth": 3}
    return settings.model_copy(update=given)


@pytest.fixture
async def limits(low: Settings, metrics: Metrics) -> AsyncIterator[Limits]:
    async with open_limits(low, metrics) as limits:
        yield limits


@pytest.fixture
def door(limits: Limits) -> WithApp:
    return WithApp(RateLimits(Behind(), API), Few(limits))


@pytest.fixture
def address() -> str:
    """One that no other test has come from."""
    return str(uuid4())


@pytest.fixture
async def client(door: WithApp, address: str) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(door, address) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def statuses(client: httpx.AsyncClient, asked: int, path: str, **more: Any) -> list[int]:
    return [(await client.get(API + path, **more)).status_code for _ in range(asked)]


def decisions(registry: CollectorRegistry, rate: str, decision: str) -> float:
    labels = {"rate": rate, "decision": decision}
    return registry.get_sample_value("backlot_rate_limit_decisions_total", labels) or 0.0


async def test_every_answer_says_where_one_stands(client: httpx.AsyncClient) -> None:
    answers = [await client.get(f"{API}/projects") for _ in range(5)]
    assert [int(each.headers["ratelimit-remaining"]) for each in answers] == [4, 3, 2, 1, 0]
    assert {each.headers["ratelimit-limit"] for each in answers} == {"5"}
    assert all(0 < int(each.headers["ratelimit-reset"]) <= 60 for each in answers)


async def test_too_much_is_a_problem_that_says_when_to_go_on(
    client: httpx.AsyncClient, metrics: Metrics
) -> None:
    assert await statuses(client, 6, "/projects") == [200] * 5 + [429]
    answer = await client.get(f"{API}/projects")
    assert codes(answer) == (429, "rate_limited")
    assert answer.headers["retry-after"] == answer.headers["ratelimit-reset"]
    assert answer.headers["ratelimit-remaining"] == "0"
    assert decisions(metrics.registry, "address", "allowed") == 5
    assert decisions(metrics.registry, "address", "refused") == 2


async def test_signing_in_has_a_rate_of_its_own(client: httpx.AsyncClient) -> None:
    assert await statuses(client, 4, "/auth/login") == [200] * 3 + [429]
    assert await statuses(client, 1, "/projects") == [200]


async def test_an_unproved_token_is_charged_to_its_address(client: httpx.AsyncClient) -> None:
    answers = [
        await client.get(f"{API}/projects", headers=bearer(f"guess-{number}"))
        for number in range(6)
    ]
    assert [each.status_code for each in answers] == [200] * 5 + [429]


async def test_a_proved_token_is_charged_to_its_user_whatever_token_it_is(
    client: httpx.AsyncClient, limits: Limits
) -> None:
    user = uuid4().hex
    for token in ("first", "second"):
        limits.remember(f"{user}-{token}", user)
    first, second = (bearer(f"{user}-{token}") for token in ("first", "second"))
    assert await statuses(client, 30, "/projects", headers=first) == [200] * 30
    assert await statuses(client, 11, "/projects", headers=second) == [200] * 10 + [429]
    assert await statuses(client, 1, "/projects") == [200]


async def test_a_signed_in_user_is_held_back_at_the_auth_routes_too(
    client: httpx.AsyncClient, limits: Limits
) -> None:
    user = uuid4().hex
    limits.remember(user, user)
    found = await statuses(client, 4, "/auth/password", headers=bearer(user))
    assert found == [200] * 3 + [429]


@pytest.mark.parametrize(
    ("method", "path", "headers", "passing"),
    [
        ("GET", "/projects", {}, 40),
        ("POST", "/projects", {}, 40),
        ("GET", "/projects?count=true", {}, 20),
        ("GET", "/projects?q=fox", {}, 13),
        ("GET", "/projects?status=done&q=fox", {}, 13),
        ("POST", "/projects/bulk", {}, 4),
        ("POST", "/projects/bulk-delete", {}, 4),
        ("GET", "/projects", NDJSON, 2),
    ],
)
async def test_what_is_dear_costs_more(
    client: httpx.AsyncClient,
    limits: Limits,
    method: str,
    path: str,
    headers: dict[str, str],
    passing: int,
) -> None:
    user = uuid4().hex
    limits.remember(user, user)
    found = [
        (await client.request(method, API + path, headers={**bearer(user), **headers})).status_code
        for _ in range(passing + 1)
    ]
    assert found == [200] * passing + [429]


async def test_other_paths_are_free(client: httpx.AsyncClient) -> None:
    answers = [await client.get("/healthz") for _ in range(8)]
    assert {each.status_code for each in answers} == {200}
    assert "ratelimit-limit" not in answers[0].headers


async def test_addresses_are_apart(door: WithApp, client: httpx.AsyncClient) -> None:
    assert (await statuses(client, 6, "/projects"))[-1] == 429
    async with asking(door, str(uuid4())) as other:
        assert await statuses(other, 1, "/projects") == [200]


async def test_a_network_of_ipv6_is_one_caller(door: WithApp) -> None:
    network = f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}"
    found = []
    for number in range(1, 7):
        async with asking(door, f"{network}::{number}") as client:
            found += await statuses(client, 1, "/projects")
    assert found == [200] * 5 + [429]


async def test_switched_off_nothing_is_counted() -> None:
    async with asking(WithApp(RateLimits(Behind(), API), Few(None))) as client:
        answer = await client.get(f"{API}/projects")
    assert answer.status_code == 200
    assert "ratelimit-limit" not in answer.headers


async def test_without_redis_everything_passes_and_is_counted_as_unchecked(
    low: Settings, metrics: Metrics, address: str
) -> None:
    away = low.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    async with open_limits(away, metrics) as limits:
        door = WithApp(RateLimits(Behind(), API), Few(limits))
        async with asking(door, address) as client:
            assert await statuses(client, 20, "/projects") == [200] * 20
        assert not await limits.ready()
    assert decisions(metrics.registry, "address", "unchecked") == 20


async def shaken(door: WithApp, address: str, *extensions: str) -> list[dict[str, Any]]:
    """What a handshake of a WebSocket is answered."""
    sent: list[dict[str, Any]] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(dict(message))

    scope = {
        "type": "websocket",
        "path": f"{API}/live",
        "query_string": b"",
        "headers": [],
        "client": (address, 1234),
        "extensions": {each: {} for each in extensions},
    }
    await door(scope, receive, send)
    return sent


async def accepting(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands in for a WebSocket route."""
    await send({"type": "websocket.accept"})


async def test_handshakes_of_websockets_are_charged(limits: Limits, address: str) -> None:
    door = WithApp(RateLimits(accepting, API), Few(limits))
    for left in range(4, -1, -1):
        [accepted] = await shaken(door, address)
        assert accepted["type"] == "websocket.accept"
        assert (b"ratelimit-remaining", b"%d" % left) in accepted["headers"]
    begun, body = await shaken(door, address, "websocket.http.response")
    assert (begun["type"], begun["status"]) == ("websocket.http.response.start", 429)
    assert b"rate_limited" in body["body"]
    # A server that cannot answer a handshake with more than 403.
    assert [each["type"] for each in await shaken(door, address)] == ["websocket.close"]
