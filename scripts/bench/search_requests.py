"""The requests of the bench of the search: an API process, an account, one query at a time."""

import asyncio
import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import psutil

from app.settings import Settings
from documents.identity import Workspace
from documents.values import Id
from scripts.bench.report import Unmeasured
from scripts.bench.search_data import BEST, Matrix
from scripts.processes import Child, children
from scripts.stack import environment
from scripts.stack.ports import choose
from scripts.up import await_ready

PATH: Final = "/api/v1/media/search"
AUTH: Final = "/api/v1/auth"
JSON: Final = {"content-type": "application/json"}
PERSON: Final = {"email": "bench@example.com", "password": "correct horse battery"}
MOST_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What came back of the requests, and when."""

    milliseconds: list[float]
    found: list[list[str]]


Ask: TypeAlias = Callable[[list[Id] | None], Asked]


@contextmanager
def served(settings: Settings) -> Iterator[tuple[int, psutil.Process]]:
    """A process of the API with production defaults, without a rate limit: its port and itself."""
    port = choose(["api"], {}, ())["api"]
    variables = environment(settings) | {
        "BACKLOT_RATE_LIMITS": "false",
        "BACKLOT_LOG_LEVEL": "warning",
    }
    log = settings.data / "logs" / "bench-search-api.log"
    api = Child(["api", "--port", str(port)], variables, log)
    with children(api):
        await_ready(f"http://127.0.0.1:{port}/readyz", api)
        yield port, psutil.Process(api.process.pid)


async def registered(settings: Settings) -> Id:
    """Make the account that asks, and answer its workspace."""
    with served(settings) as (port, _):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        await asyncio.to_thread(
            _sent, connection, f"{AUTH}/register", json.dumps({**PERSON, "name": "Bench"}), JSON
        )
        connection.close()
    found = await Workspace.first_in(True, {})
    assert found is not None
    return found.id


def _signed_in(port: int) -> dict[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    answer = _sent(connection, f"{AUTH}/login", json.dumps(PERSON), JSON)
    connection.close()
    return {**JSON, "authorization": f"Bearer {answer['access_token']}"}


def _sent(
    connection: http.client.HTTPConnection, path: str, body: str, headers: dict[str, str]
) -> Any:
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status >= 300:
        raise Unmeasured(f"{path} was refused: {answer.status} {content[:200]!r}")
    return json.loads(content) if content else None


async def asking(port: int, queries: Matrix) -> Ask:
    """Sends every query, one at a time, within the projects in turn or anywhere."""
    headers = await asyncio.to_thread(_signed_in, port)
    vectors = [row.tolist() for row in queries]

    def ask(projects: list[Id] | None) -> Asked:
        bodies = []
        for number, vector in enumerate(vectors):
            within = {"project_id": str(projects[number % len(projects)])} if projects else {}
            bodies.append(json.dumps({"vector": vector, "limit": BEST, "filters": within}))
        connection = http.client.HTTPConnection("127.0.0.1", port)
        _until_found(connection, bodies[0], headers)
        for body in bodies[: len(bodies) // 5]:
            _sent(connection, PATH, body, headers)
        times, found = [], []
        for body in bodies:
            started = time.perf_counter()
            answer = _sent(connection, PATH, body, headers)
            times.append((time.perf_counter() - started) * 1000)
            found.append([each["media"]["id"] for each in answer["data"]])
        connection.close()
        return Asked(times, found)

    return ask


def _until_found(connection: http.client.HTTPConnection, body: str, headers: Any) -> None:
    """Wait until the process has opened the index."""
    until = time.monotonic() + MOST_SECONDS
    while time.monotonic() < until:
        connection.request("POST", PATH, body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status == 200:
            return
        time.sleep(0.5)
    raise Unmeasured(f"the search does not answer: {answer.status}")
