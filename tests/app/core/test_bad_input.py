"""What must not get in: refused with a code at every collection, and nothing is written."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final, get_args

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from pydantic import AwareDatetime, BaseModel

from app.api import RESOURCES, router
from app.core.bodies import StrictRoute
from app.core.examples import SOME_ID, change_example, create_example
from app.core.resource import Resource
from app.core.schemas import change_schema, create_schema
from documents.base import Record
from documents.references import EACH, ReferencePath, references
from documents.registry import COLLECTIONS
from documents.store import Store
from documents.values import Id
from tests.app.access_world import Studio
from tests.app.support import API, as_, codes, nobody_has
from tests.factories.records import valid

OPERATORS: Final[tuple[dict[str, Any], ...]] = (
    {"$gt": ""},
    {"$ne": None},
    {"$where": "sleep(1000)"},
    {"$in": [1]},
)
MALFORMED: Final = {
    "half": b"{",
    "two values": b"{}{}",
    "NaN": b'{"title": NaN}',
    "infinity": b'{"title": -Infinity}',
    "beyond floats": b'{"title": 1e999}',
    "beyond 64 bits": b'{"title": 99999999999999999999}',
    "named twice": b'{"title": "a", "title": "b"}',
    "named twice inside": b'{"title": {"a": 1, "\\u0061": 2}}',
    "not UTF-8": b'{"title": "\xff\xfe"}',
    "UTF-16": '{"title": "x"}'.encode("utf-16"),
    "overlong": b'{"title": "\xc0\xaf"}',
    "half a character": b'{"title": "\\ud800"}',
    "deep": b'{"title": ' + b"[" * 65 + b"]" * 65 + b"}",
    "very deep": b"[" * 100_000,
}
BAD_IDS: Final = ("x", "0" * 23, "0" * 25, "g" * 24, "%00", "$ne", '{"$gt":""}', "0" * 10_000)


def with_verb(*verbs: str) -> pytest.MarkDecorator:
    chosen = [each for each in RESOURCES if each.verbs & {*verbs}]
    return pytest.mark.parametrize("resource", chosen, ids=lambda each: str(each.path))


@pytest.fixture
async def studio(store: Store) -> Studio:
    return await Studio.made(store)


def key_of(studio: Studio, resource: Resource) -> Id:
    return studio.ids[resource.model.collection_name()]


def body_of(studio: Studio, resource: Resource) -> dict[str, Any]:
    """A body that would be taken, but for what the test puts into it."""
    body = create_example(create_schema(resource.model))
    for path in references(resource.model):
        if body.get(path.field.dotted) == SOME_ID:
            body[path.field.dotted] = str(studio.ids[path.reference.to])
    return body


async def written(studio: Studio) -> set[str]:
    """The collections that were written to; what is left of requests expires by itself."""
    return await studio.changed() - {"idempotent_requests"}


def fields_of(answer: httpx.Response) -> set[str]:
    return {each["field"].split(".")[0] for each in answer.json()["errors"]}


@with_verb("create")
async def test_operators_and_strange_values_in_new_records(
    http: httpx.AsyncClient, studio: Studio, resource: Resource
) -> None:
    path, headers = f"{API}/{resource.path}", as_(studio.world.owner)
    good = body_of(studio, resource)
    for name in create_schema(resource.model).model_fields:
        for bad in (*OPERATORS, [[[]]], [{"$gt": ""}]):
            answer = await http.post(path, json={**good, name: bad}, headers=headers)
            assert codes(answer) == (422, "invalid"), (name, bad)
            assert name in fields_of(answer), (name, bad)
    assert await written(studio) == set()


@with_verb("change")
async def test_operators_and_strange_values_in_changes(
    http: httpx.AsyncClient, studio: Studio, resource: Resource
) -> None:
    path = f"{API}/{resource.path}/{key_of(studio, resource)}"
    headers = as_(studio.world.collaborator if resource.path == "users" else studio.world.owner)
    for name in change_schema(resource.model).model_fields:
        for bad in (*OPERATORS, [[[]]], [{"$gt": ""}]):
            answer = await http.patch(path, json={name: bad}, headers=headers)
            assert codes(answer) == (422, "invalid"), (name, bad)
            assert name in fields_of(answer), (name, bad)
    assert await written(studio) == set()


def scalars(schema: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    """The fields that hold one plain value, each with other JSON that reads like one."""
    likely: Mapping[Any, tuple[Any, ...]] = {
        bool: (0, 1, "true", "1"),
        int: ("1", True, 1.5),
        float: ("1", True),
        AwareDatetime: (0, 0.5, "0"),
        date: (0, "0"),
    }
    for name, field in schema.model_fields.items():
        kinds = {field.annotation, *get_args(field.annotation)}
        for kind, strange in likely.items():
            if kind in kinds and str not in kinds:
                yield from ((name, each) for each in strange)


@with_verb("create", "change")
async def test_values_of_another_type(
    http: httpx.AsyncClient, studio: Studio, resource: Resource
) -> None:
    headers, path = as_(studio.world.owner), f"{API}/{resource.path}"
    if resource.path == "users":
        headers = as_(studio.world.collaborator)
    if "create" in resource.verbs:
        good = body_of(studio, resource)
        for name, bad in scalars(create_schema(resource.model)):
            answer = await http.post(path, json={**good, name: bad}, headers=headers)
            assert codes(answer) == (422, "invalid"), (name, bad)
            assert name in fields_of(answer), (name, bad)
    if "change" in resource.verbs:
        path = f"{path}/{key_of(studio, resource)}"
        for name, bad in scalars(change_schema(resource.model)):
            answer = await http.patch(path, json={name: bad}, headers=headers)
            assert codes(answer) == (422, "invalid"), (name, bad)
            assert name in fields_of(answer), (name, bad)
    assert await written(studio) == set()


@pytest.mark.parametrize("moment", ["0", "0.5", "1e9", "2026-01-01"])
async def test_moments_in_queries(http: httpx.AsyncClient, studio: Studio, moment: str) -> None:
    headers = as_(studio.world.owner)
    asked = {"created_at[gte]": moment}
    assert codes(await http.get(f"{API}/audit", params=asked, headers=headers))[0] == 400
    answer = await http.get(f"{API}/costs/report", params={"since": moment}, headers=headers)
    assert codes(answer) == (422, "invalid")


def test_bodies_are_read_strictly_everywhere() -> None:
    """Also where a route is written by hand; the import takes JSON Lines, and reads them so."""
    lax = {
        (each.path, *(each.methods or ()))
        for each in iter_route_contexts(router().routes)
        if getattr(each.original_route, "body_field", None) or "POST" in (each.methods or ())
        if not isinstance(each.original_route, StrictRoute)
    }
    assert lax == {(f"{API}/prompt-templates/import", "POST")}


@pytest.mark.parametrize("kind", MALFORMED)
async def test_bodies_of_routes_written_by_hand(
    http: httpx.AsyncClient, studio: Studio, kind: str
) -> None:
    headers = {**as_(studio.world.owner), "Content-Type": "application/json"}
    for method, path in (
        ("POST", "failures/retry"),
        ("PUT", f"budgets/projects/{studio.world.project.id}"),
        ("POST", "prompt-templates"),
        ("POST", f"prompt-templates/import?workspace_id={studio.world.workspace.id}"),
        ("POST", "auth/login"),
    ):
        answer = await http.request(
            method, f"{API}/{path}", content=MALFORMED[kind], headers=headers
        )
        assert codes(answer) == (400, "malformed_body"), (path, kind)
    assert await written(studio) == set()


@with_verb("create", "change")
async def test_unknown_and_server_owned_fields(
    http: httpx.AsyncClient, studio: Studio, resource: Resource
) -> None:
    headers = as_(studio.world.owner)
    owned = ("id", "_id", "revision", "created_at", "deleted_at", "imported_from")
    for name in (*owned, "colour", "$set", "a.b", "", "__proto__"):
        bodies = []
        if "create" in resource.verbs:
            bodies.append(("POST", resource.path, body_of(studio, resource)))
        if "change" in resource.verbs:
            change = change_example(change_schema(resource.model))
            bodies.append(("PATCH", f"{resource.path}/{key_of(studio, resource)}", change))
        for method, path, good in bodies:
            body = {**good, name: 1}
            answer = await http.request(method, f"{API}/{path}", json=body, headers=headers)
            assert codes(answer) == (422, "invalid"), (method, name)
    assert await written(studio) == set()


@with_verb("create", "change")
async def test_bodies_that_are_not_what_they_say(
    http: httpx.AsyncClient, studio: Studio, resource: Resource
) -> None:
    headers = {**as_(studio.world.owner), "Content-Type": "application/json"}
    asked = [("PATCH", f"/{key_of(studio, resource)}")] if "change" in resource.verbs else []
    if "create" in resource.verbs:
        asked += [("POST", ""), ("POST", "/bulk"), ("POST", "/bulk-delete")]
    for method, ending in asked:
        for kind, content in MALFORMED.items():
            answer = await http.request(
                method, f"{API}/{resource.path}{ending}", content=content, headers=headers
            )
            assert codes(answer) == (400, "malformed_body"), (method, ending, kind)
        for content in (b"", b"null", b"[]", b'"x"', b"1", b"true"):
            answer = await http.request(
                method, f"{API}/{resource.path}{ending}", content=content, headers=headers
            )
            assert codes(answer) == (422, "invalid"), (method, ending, content)
    assert await written(studio) == set()


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: str(each.path))
async def test_bad_ids(http: httpx.AsyncClient, studio: Studio, resource: Resource) -> None:
    headers = as_(studio.world.owner)
    verbs = {"read": "GET", "change": "PATCH", "delete": "DELETE"}
    for verb, method in verbs.items():
        if verb not in resource.verbs:
            continue
        for key in BAD_IDS:
            answer = await http.request(
                method,
                f"{API}/{resource.path}/{key}",
                json={} if verb == "change" else None,
                headers=headers,
            )
            assert codes(answer) == (422, "invalid"), (method, key)
    if "bulk" in resource.verbs and "delete" in resource.verbs:
        path = f"{API}/{resource.path}/bulk-delete"
        for bad in (*BAD_IDS, None, 1, {"$gt": ""}, [SOME_ID]):
            answer = await http.post(path, json={"ids": [bad]}, headers=headers)
            assert codes(answer) == (422, "invalid"), bad
    assert await written(studio) == set()


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: str(each.path))
async def test_query_strings(http: httpx.AsyncClient, studio: Studio, resource: Resource) -> None:
    path, headers = f"{API}/{resource.path}", as_(studio.world.owner)
    strange = [
        *("$where=1", "deleted_at=", "password_hash=x", "limit=0", "limit=101", "limit=x"),
        *("limit=1&limit=2", "sort=$natural", "sort=password_hash", "sort=", "count=maybe"),
        *("fields=$where", "fields=revision_id", "fields=", "include=$where", "after="),
        *("after=AAAA", "after=%00", "after=" + "A" * 9_000, "fields[$gt]=", "[in]=x", "=x"),
    ]
    for name in resource.listing.equal - {"_id"}:
        strange += [f"{name}[$gt]=", f"{name}[$ne]=x", f"{name}[gt][lt]=x", f"{name}[]=x"]
        strange.append(f"{name}=x&{name}=y")
        operator = await http.get(path, params={name: '{"$gt":""}'}, headers=headers)
        # Where any text goes, this is one that no record has.
        assert operator.status_code == 400 or operator.json()["data"] == []
    for asked in strange:
        answer = await http.get(f"{path}?{asked}", headers=headers)
        assert codes(answer) == (400, "bad_query"), asked


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: str(each.path))
async def test_cursors_of_other_lists(
    http: httpx.AsyncClient, studio: Studio, resource: Resource
) -> None:
    headers = as_(studio.world.admin)
    first = await http.get(f"{API}/media", params={"limit": 1}, headers=headers)
    cursor = first.json()["next"]
    assert cursor
    if resource.path != "media":
        answer = await http.get(f"{API}/{resource.path}", params={"after": cursor}, headers=headers)
        assert codes(answer) == (400, "bad_query")
        return
    for place in range(0, len(cursor), 3):
        other = "A" if cursor[place] != "A" else "B"
        tampered = cursor[:place] + other + cursor[place + 1 :]
        answer = await http.get(f"{API}/media", params={"after": tampered}, headers=headers)
        assert codes(answer) == (400, "bad_query")


def named(model: type[Record], fields: Any) -> list[ReferencePath]:
    """The references that stand directly in one of these fields."""
    return [
        path
        for path in references(model)
        if path.field.top in fields and path.field.steps[1:] in ((), (EACH,))
    ]


async def out_of_reach(studio: Studio, path: ReferencePath) -> list[Id]:
    """Ids that nobody may name here: of nothing, of the deleted, of another workspace."""
    elsewhere = studio.world.elsewhere.id
    model = COLLECTIONS[path.reference.to]
    if path.reference.to == "workspaces":
        return [nobody_has(), elsewhere]
    given = {"workspace_id": elsewhere} if "workspace_id" in model.model_fields else {}
    deleted = valid(model, **given, deleted_at="2026-01-01T00:00:00Z")
    records = [deleted, *([valid(model, **given)] if given else [])]
    for each in records:
        await each.insert()
    return [nobody_has(), *(each.id for each in records)]


@with_verb("create", "change")
async def test_references_out_of_reach(
    http: httpx.AsyncClient, studio: Studio, resource: Resource
) -> None:
    headers, model = as_(studio.world.owner), resource.model
    cases: list[tuple[str, str, dict[str, Any], ReferencePath]] = []
    if "create" in resource.verbs:
        body = body_of(studio, resource)
        fields = create_schema(model).model_fields
        cases += [("POST", "", body, path) for path in named(model, fields)]
    if "change" in resource.verbs:
        ending, fields = f"/{key_of(studio, resource)}", change_schema(model).model_fields
        cases += [("PATCH", ending, {}, path) for path in named(model, fields)]
    for method, ending, good, path in cases:
        for key in await out_of_reach(studio, path):
            before = await model.collection().count_documents({})
            value: Any = [str(key)] if path.field.steps[1:] else str(key)
            answer = await http.request(
                method,
                f"{API}/{resource.path}{ending}",
                json={**good, path.field.top: value},
                headers=headers,
            )
            assert codes(answer) == (422, "invalid"), (method, path.field.dotted)
            [problem] = answer.json()["errors"]
            assert problem["field"] == path.field.dotted
            assert problem["code"] in ("missing_reference", "foreign_reference")
            assert await model.collection().count_documents({}) == before
    current = await model.one_in(True, key_of(studio, resource))
    assert current is not None
    assert current.revision == 1


async def test_huge_bodies(http: httpx.AsyncClient, studio: Studio) -> None:
    headers = {**as_(studio.world.owner), "Content-Type": "application/json"}
    content = b'{"title": "' + b"x" * 9_000_000 + b'"}'
    for method, path in (("POST", "projects"), ("POST", "projects/bulk"), ("POST", "sessions")):
        answer = await http.request(method, f"{API}/{path}", content=content, headers=headers)
        assert codes(answer) == (413, "too_large")
    assert await written(studio) == set()
