"""What browsers are told, on every answer and on the pages for people."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Any

import httpx
import pytest

from app.core.parts import Parts, keep
from app.main import create_app
from tests.app.support import API, World, as_, client_of

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
}
PAGES = ["/docs", "/redoc", "/docs/oauth2-redirect"]
ORIGIN = "https://studio.example"


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", f"{API}/projects", "/openapi.json"])
async def test_every_answer_carries_them(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert "strict-transport-security" not in answer.headers


async def test_a_bug_carries_them_too(parts: Parts, world: World) -> None:
    async def broken(_: str) -> Any:
        raise RuntimeError("a bug")

    async with client_of(replace(parts, authenticate=broken)) as client:
        answer = await client.get(f"{API}/projects", headers=as_(world.owner))
    assert answer.status_code == 500
    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE


async def test_https_is_kept_to(http: httpx.AsyncClient) -> None:
    answer = await http.get("https://test/healthz")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("path", PAGES)
async def test_pages_load_nothing_from_outside(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert not [each for each in loaded if "//" in each]
    for each in loaded:
        assert (await http.get(each)).status_code == 200, each


@pytest.mark.parametrize("path", PAGES)
async def test_pages_run_the_scripts_that_stand_in_them_and_no_others(
    http: httpx.AsyncClient, path: str
) -> None:
    answer = await http.get(path)
    policy = answer.headers["content-security-policy"]
    directives = dict(each.split(" ", 1) for each in policy.split("; "))
    inline = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    hashes = {f"'sha256-{b64encode(sha256(each.encode()).digest()).decode()}'" for each in inline}
    assert set(directives["script-src"].split()) == {"'self'", *hashes}
    assert directives["default-src"] == directives["frame-ancestors"] == "'none'"
    assert not re.findall(r"\son\w+=", answer.text)


class TestCrossOrigin:
    async def test_nobody_by_default(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/healthz", headers={"origin": ORIGIN})
        assert "access-control-allow-origin" not in answer.headers

    async def test_those_of_the_setting(self, parts: Parts) -> None:
        async with _open_to(parts, f"{ORIGIN}, https://other.example") as client:
            mine = await client.get("/healthz", headers={"origin": ORIGIN})
            foreign = await client.get("/healthz", headers={"origin": "https://evil.example"})
        assert mine.headers["access-control-allow-origin"] == ORIGIN
        assert "etag" in mine.headers["access-control-expose-headers"].lower()
        assert "access-control-allow-credentials" not in mine.headers
        assert mine.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "access-control-allow-origin" not in foreign.headers

    async def test_asking_first(self, parts: Parts) -> None:
        asked = {
            "origin": ORIGIN,
            "access-control-request-method": "PATCH",
            "access-control-request-headers": "authorization,if-match,idempotency-key",
        }
        async with _open_to(parts, ORIGIN) as client:
            answer = await client.options(f"{API}/projects", headers=asked)
        assert answer.status_code == 200
        assert "PATCH" in answer.headers["access-control-allow-methods"]


@asynccontextmanager
async def _open_to(parts: Parts, origins: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application whose answers pages of these origins may use."""
    app = create_app(parts.settings.model_copy(update={"cors_origins": origins}))
    keep(app, parts)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
