"""The API's figures, each beside a bare handler that makes the same raw calls, in one run.

Two uvicorn processes of one worker each, on the same servers and the same collection; a load
generator in a process of its own with 32 connections; rounds of the two in turn, ratios by round.
How the size of a collection tells is asked of two databases side by side, in turn as well, so that
what else the machine does is in neither figure alone.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import psutil

from app.settings import Settings
from documents.base import Record
from documents.channels import Channel
from documents.films import Project
from documents.identity import User, Workspace
from documents.store import Store
from documents.values import Id
from scripts.bench.report import Bar, Report
from scripts.migrate import migrated
from scripts.processes import Child, children
from scripts.stack import Stack, environment
from scripts.stack.ports import choose
from scripts.up import await_ready

BARS: Final = (
    Bar("read_ratio", ">=", 0.7),
    Bar("list_ratio", ">=", 0.85),
    Bar("create_ratio", ">=", 0.3),
    Bar("change_ratio", ">=", 0.3),
    Bar("growth_read", "<=", 1.3),
    Bar("growth_list_first", "<=", 1.3),
    Bar("growth_list_deep", "<=", 1.3),
    Bar("growth_filtered", "<=", 1.3),
    Bar("api_memory_mib", "<=", 250),
    Bar("ndjson_extra_mib", "<=", 50),
)
CONNECTIONS: Final = 32
WARM_SECONDS: Final = 2.0
ROUND_SECONDS: Final = 4.0
SMALL: Final = 10_000
SOME: Final = 1_000
"""Records that are read and changed by id."""
DEEP_PAGE: Final = 1_000
PAGE: Final = 10
SINGLE: Final = 200
READY_SECONDS: Final = 180.0
"""A busy machine takes its time to start a process."""
LOAD_TIMEOUT: Final = 1_800
"""Seconds; a load stops by itself long before."""
PASSWORD: Final = "correct horse battery"  # noqa: S105 - of an account that ends with the bench
UNLIMITED: Final = "1000000000"

Requests: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured."""

    rounds: int
    large: int
    """Documents of the large collection."""
    requests: int
    """After so many the memory of the process is looked at."""


WHOLE: Final = Extent(rounds=5, large=1_000_000, requests=1_000_000)
"""What the bars are about; takes 20 to 30 minutes."""
QUICK: Final = Extent(rounds=3, large=50_000, requests=20_000)
"""A first look; takes two or three minutes."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is measured: our API, and who asks it."""

    ours: int
    bare: int
    headers: dict[str, str]
    user: Id
    workspace: Id
    process: psutil.Process


def measure(settings: Settings, extent: Extent = WHOLE) -> Report:
    """Measure on servers of our own, or on those of BACKLOT_*."""
    with Stack(settings, temporary=settings.mongo_uri is None) as running:
        name = f"bench_{os.getpid()}"
        large = running.model_copy(update={"mongo_database": name})
        small = running.model_copy(update={"mongo_database": f"{name}_small"})
        try:
            figures = _figures(large, small, extent)
        finally:
            for each in (large, small):
                asyncio.run(dropped(each))
    return Report("api", figures, BARS)


def measure_small(settings: Settings) -> Report:
    """The same figures from less: for whoever changes something and wants to see what it does."""
    return measure(settings, QUICK)


def _figures(large: Settings, small: Settings, extent: Extent) -> dict[str, float]:
    with served(large) as target:
        asyncio.run(_fill(large, target, SMALL))
        figures = _ratios(large, target, extent.rounds)
        figures["api_memory_mib"] = _memory_after(target, extent.requests)
        asyncio.run(_fill(large, target, extent.large))
        with served(small) as little:
            asyncio.run(_fill(small, little, SMALL))
            figures |= _growth(little, target)
        figures["ndjson_extra_mib"] = _streaming_memory(target)
    return figures


