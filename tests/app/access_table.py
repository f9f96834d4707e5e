"""The table of docs/access.md: `backlot stack run --temp -- python -m tests.app.access_table`.

Asks every route as everybody, and writes down what was answered. A person reads the difference to
the table that stood there before; the test only says that there is one.
"""

import asyncio
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.main import parts_with
from app.settings import Settings
from documents.registry import MODELS
from documents.schema import apply
from documents.store import Store
from tests.app.access_requests import Asked, Route, routes
from tests.app.access_world import WHO, Studio
from tests.app.support import TOKEN_KEY, client_of

PAGE: Final = Path(__file__).parents[2] / "docs" / "access.md"
BEGIN: Final = "<!-- The tables below are written by tests/app/access_table.py. -->"
NONE: Final = "200 none"
Row = tuple[str, ...]
Table = dict[str, Row]


class WroteAnyway(AssertionError):
    """A request was refused, and something was written all the same."""


async def walked(app: FastAPI, http: httpx.AsyncClient, studio: Studio, line: str) -> Table:
    """What everybody is answered by every route of the line."""
    return {
        route.name: await _row(app, http, studio, route)
        for route in routes(app)
        if route.line == line
    }


async def _row(app: FastAPI, http: httpx.AsyncClient, studio: Studio, route: Route) -> Row:
    asked, streams = route.asked(studio), route.operation == "live_events"
    cells = []
    for who in WHO:
        headers = studio.headers[who]
        if streams:
            cell = str(await _first_status(app, asked, headers))
        else:
            cell = await _answered(http, asked, headers)
        assert not cell.startswith("5"), f"{route.name} as {who}: {cell}"
        cells.append(cell)
        if streams or route.method != "GET":
            changed = await studio.changed()
            if cell.startswith("4") and changed:
                raise WroteAnyway(f"{route.name} as {who}: {sorted(changed)}")
            await studio.restore(changed)
    return tuple(cells)


async def _answered(http: httpx.AsyncClient, asked: Asked, headers: Mapping[str, str]) -> str:
    body = {} if asked.body is None else {"json": asked.body}
    answer = await http.request(
        asked.method, asked.path, params=asked.query, headers=dict(headers), **body
    )
    return _cell(answer, asked.record)


def _cell(answer: httpx.Response, record: str | None) -> str:
    """The status, and whether what it shows or says to have done has to do with the record."""
    if answer.status_code != 200 or answer.headers.get("content-type") != "application/json":
        return str(answer.status_code)
    content = answer.json()
    if isinstance(content, dict):
        # A page holds its rows; an answer of one field is what it says.
        content = content.get("data", content if len(content) > 1 else next(iter(content.values())))
    if not isinstance(content, list):
        return "200" if content else NONE
    keys = [row["id"] for row in content if "id" in row]
    return "200" if (record in keys if keys else content) else NONE


async def _first_status(app: FastAPI, asked: Asked, headers: Mapping[str, str]) -> int:
    """The status of an answer that does not end."""
    begun: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    request = httpx.Request(
        asked.method, f"http://test{asked.path}", params=asked.query, headers=dict(headers)
    )
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": asked.path,
        "raw_path": asked.path.encode(),
        "query_string": request.url.query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
        "root_path": "",
    }

    async def receive() -> dict[str, Any]:
        await begun
        return {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            begun.set_result(message["status"])

    await app(scope, receive, send)
    return await begun


def written(table: Mapping[str, Mapping[str, Row]]) -> str:
    """The tables as Markdown, one for each line."""
    parts = [BEGIN]
    for line, rows in table.items():
        parts += ["", f"## {line}", "", _line("route", WHO), _line("---", ["---"] * len(WHO))]
        parts += [_line(f"`{name}`", cells) for name, cells in rows.items()]
    return "\n".join([*parts, ""])


def read(page: str) -> Table:
    """The rows of the page's tables by route."""
    found: Table = {}
    for line in page.partition(BEGIN)[2].splitlines():
        name, *cells = (each.strip() for each in line.strip("|").split("|"))
        if matched := re.fullmatch(r"`(.+)`", name):
            found[matched[1]] = tuple(cells)
    return found


def _line(first: str, cells: Iterable[str]) -> str:
    return f"| {' | '.join((first, *cells))} |"


async def rewrite() -> None:
    """Walk all routes in a database of their own and write the table."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None).model_copy(
            update={
                "mongo_database": f"access_table_{os.getpid()}",
                "token_key": SecretStr(TOKEN_KEY),
                "bcrypt_cost": 4,
                "data": Path(folder),
            }
        )
        async with (
            await Store.open(settings.address("mongo_uri"), settings.mongo_database) as store,
            Storage(settings) as storage,
            Wakeups(settings.address("redis_url")) as wakeups,
        ):
            await apply(store.database, MODELS)
            parts = parts_with(settings, store, storage, wakeups)
            async with parts.live, client_of(parts) as http:
                app: Any = http._transport.app  # type: ignore[attr-defined]
                studio = await Studio.made(store)
                lines = dict.fromkeys(route.line for route in routes(app))
                table = {line: await walked(app, http, studio, line) for line in lines}
            await store.client.drop_database(settings.mongo_database)
            await parts.identity.throttle.close()
    head = PAGE.read_text().partition(BEGIN)[0]
    PAGE.write_text(head + written(table))


if __name__ == "__main__":
    asyncio.run(rewrite())
