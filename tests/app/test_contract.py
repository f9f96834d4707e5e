"""What the OpenAPI page promises is what the API does: Schemathesis asks every operation.

Each operation gets the examples of the page, the boundary values of its schemas and fifty made-up
requests, some of them broken on purpose; each answer passes all of Schemathesis' checks. The seed
is fixed, so that a run can be had again. Most ids in the requests are those of a studio with a
record of every collection, so that requests get further than to 404.

What sequences of requests do is the business of the tests of each line. Those that Schemathesis
makes up end at their first step, where nothing it made is taken: of 60 requests over all films none
was answered 2xx. So its checks that need sequences find nothing to look at here.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, get_args

import pytest
import schemathesis
import uvicorn
from hypothesis import strategies
from pydantic import SecretStr
from pydantic_core import core_schema
from schemathesis import Case, HookContext, Response
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, ServerError
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import events, from_schema
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER
from schemathesis.openapi.checks import RejectedPositiveData

from app.core import health
from app.core.cache import Cache
from app.core.idempotency import HEADER, LONGEST_KEY
from app.core.metrics import Metrics
from app.core.openapi import operations
from app.core.parts import Parts, keep
from app.core.serving import server_options
from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.main import create_app, parts_with
from app.settings import Settings
from documents.identity import Subscription, User
from documents.library import Media
from documents.references import EACH, references
from documents.registry import MODELS
from documents.store import Store
from documents.values import Id
from tests.app.access_requests import Route, routes
from tests.app.access_table import PAGE, read
from tests.app.access_world import WHO, Studio
from tests.app.core.listening import listening
from tests.app.support import TOKEN_KEY
from tests.conftest import bind, empty

CONFIGURED: Final[Mapping[str, Any]] = {
    "seed": 1,
    "continue-on-failure": True,
    "generation": {
        "max-examples": 50,
        "deterministic": True,
        "no-shrink": True,
        "database": "none",
    },
    # Beside the usual ones: too large, outdated, used up.
    "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
    "phases": {"stateful": {"enabled": False}},
    "suppress-health-check": ["all"],
    "request-timeout": 60,
}
NOT_DESCRIBED: Final = {"GET /metrics"}
"""Operations for programs that know them without the page."""
BEYOND_SCHEMAS: Final = {
    *("value_error", "assertion_error", "default_factory_not_called"),
    *(each for each in get_args(core_schema.ErrorType) if each.startswith("decimal_")),
}
OF_SCHEMAS: Final = frozenset(get_args(core_schema.ErrorType)) - BEYOND_SCHEMAS
"""Codes of what a schema can say. All others are rules of ours: that a reference names something
within reach, that a day is not over, how many digits an amount has."""
HEADERS: Final = ParameterLocation.HEADER
A_DAY: Final = 86_400
MENTIONED: Final = re.compile('"#/components/schemas/([^"]+)"')
AN_ID: Final = re.compile("[0-9a-f]{24}")
A_KEY: Final = re.compile(f"(?=.{{1,{LONGEST_KEY}}}$)[!-~]([ -~]*[!-~])?")
TABLE: Final = read(PAGE.read_text())

_APP: Final = create_app(Settings(_env_file=None, token_key=SecretStr(TOKEN_KEY)))
DESCRIBED: Final = [each for each in routes(_APP) if each.name not in NOT_DESCRIBED]


@pytest.fixture(scope="module", autouse=True)
def _deliverable_addresses() -> None:
    """Of the addresses that the format allows, those that mail can be sent to."""
    names = strategies.from_regex("[a-z0-9]{1,20}", fullmatch=True)
    schemathesis.openapi.format("email", names.map("{}@example.com".format))


def test_every_operation_is_asked() -> None:
    described = {each["operationId"] for each in operations(_APP.openapi())}
    assert {each.operation for each in DESCRIBED} == described


@pytest.mark.parametrize("route", DESCRIBED, ids=lambda each: f"{each.line}-{each.operation}")
def test_what_the_access_table_shows_is_described(route: Route) -> None:
    described = {each["operationId"]: each for each in operations(_APP.openapi())}
    shown = {each for each in TABLE.get(route.name, ()) if each.isdigit()}
    assert shown <= described[route.operation]["responses"].keys()


@dataclass(frozen=True, slots=True)
class Served:
    """The whole application on a port of its own, and the studio that it serves."""

    address: str
    parts: Parts
    studio: Studio


@pytest.fixture(scope="module")
async def served(
    api_settings: Settings, _open_store: Store, _storage: Storage, _wakeups: Wakeups
) -> AsyncIterator[Served]:
    """Whoever asks is remembered between requests, as in a process that follows what others write;
    here nobody else does."""
    await bind(_open_store.database)
    await empty(_open_store)
    cache = Cache(Metrics())
    async with listening(api_settings, _open_store, cache) as store:
        cache.trust(A_DAY)
        parts = parts_with(api_settings, store, _storage, _wakeups, cache=cache)
        studio = await Studio.made(store)
        rich = Subscription.of("enterprise").model_dump()
        await User.collection().update_many({}, {"$set": {"subscription": rich}})
        await Media.collection().update_many({}, {"$set": {"mime_type": "image/png"}})
        await studio.remember()
        keep(_APP, parts)
        _APP.state.probes = health.probes()
        async with serving() as address:
            yield Served(address, parts, studio)
        await parts.identity.throttle.close()


# A remark of Hypothesis on how large the values are that it makes of large schemas.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.slow
@pytest.mark.parametrize("route", DESCRIBED, ids=lambda each: f"{each.line}-{each.operation}")
async def test_contract(route: Route, served: Served) -> None:
    await served.studio.restore(await served.studio.changed())
    async with served.parts.live:
        found = await asyncio.to_thread(findings, served.address, route, served.studio)
    assert not found, "\n\n".join(found.values())


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    """The address at which the application is served."""
    server = uvicorn.Server(uvicorn.Config(_APP, port=0, lifespan="off", **server_options()))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        assert not running.done()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


def findings(address: str, route: Route, studio: Studio) -> dict[str, str]:
    """All kinds of failures that Schemathesis finds at one operation, each with an example."""
    given = {**CONFIGURED, "base-url": address, "headers": studio.headers[asker(route)]}
    config = SchemathesisConfig.from_dict(given)
    schema = schemathesis.openapi.from_dict(page_of(route), config=config)
    schema.hook(filter_failure)
    chosen = schema.include(operation_id=route.operation)
    with placing(Placed(studio, route)):
        return dict(failures(from_schema(chosen).execute()))


def page_of(route: Route) -> dict[str, Any]:
    """The page, as far as it is about this path: reading the whole takes its time."""
    page = _APP.openapi()
    paths, known = {route.path: page["paths"][route.path]}, page["components"]["schemas"]
    schemas: dict[str, Any] = {}
    wanted = _mentioned(paths)
    while wanted:
        name = wanted.pop()
        schemas[name] = known[name]
        wanted |= _mentioned(known[name]) - schemas.keys()
    return {**page, "paths": paths, "components": {**page["components"], "schemas": schemas}}


def _mentioned(part: Any) -> set[str]:
    return {*MENTIONED.findall(json.dumps(part))}


def asker(route: Route) -> str:
    """Whoever gets further with the operation: the owner of the studio, or an admin."""
    row = TABLE.get(route.name)
    barred = row is not None and row[WHO.index("owner")] in ("403", "404")
    return "admin" if barred else "owner"


def failures(stream: Iterable[events.EngineEvent]) -> Iterator[tuple[str, str]]:
    """What failed in a run, by check and message. Fails where nothing was asked."""
    asked = 0
    for event in stream:
        match event:
            case events.ScenarioFinished():
                asked += len(event.recorder.interactions)
                for key, checks in event.recorder.checks.items():
                    for check in checks:
                        if check.failure_info is not None:
                            failure = check.failure_info.failure
                            answer = event.recorder.interactions[key].response
                            shown = "" if answer is None else answer.content[:2000]
                            example = check.failure_info.code_sample[:1500]
                            told = f"{check.name}: {failure.title}: {failure.message}"
                            yield told[:80], f"{told}\n{example}\n{shown!r}"
            case events.NonFatalError():
                yield str(event.value), f"{event.label}: {event.value}"
            case events.FatalError():
                yield str(event.exception), str(event.exception)
    assert asked > 0


def filter_failure(
    context: HookContext, failure: Failure, case: Case[Any], response: Response
) -> bool:
    """Whether it is one; the refusal of a request that fits the schema need not be."""
    if isinstance(failure, ServerError) and case.operation.label == "POST /api/v1/media/search":
        # The model that embeds the studio's media is made up, so no process has it.
        problem = response.json()
        return "cannot be embedded" not in problem["detail"]
    return not (isinstance(failure, RejectedPositiveData) and is_beyond_schemas(case, response))


def is_beyond_schemas(case: Case[Any], response: Response) -> bool:
    """Whether the request was refused for what no schema can say of a good one."""
    if case.method == "HEAD":
        # It comes without the problem; that GET, with the same parameters, is asked too.
        return True
    problem = response.json()
    match problem["code"]:
        case "invalid":
            codes = {each["code"] for each in problem.get("errors", ())}
            return bool(codes) and codes.isdisjoint(OF_SCHEMAS)
        case "bad_query":
            # Which filters and sorts go together is told in words, and names in `allowed`;
            # cursors are opaque.
            query = case.query or {}
            return "allowed" in problem or "after" in query or len(query) > 1
        case "malformed_body":
            # In a map of whatever the client likes a number may stand anywhere.
            return "64 bits" in problem["detail"]
    # The others are refusals by the state of the studio, each with a code of its own.
    return True


class Placed:
    """Puts ids of the studio where made-up ones stand; every fourth stays that of nothing."""

    def __init__(self, studio: Studio, route: Route) -> None:
        places = zip(route.path.split("/"), route.asked(studio).path.split("/"), strict=True)
        self._path = {name[1:-1]: value for name, value in places if name.startswith("{")}
        self._named: dict[str, Id] = {
            [step for step in path.field.steps if step != EACH][-1]: studio.ids[path.reference.to]
            for model in MODELS
            for path in references(model)
        }
        self._requests = 0

    def place(self, case: Case[Any]) -> None:
        """Change a request that is about to be sent."""
        for name, value in case.path_parameters.items():
            if name in self._path and _is_replaced(value):
                case.path_parameters[name] = self._path[name]
        self._within(case.query)
        self._within(case.body)
        self._with_fresh_key(case)

    def _with_fresh_key(self, case: Case[Any]) -> None:
        """The same key again would be refused before anything else is looked at. A request whose
        point is a header stays as it is."""
        headers: Any = case.headers or {}
        is_about_headers = case.meta and case.meta.phase.data.parameter_location == HEADERS
        if A_KEY.fullmatch(headers.get(HEADER, "")) and not is_about_headers:
            self._requests += 1
            headers[HEADER] = f"request {self._requests}"

    def _within(self, value: Any) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                value[name] = self._at(name.removesuffix("[in]"), inner)
        elif isinstance(value, list):
            for each in value:
                self._within(each)

    def _at(self, name: str, value: Any) -> Any:
        key = self._named.get(name)
        if key is not None and _is_replaced(value):
            return str(key)
        if key is not None and isinstance(value, list):
            return [str(key) if _is_replaced(each) else each for each in value]
        self._within(value)
        return value


def _is_replaced(value: Any) -> bool:
    return isinstance(value, str) and bool(AN_ID.fullmatch(value)) and int(value, 16) % 4 > 0


@contextmanager
def placing(placed: Placed) -> Iterator[None]:
    """Let it change every request."""

    def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
        placed.place(case)

    schemathesis.hook(before_call)
    try:
        yield
    finally:
        GLOBAL_HOOK_DISPATCHER.unregister(before_call)