@contextmanager
def served(
    settings: Settings, application: str = "scripts.bench.bare_api:application"
) -> Iterator[Target]:
    """Both applications with production defaults; only the rate limit lets the load through."""
    asyncio.run(migrated(settings))
    ports = choose(["ours", "bare"], {}, ())
    logs = settings.data / "logs"
    variables = environment(settings) | {
        "BACKLOT_RATE_PER_MINUTE": UNLIMITED,
    }
    api = Child(
        ["api", "--port", str(ports["ours"])], variables, logs / f"{settings.mongo_database}.log"
    )
    bare = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", application, "--factory"),
            *("--port", str(ports["bare"]), "--log-level", "warning", "--no-access-log"),
        ],
        env={**os.environ, **variables},
    )
    try:
        with children(api):
            await_ready(f"http://127.0.0.1:{ports['ours']}/readyz", api, READY_SECONDS)
            await_ready(f"http://127.0.0.1:{ports['bare']}/docs", api, READY_SECONDS)
            headers, user, workspace = _account(settings, ports["ours"])
            process = psutil.Process(api.process.pid)
            yield Target(ports["ours"], ports["bare"], headers, user, workspace, process)
    finally:
        bare.terminate()
        bare.wait()


def _account(settings: Settings, port: int) -> tuple[dict[str, str], Id, Id]:
    base = f"http://127.0.0.1:{port}/api/v1/auth"
    person = {"email": "bench@example.com", "password": PASSWORD}
    _post(f"{base}/register", {**person, "name": "Bench"})
    token = _post(f"{base}/login", person)["access_token"]

    async def found() -> tuple[Id, Id]:
        uri = settings.address("mongo_uri")
        async with await Store.open(uri, settings.mongo_database):
            user = await User.first_in(True, {"email": person["email"]})
            assert user is not None
            workspace = await Workspace.first_in(True, {"created_by": user.id})
            assert workspace is not None
            return user.id, workspace.id

    return {"authorization": f"Bearer {token}"}, *asyncio.run(found())


