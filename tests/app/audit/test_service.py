"""Entries are there if, and only if, their transaction is."""

from typing import Any

import httpx
import pytest

from app.audit import service
from app.core.actor import Actor
from app.core.recording import Change
from documents.films import Project
from documents.identity import AuditEntry
from documents.store import Store
from documents.values import Id
from tests.app.audit.support import ACTOR, creation
from tests.app.support import API, World, as_
from tests.factories import valid


async def entries(**query: Any) -> list[dict[str, Any]]:
    return await AuditEntry.collection().find(query, sort=[("_id", 1)]).to_list()


async def test_an_aborted_transaction_leaves_no_entry(store: Store) -> None:
    async def together(session: Any) -> None:
        await service.record(session, creation(Id()))
        raise LookupError

    with pytest.raises(LookupError):
        await store.in_transaction(together)
    assert await entries() == []


async def test_a_change_that_changes_nothing_leaves_no_entry(store: Store) -> None:
    document = valid(Project).stored()
    raised = {**document, "revision": 2}

    async def together(session: Any) -> None:
        await service.record(session, Change.of(ACTOR, Project, document, raised))

    await store.in_transaction(together)
    assert await entries() == []


async def test_an_entry_is_what_its_class_declares(store: Store) -> None:
    async def together(session: Any) -> None:
        await service.record(session, creation(Id()))

    await store.in_transaction(together)
    [entry] = await entries()
    assert AuditEntry.model_validate(entry).stored() == entry


async def test_an_entry_says_by_which_key_somebody_asked(store: Store) -> None:
    actor = Actor(Id(), key=Id(), key_scopes=frozenset({"write:*"}))
    document = valid(Project).stored()

    async def together(session: Any) -> None:
        await service.record(session, Change.of(actor, Project, None, document))

    await store.in_transaction(together)
    [entry] = await entries()
    assert entry["actor"] == {"kind": "api_key", "id": actor.id, "key_id": actor.key}


async def test_plain_writes_leave_entries(http: httpx.AsyncClient, world: World) -> None:
    headers = {**as_(world.editor), "X-Request-ID": "request-7"}
    body = {"workspace_id": str(world.workspace.id), "title": "Night"}
    made = await http.post(f"{API}/projects", json=body, headers=headers)
    assert made.status_code == 201, made.text
    address = f"{API}/projects/{made.json()['id']}"
    await http.patch(address, json={"title": "Day"}, headers=headers)
    await http.delete(address, headers=as_(world.owner))
    query = {"subject": {"collection": "projects", "id": Id(made.json()["id"])}}
    created, changed, deleted = await entries(**query)
    assert [each["action"] for each in (created, changed, deleted)] == [
        "create",
        "change",
        "delete",
    ]
    assert (changed["before"], changed["after"]) == ({"title": "Night"}, {"title": "Day"})
    assert deleted["before"]["title"] == "Day"
    assert created["after"]["title"] == "Night"
    assert created["workspace_id"] == world.workspace.id
    assert created["request_id"] == "request-7"
    assert created["actor"] == {"kind": "user", "id": world.editor.id, "key_id": None}
    assert deleted["actor"]["id"] == world.owner.id


async def test_a_refused_write_leaves_no_entry(http: httpx.AsyncClient, world: World) -> None:
    headers = {**as_(world.editor), "If-Match": '"7"'}
    address = f"{API}/projects/{world.project.id}"
    assert (await http.patch(address, json={"title": "Day"}, headers=headers)).status_code == 412
    assert await entries() == []


async def test_bulk_writes_leave_an_entry_for_each_record(
    http: httpx.AsyncClient, world: World
) -> None:
    items = [{"project_id": str(world.project.id), "name": f"Fox {n}"} for n in range(3)]
    headers = as_(world.owner)
    made = await http.post(f"{API}/characters/bulk", json={"items": items}, headers=headers)
    assert made.status_code == 201, made.text
    ids = [each["id"] for each in made.json()["data"]]
    gone = await http.post(f"{API}/characters/bulk-delete", json={"ids": ids}, headers=headers)
    assert gone.status_code == 200, gone.text
    found = await entries(**{"subject.collection": "characters"})
    assert [each["action"] for each in found] == ["create"] * 3 + ["delete"] * 3
    assert {str(each["subject"]["id"]) for each in found} == {*ids}
