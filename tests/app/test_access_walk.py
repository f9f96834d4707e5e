"""Every route, asked as everybody: what is answered is what docs/access.md says."""

import ast
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from app.core.parts import Parts
from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.main import create_app, parts_with
from app.settings import Settings
from documents.store import Store
from tests.app.access_requests import NOT_WALKED, routes, unwalked
from tests.app.access_table import PAGE, Row, Table, read, walked, written
from tests.app.access_world import WHO, Studio
from tests.app.support import TOKEN_KEY

REWRITE: Final = "backlot stack run --temp -- python -m tests.app.access_table"
APP: Final = Path(__file__).parents[2] / "app"
QUERIES: Final = {
    *("find", "find_one", "get", "find_all", "aggregate", "distinct", "count_documents"),
    *("find_one_and_update", "find_one_and_delete", "write_one", "advance_one"),
    *("update_one", "update_many", "delete_one", "delete_many"),
}
SCOPED: Final = {"one_in", "first_in", "all_in"}
UNSCOPED: Final = {
    "library/link_routes.py: MediaLink.one_in": "the link whose signature was good",
    "library/link_routes.py: Media.find_one": "the file that the link is for",
    "identity/routes/passwords.py: User.one_in": "oneself",
    "identity/routes/sessions.py: LoginSession.find": "one's own sessions, by one's id",
    "films/making_routes.py: Project.one_in": "of an episode that was just read in scope",
    "films/making_routes.py: Scene.one_in": "the scene of the deed, as it is afterwards",
    "films/script_routes.py: Project.one_in": "of an episode that was just written in scope",
    "films/script_routes.py: ScriptVersion.all_in": "of an episode that was just read in scope",
    "production/routes.py: Task.count_documents": "of a pipeline that was just held in scope",
}
"""Where routes look into a collection past its access rule, and why they may."""

PUBLIC_LINKS: Final = {
    *("GET /links/{id}/{filename}", "HEAD /links/{id}/{filename}"),
    *("GET /review/{id}", "GET /review/{id}/comments", "POST /review/{id}/comments"),
    *("GET /review/{id}/media/{media_id}", "HEAD /review/{id}/media/{media_id}"),
}
"""Whoever has such an address may have what it names: its signature is the access."""

# The routes without their parts: enough to list them.
_APP = create_app(Settings(_env_file=None, token_key=SecretStr(TOKEN_KEY)))
LINES: Final = [*dict.fromkeys(route.line for route in routes(_APP))]


@pytest.fixture
async def parts(
    api_settings: Settings, store: Store, _storage: Storage, _wakeups: Wakeups, tmp_path: Path
) -> AsyncIterator[Parts]:
    """Those of other tests, but mails go to a folder of this test."""
    settings = api_settings.model_copy(update={"data": tmp_path})
    made = parts_with(settings, store, _storage, _wakeups)
    yield made
    await made.identity.throttle.close()


@pytest.fixture(scope="module")
def table() -> Table:
    return read(PAGE.read_text())


def test_every_route_is_in_the_table(table: Table) -> None:
    known = {route.name for route in routes(_APP)}
    assert known - table.keys() == set(), f"review and commit: {REWRITE}"
    assert table.keys() - known == set(), f"review and commit: {REWRITE}"


def test_only_pages_for_everybody_are_not_walked() -> None:
    assert unwalked(_APP) == NOT_WALKED


def test_the_table_is_read_as_it_is_written() -> None:
    row: Row = tuple("200" for _ in WHO)
    assert read(written({"films": {"GET /films": row}})) == {"GET /films": row}


def test_nobody_gets_past_the_door(table: Table) -> None:
    """Whatever answers somebody without a token is listed here, so that none is added unseen."""
    entered = {name for name, row in table.items() if row[0] != "401"}
    assert entered == {
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "POST /auth/register",
        "POST /auth/login",
        "POST /auth/refresh",
        "POST /auth/forgot-password",
        "POST /auth/reset-password",
        "POST /auth/verify-email",
        "POST /invitations/decline",
        *PUBLIC_LINKS,
    }


def test_a_key_without_the_scope_reaches_nothing(table: Table) -> None:
    """Logging out asks for no scope, and the live view shows nothing that a scope does not open."""
    reached = {name for name, row in table.items() if row[-1] != "403" and row[0] == "401"}
    assert reached == {"POST /auth/logout", "GET /live/events"}
    assert table["GET /live/events"][-1] == "404"


def test_a_stranger_reaches_no_record_of_the_studio(table: Table) -> None:
    by_id = {
        name: row[1] for name, row in table.items() if "{id}" in name and name not in PUBLIC_LINKS
    }
    assert set(by_id.values()) <= {"403", "404"}


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
async def test_everybody_is_answered_as_the_table_says(
    http: httpx.AsyncClient, parts: Parts, store: Store, table: Table, line: str
) -> None:
    application: FastAPI = http._transport.app  # type: ignore[attr-defined]
    async with parts.live:
        found = await walked(application, http, await Studio.made(store), line)
    differing = {name: row for name, row in found.items() if table.get(name) != row}
    assert differing == {}, f"review and commit: {REWRITE}"


def test_routes_look_into_collections_by_their_access_rules_only() -> None:
    found = {use for path in _route_files() for use in _unscoped(path)}
    assert found == UNSCOPED.keys()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("Task.find(query)", ["Task.find"]),
        ("Task.get(id)", ["Task.get"]),
        ("Task.collection().find_one({'_id': id})", ["Task.find_one"]),
        ("Task.one_in(True, id)", ["Task.one_in"]),
        ("Task.one_in(access.WORK.read(actor), id)", []),
        ("TASKS.reading.one(id)", []),
    ],
)
def test_the_lint_finds_what_it_is_there_to_find(source: str, found: list[str]) -> None:
    tree = ast.parse(f"from documents.production import Task\n{source}")
    uses = _uses(tree, APP / "somewhere" / "routes.py")
    assert [*uses] == [f"somewhere/routes.py: {each}" for each in found]


def _route_files() -> Iterator[Path]:
    yield from APP.glob("*/*routes.py")
    yield from APP.glob("*/routes/*.py")


def _unscoped(path: Path) -> Iterator[str]:
    yield from _uses(ast.parse(path.read_text()), path)


def _uses(tree: ast.Module, path: Path) -> Iterator[str]:
    """Calls on document classes that go past the access rules."""
    documents = {
        each.asname or each.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("documents.")
        for each in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner, verb = _owner(node.func.value), node.func.attr
            everything = any(isinstance(each, ast.Constant) for each in node.args[:1])
            if owner in documents and (verb in QUERIES or (verb in SCOPED and everything)):
                yield f"{path.relative_to(APP).as_posix()}: {owner}.{verb}"


def _owner(node: Any) -> str | None:
    """The name on which a method is called, also through its collection."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _owner(node.func.value) if node.func.attr == "collection" else None
    return node.id if isinstance(node, ast.Name) else None