def _post(url: str, body: dict[str, str]) -> Any:
    request = urllib.request.Request(  # noqa: S310 - our own http address
        url, json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


async def _fill(settings: Settings, target: Target, count: int) -> None:
    """Bring the collection to so many channels, and have some projects."""
    place = {"workspace_id": target.workspace, "created_by": target.user}
    channel = Channel(**place, name="Rain on a tin roof", brand_niche="Background rain")
    project = Project(**place, title="Rain on a tin roof")
    async with await Store.open(settings.address("mongo_uri"), settings.mongo_database):
        for template, wanted in ((channel, count), (project, SOME)):
            source, stored = template.collection(), template.stored()
            for start in range(await source.count_documents({}), wanted, 10_000):
                batch = [{**stored, "_id": Id()} for _ in range(min(10_000, wanted - start))]
                await source.insert_many(batch, ordered=False)


def _ratios(settings: Settings, target: Target, rounds: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    keys = {model: asyncio.run(_some_keys(settings, model)) for model in (Channel, Project)}
    for name, (mine, bare) in _cases(target, keys[Channel], keys[Project]).items():
        rates = compared(target, mine, bare, rounds)
        figures[f"{name}_per_s"] = statistics.median(rate for rate, _ in rates)
        figures[f"{name}_bare_per_s"] = statistics.median(rate for _, rate in rates)
        figures[f"{name}_ratio"] = statistics.median(rate / base for rate, base in rates)
    return figures


def _cases(
    target: Target, keys: Sequence[str], projects: Sequence[str]
) -> dict[str, tuple[Requests, Requests]]:
    """What is sent to our API and to the bare one, by name.

    Projects are held in memory here, the bare API asks the store for them too.
    """
    ours, workspace = "/api/v1/channels", target.workspace
    new = {"workspace_id": str(workspace), "name": "Rain {n}", "brand_niche": "Rain"}
    bare_new: dict[str, Any] = {
        **dict.fromkeys(("youtube_channel_id", "youtube_refresh_token", "deleted_at")),
        **new,
        "created_by": str(target.user),
        "is_active": True,
        "revision": 1,
        "imported_from": [],
    }
    change = json.dumps({"brand_niche": "Rain {n}"})
    return {
        "read": (
            [request("GET", f"{ours}/{key}") for key in keys],
            [request("GET", f"/bare/{key}") for key in keys],
        ),
        "hot_read": (
            [request("GET", f"/api/v1/projects/{key}") for key in projects],
            [request("GET", f"/bare/projects/{key}") for key in projects],
        ),
        "list": (
            [request("GET", f"{ours}?workspace_id={workspace}&is_active=true&limit=100")],
            [request("GET", f"/bare?workspace={workspace}")],
        ),
        "create": (
            [request("POST", ours, json.dumps(new))],
            [request("POST", "/bare", json.dumps(bare_new))],
        ),
        "change": (
            [request("PATCH", f"{ours}/{key}", change) for key in keys],
            [request("PATCH", f"/bare/{key}", change) for key in keys],
        ),
    }


async def _some_keys(settings: Settings, model: type[Record]) -> list[str]:
    async with await Store.open(settings.address("mongo_uri"), settings.mongo_database):
        rows = model.collection().find({}, {"_id": 1}, limit=SOME)
        return [str(row["_id"]) async for row in rows]


def request(method: str, path: str, body: str = "") -> dict[str, Any]:
    """As the load generator takes it."""
    return {"method": method, "path": path, "body": body}


def compared(
    target: Target, mine: Requests, bare: Requests, rounds: int
) -> list[tuple[float, float]]:
    """Requests a second, ours and the bare ones, round by round in turn."""
    signed = [{**each, "headers": target.headers} for each in mine]
    for port, requests in ((target.ours, signed), (target.bare, bare)):
        _load(port, requests, seconds=WARM_SECONDS)
    return [
        (
            _load(target.ours, signed, seconds=ROUND_SECONDS),
            _load(target.bare, bare, seconds=ROUND_SECONDS),
        )
        for _ in range(rounds)
    ]


def _load(port: int, requests: list[dict[str, Any]], **bounds: float) -> float:
    """Answered requests a second. Raises RuntimeError where any was refused."""
    plan = {
        "host": "127.0.0.1",
        "port": port,
        "connections": CONNECTIONS,
        "requests": requests,
        **bounds,
    }
    done = subprocess.run(
        [sys.executable, "-m", "scripts.bench.load"],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        check=True,
        timeout=LOAD_TIMEOUT,
    )
    result = json.loads(done.stdout)
    if result["refused"]:
        raise RuntimeError(f"{requests[0]['path']} was refused: {result['refused']}")
    return float(result["answered"] / result["seconds"])


def _growth(small: Target, large: Target) -> dict[str, float]:
    """How much longer single requests take in the large collection, one at a time and in turn."""
    few, many = _paths(small), _paths(large)
    growth = {}
    for name, path in few.items():
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(SINGLE):
            times[0].append(_milliseconds(small, path))
            times[1].append(_milliseconds(large, many[name]))
        growth[f"growth_{name}"] = statistics.median(times[1]) / statistics.median(times[0])
    return growth


def _paths(target: Target) -> dict[str, str]:
    first = f"/api/v1/channels?workspace_id={target.workspace}&limit={PAGE}"
    page = _get(target, first)
    key = page["data"][0]["id"]
    deep = first
    for _ in range(DEEP_PAGE - 2):
        if page["next"] is None:
            break
        deep = f"{first}&after={page['next']}"
        page = _get(target, deep)
    return {
        "read": f"/api/v1/channels/{key}",
        "list_first": first,
        "list_deep": deep,
        "filtered": f"{first}&is_active=true",
    }


def _milliseconds(target: Target, path: str) -> float:
    started = time.perf_counter()
    _get(target, path)
    return (time.perf_counter() - started) * 1000


def _get(target: Target, path: str) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{target.ours}{path}", headers=target.headers
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


def _memory_after(target: Target, count: int) -> float:
    """MiB of the API process (private pages) when it has answered so many reads and lists."""
    workspace = target.workspace
    listed = f"/api/v1/channels?workspace_id={workspace}&is_active=true&limit=10"
    key = _get(target, listed)["data"][0]["id"]
    paths: Sequence[str] = (*([f"/api/v1/channels/{key}"] * 9), listed)
    requests = [{**request("GET", path), "headers": target.headers} for path in paths]
    _load(target.ours, requests, count=count)
    return _private_mib(target.process)


def _private_mib(process: psutil.Process) -> float:
    return float(process.memory_full_info().uss) / 1024**2


def _streaming_memory(target: Target) -> float:
    """MiB that the API process grows by while it streams all rows as NDJSON."""
    before = _private_mib(target.process)
    peak, over = before, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.1):
            peak = max(peak, _private_mib(target.process))

    watching = threading.Thread(target=watch)
    watching.start()
    path = f"/api/v1/channels?workspace_id={target.workspace}"
    headers = {**target.headers, "accept": "application/x-ndjson"}
    try:
        _load(target.ours, [{**request("GET", path), "headers": headers}], count=1)
    finally:
        over.set()
        watching.join()
    return peak - before


async def dropped(settings: Settings) -> None:
    async with await Store.open(settings.address("mongo_uri"), settings.mongo_database) as store:
        await store.client.drop_database(settings.mongo_database)
