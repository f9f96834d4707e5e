"""A real API process: its limits over real connections, its logs, and how it ends."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import orjson

from app.settings import Settings
from tests.app.support import API, TOKEN_KEY, codes

CHUNK = b"x" * 65_536


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
    """The process, ready, and a client of it; in the end it is gone."""
    port = free_port()
    told = {
        "BACKLOT_MONGO_DATABASE": settings.mongo_database,
        "BACKLOT_REDIS_URL": settings.address("redis_url"),
        "BACKLOT_S3_BUCKET": settings.s3_bucket,
        "BACKLOT_TOKEN_KEY": TOKEN_KEY,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.api_process", str(port)),
        env={**os.environ, **told},
        stderr=PIPE,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            await _ready(process, client)
            yield process, client
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _ready(process: Process, client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while process.returncode is None:
            try:
                await client.get("/healthz")
            except httpx.ConnectError:
                await asyncio.sleep(0.05)
            else:
                return
    raise AssertionError(f"the process ended with {process.returncode}")


async def test_a_running_request_is_finished_after_sigterm(settings: Settings) -> None:
    async with running(settings) as (process, client):
        asked = asyncio.create_task(client.get("/slow"))
        async with asyncio.timeout(30):
            while not (await client.get("/slow/begun")).json():
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        answer = await asked
        assert (answer.status_code, answer.json()) == (200, {"answer": "whole"})
        assert process.stderr is not None
        written = await process.stderr.read()
        assert await process.wait() in (0, -signal.SIGTERM)
    lines = [orjson.loads(line) for line in written.splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    routes = [line["route"] for line in lines if line["logger"] == "app.access"]
    assert "/slow" in routes
    assert not [line for line in lines if line["level"] in ("error", "critical")]


async def test_limits_hold_over_real_connections(settings: Settings) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield CHUNK

    async with running(settings) as (_, client):
        path = f"{API}/auth/login"
        json = {"content-type": "application/json"}
        assert codes(await client.post(path, content=endless(), headers=json)) == (413, "too_large")
        long = await client.post(path, content=CHUNK * 64, headers=json)
        assert codes(long) == (413, "too_large")
        headers = await client.get(path, headers={"x-long": "x" * 40_000})
        assert codes(headers) == (431, "headers_too_long")
        answer = await client.get(f"{API}/projects")
        assert codes(answer) == (401, "not_signed_in")
        assert 0 < int(answer.headers["ratelimit-remaining"]) < 300
        ready = await client.get("/readyz")
        assert ready.json()["parts"]["rate_limits"] == {"ok": True}
        metrics = (await client.get("/metrics")).text
        assert "backlot_change_stream_connected 1.0" in metrics
        assert 'backlot_store_connections{state="open"}' in metrics
