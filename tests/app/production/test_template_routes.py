"""Versions of templates over HTTP: making, comparing, labelling, rendering, moving them."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.core.parts import Parts
from app.core.reading import NDJSON
from app.production.templates import versions
from app.production.templates.models import BUILT_IN
from app.production.templates.shared import TEMPLATES, ensure_shared_templates
from documents.base import NotUnique
from documents.identity import User
from documents.production import PromptTemplate
from documents.store import Store
from documents.values import Id
from tests.app.production.support import client_of
from tests.app.support import API, World, as_, codes, nobody_has, rows
from tests.factories import valid

PATH = f"{API}/prompt-templates"
MODEL = BUILT_IN[0]
HERO = {"name": "hero", "type": "string", "required": True}


@pytest.fixture
async def http(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(parts) as client:
        yield client


def content(world: World, **given: Any) -> dict[str, Any]:
    return {
        "workspace_id": str(world.workspace.id),
        "name": "hero",
        "app": "studio",
        "template": "Draw {{ hero }}.",
        "variable_defs": [HERO],
        "model": MODEL,
        **given,
    }


async def made(
    http: httpx.AsyncClient, world: World, user: User | None = None, **given: Any
) -> dict[str, Any]:
    answer = await http.post(PATH, json=content(world, **given), headers=as_(user or world.editor))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def labelled(
    http: httpx.AsyncClient, world: World, key: str, label: str = "production"
) -> dict[str, Any]:
    answer = await http.put(f"{PATH}/{key}/labels/{label}", headers=as_(world.editor))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def holders(label: str = "production") -> list[int]:
    return [each.version for each in await PromptTemplate.all_in(True, {"labels": label})]


async def test_same_name_makes_the_next_version(http: httpx.AsyncClient, world: World) -> None:
    first, second = await made(http, world), await made(http, world, template="Paint {{ hero }}.")
    assert (first["version"], second["version"]) == (1, 2)
    answer = await http.get(f"{PATH}/{first['id']}", headers=as_(world.viewer))
    assert answer.json() == first
    assert answer.json()["template"] == "Draw {{ hero }}."


async def test_versions_made_at_once_have_numbers_of_their_own(
    http: httpx.AsyncClient, world: World
) -> None:
    found = await asyncio.gather(*(made(http, world) for _ in range(12)))
    assert sorted(each["version"] for each in found) == [*range(1, 13)]


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"template": "{{ hero.__class__ }}"}, "bad_template", "template"),
        ({"template": "{% for i in range(10**9) %}{% endfor %}"}, "bad_template", "template"),
        ({"template": "{% for i in hero recursive %}{% endfor %}"}, "bad_template", "template"),
        ({"template": "{{ hero "}, "bad_template", "template"),
        ({"template": "{{ villain }}"}, "bad_template", "template"),
        ({"output_schema": {"type": "nonsense"}}, "bad_template", "output_schema"),
        ({"output_schema": {"properties": {"a.b": {}}}}, "invalid", "output_schema"),
        ({"model": "nobody/nothing"}, "unknown_model", "model"),
        ({"version": 7}, "invalid", "version"),
        ({"labels": ["production"]}, "invalid", "labels"),
        ({"name": ""}, "invalid", "name"),
    ],
)
async def test_bad_template_is_refused_and_nothing_written(
    given: dict[str, Any], code: str, field: str, http: httpx.AsyncClient, world: World
) -> None:
    answer = await http.post(PATH, json=content(world, **given), headers=as_(world.editor))
    assert codes(answer) == (422, code)
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert await PromptTemplate.collection().count_documents({}) == 0


async def test_models_are_configuration(parts: Parts, world: World) -> None:
    settings = parts.settings.model_copy(update={"models": "house/writer-1, house/painter-2"})
    async with client_of(replace(parts, settings=settings)) as http:
        assert (await made(http, world, model="house/painter-2"))["model"] == "house/painter-2"
        body = content(world, model="house/other")
        refused = await http.post(PATH, json=body, headers=as_(world.editor))
        assert refused.json()["allowed"] == [*BUILT_IN, "house/writer-1", "house/painter-2"]


@pytest.mark.parametrize(
    ("who", "status"),
    [("owner", 201), ("editor", 201), ("admin", 201), ("viewer", 404), ("stranger", 404)],
)
async def test_editors_make_templates(
    who: str, status: int, http: httpx.AsyncClient, world: World
) -> None:
    answer = await http.post(PATH, json=content(world), headers=as_(getattr(world, who)))
    assert answer.status_code == status


@pytest.mark.parametrize(("who", "status"), [("admin", 201), ("owner", 404), ("stranger", 404)])
async def test_admins_make_shared_templates(
    who: str, status: int, http: httpx.AsyncClient, world: World
) -> None:
    body = content(world, workspace_id=None)
    answer = await http.post(PATH, json=body, headers=as_(getattr(world, who)))
    assert answer.status_code == status


async def test_everybody_reads_shared_templates_and_members_their_own(
    http: httpx.AsyncClient, world: World
) -> None:
    shared = await made(http, world, world.admin, workspace_id=None)
    own = await made(http, world)
    for user, seen in ((world.viewer, {shared["id"], own["id"]}), (world.stranger, {shared["id"]})):
        assert {row["id"] for row in await rows(http, "prompt-templates", user)} == seen


async def test_label_names_one_version(http: httpx.AsyncClient, world: World) -> None:
    first, second = await made(http, world), await made(http, world)
    await labelled(http, world, first["id"])
    moved = await labelled(http, world, second["id"])
    assert moved["labels"] == ["production"]
    assert await holders() == [2]
    await labelled(http, world, first["id"], "staging")
    assert (await holders("staging"), await holders()) == ([1], [2])


async def test_labels_moved_at_once_end_on_one_version(
    http: httpx.AsyncClient, world: World
) -> None:
    found = [await made(http, world) for _ in range(4)]
    await asyncio.gather(*(labelled(http, world, each["id"]) for each in found * 2))
    assert len(await holders()) == 1


async def test_the_store_itself_keeps_a_label_to_one_version(store: Store) -> None:
    await valid(PromptTemplate, name="a", version=1, labels=["production"]).insert()
    await valid(PromptTemplate, name="b", version=1, labels=["production"]).insert()
    await valid(PromptTemplate, name="a", version=2).insert()
    with pytest.raises(NotUnique):
        await valid(PromptTemplate, name="a", version=3, labels=["x", "production"]).insert()


async def test_rolling_back_goes_further_each_time(http: httpx.AsyncClient, world: World) -> None:
    found = [await made(http, world) for _ in range(3)]
    for each in found:
        await labelled(http, world, each["id"])
    path, editor = f"{PATH}/{found[0]['id']}/labels/production/rollback", as_(world.editor)
    back = [(await http.post(path, headers=editor)).json()["version"] for _ in range(2)]
    assert back == [2, 1]
    assert codes(await http.post(path, headers=editor)) == (409, "nothing_before")
    assert await holders() == [1]
    moves = (await http.get(f"{PATH}/{found[2]['id']}/labels", headers=as_(world.viewer))).json()
    told = [(each["version"], each["taken_from"], each["rolled_back"]) for each in moves]
    assert told == [(1, 2, True), (2, 3, True), (3, 2, False), (2, 1, False), (1, None, False)]
    assert {each["by"] for each in moves} == {str(world.editor.id)}


async def test_label_is_taken_away(http: httpx.AsyncClient, world: World) -> None:
    first = await made(http, world)
    path, editor = f"{PATH}/{first['id']}/labels/production", as_(world.editor)
    assert codes(await http.delete(path, headers=editor)) == (404, "not_found")
    assert codes(await http.post(f"{path}/rollback", headers=editor)) == (404, "not_found")
    await labelled(http, world, first["id"])
    assert (await http.delete(path, headers=editor)).json()["labels"] == []
    assert await holders() == []


@pytest.mark.parametrize(("who", "status"), [("editor", 200), ("viewer", 404), ("stranger", 404)])
async def test_editors_label(who: str, status: int, http: httpx.AsyncClient, world: World) -> None:
    first = await made(http, world)
    path = f"{PATH}/{first['id']}/labels/production"
    assert (await http.put(path, headers=as_(getattr(world, who)))).status_code == status


async def test_label_has_to_be_a_word(http: httpx.AsyncClient, world: World) -> None:
    first = await made(http, world)
    answer = await http.put(f"{PATH}/{first['id']}/labels/No%20way", headers=as_(world.editor))
    assert codes(answer) == (422, "invalid")


async def test_own_template_goes_before_the_shared_one(
    http: httpx.AsyncClient, world: World
) -> None:
    shared = await made(http, world, world.admin, workspace_id=None, template="Shared {{ hero }}")
    await http.put(f"{PATH}/{shared['id']}/labels/production", headers=as_(world.admin))
    place = world.workspace.id
    assert str((await versions.resolve("hero", place)).id) == shared["id"]
    own = await made(http, world)
    assert str((await versions.resolve("hero", place)).id) == shared["id"]
    await labelled(http, world, own["id"])
    assert str((await versions.resolve("hero", place)).id) == own["id"]
    assert str((await versions.resolve("hero", None)).id) == shared["id"]
    assert str((await versions.resolve("hero", place, version=1)).id) == own["id"]


async def test_rendering_answers_what_would_be_sent_and_kept(
    http: httpx.AsyncClient, world: World
) -> None:
    variables = [HERO, {"name": "api_key", "type": "string"}]
    made_up = await made(
        http, world, template="{{ hero|upper }} {{ api_key }}", variable_defs=variables
    )
    await labelled(http, world, made_up["id"])
    asked = {
        "name": "hero",
        "workspace_id": str(world.workspace.id),
        "inputs": {"hero": "fox", "api_key": "opensesame"},
    }
    answer = await http.post(f"{PATH}/render", json=asked, headers=as_(world.viewer))
    assert answer.json() == {
        "template_id": made_up["id"],
        "name": "hero",
        "version": 1,
        "model": MODEL,
        "prompt": "FOX opensesame",
        "characters": 14,
        "kept_prompt": "FOX ***",
        "kept_inputs": {"hero": "fox", "api_key": "***"},
    }


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"inputs": {}}, 422, "bad_inputs"),
        ({"inputs": {"hero": 3}}, 422, "bad_inputs"),
        ({"inputs": {"hero": "fox", "other": 1}}, 422, "bad_inputs"),
        ({"template_id": None}, 422, "invalid"),
        ({"name": "hero"}, 422, "invalid"),
        ({"template_id": str(nobody_has())}, 404, "not_found"),
        ({"template_id": None, "name": "hero", "label": "staging"}, 404, "not_found"),
    ],
)
async def test_rendering_refuses(
    asked: dict[str, Any], status: int, code: str, http: httpx.AsyncClient, world: World
) -> None:
    first = await made(http, world)
    body = {"template_id": first["id"], "inputs": {"hero": "fox"}, **asked}
    answer = await http.post(f"{PATH}/render", json=body, headers=as_(world.editor))
    assert codes(answer) == (status, code)


async def test_rendering_a_foreign_template_is_refused(
    http: httpx.AsyncClient, world: World
) -> None:
    first = await made(http, world)
    await labelled(http, world, first["id"])
    place = str(world.workspace.id)
    for named in ({"template_id": first["id"]}, {"name": "hero", "workspace_id": place}):
        body = {**named, "inputs": {"hero": "fox"}}
        answer = await http.post(f"{PATH}/render", json=body, headers=as_(world.stranger))
        assert codes(answer) == (404, "not_found")


async def test_template_that_grows_is_refused_when_rendered(
    http: httpx.AsyncClient, world: World
) -> None:
    source = "{% for i in range(n) %}{% for j in range(n) %}x{% endfor %}{% endfor %}"
    n = {"name": "n", "type": "number"}
    first = await made(http, world, template=source, variable_defs=[n])
    body = {"template_id": first["id"], "inputs": {"n": 9999}}
    answer = await http.post(f"{PATH}/render", json=body, headers=as_(world.editor))
    assert codes(answer) == (422, "bad_template")


async def test_difference_of_two_versions(http: httpx.AsyncClient, world: World) -> None:
    first = await made(http, world, output_schema={"properties": {"a": {"type": "string"}}})
    second = await made(
        http,
        world,
        template="Draw {{ hero }}.\nBig.",
        variable_defs=[{**HERO, "required": False}, {"name": "mood"}],
        output_schema={"properties": {"a": {"type": "number"}}},
        model=BUILT_IN[1],
    )
    path = f"{PATH}/{first['id']}/diff"
    answer = await http.get(path, params={"with": second["id"]}, headers=as_(world.viewer))
    found = answer.json()
    assert "--- hero version 1\n+++ hero version 2\n" in found["template"]
    assert "+Big.\n" in found["template"]
    assert [each["field"] for each in found["variables"]] == ["hero", "mood"]
    assert found["variables"][1]["before"] is None
    assert found["output_schema"] == [
        {"field": "properties.a.type", "before": "string", "after": "number"}
    ]
    assert found["fields"] == [{"field": "model", "before": MODEL, "after": BUILT_IN[1]}]
    foreign = {"with": str(nobody_has())}
    assert (await http.get(path, params=foreign, headers=as_(world.viewer))).status_code == 404
    own = {"with": first["id"]}
    same = (await http.get(path, params=own, headers=as_(world.viewer))).json()
    assert same == {"template": "", "variables": [], "output_schema": [], "fields": []}


async def exported(http: httpx.AsyncClient, user: User, place: Id | None) -> list[dict[str, Any]]:
    asked = {} if place is None else {"workspace_id": str(place)}
    answer = await http.get(f"{PATH}/export", params=asked, headers=as_(user))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def imported(
    http: httpx.AsyncClient, user: User, place: Id, body: bytes, **more: Any
) -> httpx.Response:
    asked = {"workspace_id": str(place), **more}
    return await http.post(f"{PATH}/import", params=asked, content=body, headers=as_(user))


@pytest.mark.parametrize("form", ["object", "list", "lines"])
async def test_export_comes_in_again_as_it_was(
    form: str, http: httpx.AsyncClient, world: World
) -> None:
    for name in ("hero", "villain"):
        first = await made(http, world, name=name, output_schema={"type": "object"}, tags=[])
        await made(http, world, name=name, template="{{ hero }}!", notes="ünï ☃\n")
        third = await made(http, world, name=name)
        await labelled(http, world, first["id"], "staging")
        await labelled(http, world, third["id"])
    rows_out = await exported(http, world.viewer, world.workspace.id)
    assert [(row["name"], row["version"]) for row in rows_out] == [
        *(("hero", n) for n in (1, 2, 3)),
        *(("villain", n) for n in (1, 2, 3)),
    ]
    lines = "\n".join(json.dumps(row) for row in rows_out)
    bodies = {"object": json.dumps({"items": rows_out}), "list": json.dumps(rows_out)}
    body = bodies.get(form, lines).encode()
    answer = await imported(http, world.stranger, world.elsewhere.id, body)
    assert answer.status_code == 200, answer.text
    assert {each["outcome"] for each in answer.json()["rows"]} == {"created"}
    assert await exported(http, world.stranger, world.elsewhere.id) == rows_out
    again = await imported(http, world.stranger, world.elsewhere.id, body)
    assert {each["outcome"] for each in again.json()["rows"]} == {"unchanged"}
    assert await exported(http, world.stranger, world.elsewhere.id) == rows_out


async def test_export_line_by_line(http: httpx.AsyncClient, world: World) -> None:
    await made(http, world)
    headers = {**as_(world.viewer), "Accept": NDJSON}
    asked = {"workspace_id": str(world.workspace.id)}
    answer = await http.get(f"{PATH}/export", params=asked, headers=headers)
    assert [json.loads(line)["name"] for line in answer.text.splitlines()] == ["hero"]


async def test_others_export_nothing(http: httpx.AsyncClient, world: World) -> None:
    await made(http, world)
    assert await exported(http, world.stranger, world.workspace.id) == []


async def test_import_is_all_or_nothing(http: httpx.AsyncClient, world: World) -> None:
    good = {name: each for name, each in content(world).items() if name != "workspace_id"}
    bad = [
        good,
        {**good, "template": "{{ a.__b__ }}"},
        {**good, "model": "nobody/nothing"},
        {**good, "surprise": 1, "labels": ["UP"]},
        3,
    ]
    body = json.dumps(bad).encode()
    answer = await imported(http, world.editor, world.workspace.id, body)
    assert codes(answer) == (422, "bad_rows")
    found = {(each["field"], each["code"]) for each in answer.json()["errors"]}
    assert found == {
        ("1.template", "bad_template"),
        ("2.model", "unknown_model"),
        ("3.surprise", "extra_forbidden"),
        ("3.labels.0", "string_pattern_mismatch"),
        ("4", "model_type"),
    }
    assert await PromptTemplate.collection().count_documents({}) == 0


async def test_dry_import_leaves_nothing(http: httpx.AsyncClient, world: World) -> None:
    await made(http, world)
    body = json.dumps(await exported(http, world.editor, world.workspace.id))
    extra = body.replace('"version": 1', '"version": 2').encode()
    place = world.workspace.id
    answer = await imported(http, world.editor, place, extra, dry_run=True)
    assert answer.json() == {
        "dry_run": True,
        "rows": [{"row": 0, "name": "hero", "version": 2, "outcome": "created"}],
    }
    assert await PromptTemplate.collection().count_documents({}) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed_body"),
        (b"[]", 400, "malformed_body"),
        (b"3", 400, "malformed_body"),
        (b'{"a": 1}\n{"b": ', 400, "malformed_body"),
        (b'{"a": 1}', 422, "bad_rows"),
        (b"[" + b"1," * 1000 + b"1]", 413, "too_large"),
        (b" " * (9 * 1024 * 1024), 413, "too_large"),
    ],
    ids=["empty", "no rows", "a number", "half a line", "no template", "too many", "too long"],
)
async def test_import_refuses(
    body: bytes, status: int, code: str, http: httpx.AsyncClient, world: World
) -> None:
    answer = await imported(http, world.editor, world.workspace.id, body)
    assert codes(answer) == (status, code)


@pytest.mark.parametrize("who", ["viewer", "stranger"])
async def test_only_editors_import(who: str, http: httpx.AsyncClient, world: World) -> None:
    answer = await imported(http, getattr(world, who), world.workspace.id, b"[1]")
    assert codes(answer) == (404, "not_found")


async def test_templates_of_the_house_are_made_once(store: Store) -> None:
    made_first = await ensure_shared_templates(store)
    assert [each.name for each in made_first] == [each.name for each in TEMPLATES]
    assert await ensure_shared_templates(store) == []
    for each in TEMPLATES:
        found = await versions.resolve(each.name, Id())
        assert (found.version, found.workspace_id, found.template) == (1, None, each.template)


async def test_templates_of_the_house_respect_a_label_that_somebody_moved(
    store: Store, http: httpx.AsyncClient, world: World
) -> None:
    name = TEMPLATES[0].name
    own = await made(http, world, world.admin, workspace_id=None, name=name)
    await http.put(f"{PATH}/{own['id']}/labels/production", headers=as_(world.admin))
    await ensure_shared_templates(store)
    assert str((await versions.resolve(name, None)).id) == own["id"]
    assert await versions.newest(None, name) == 2
