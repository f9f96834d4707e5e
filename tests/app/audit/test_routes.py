"""The audit over HTTP."""

import json
from hashlib import sha256
from typing import Any

import httpx
import pytest

from documents.identity import AuditEntry, User
from documents.store import Store
from documents.values import Id
from tests.app.audit.support import chain_of, made_chain, made_entries
from tests.app.support import API, World, as_, codes, rows

SEALED = (
    "id,workspace_id,created_at,subject,action,before,after,actor,request_id,sequence,previous_hash"
)


async def verified(http: httpx.AsyncClient, user: User, workspace: Id | None) -> httpx.Response:
    query = {} if workspace is None else {"workspace_id": str(workspace)}
    return await http.get(f"{API}/audit/verify", params=query, headers=as_(user))


@pytest.mark.parametrize("reader", ["owner", "producer", "admin"])
async def test_who_may_reads_and_verifies(
    http: httpx.AsyncClient, world: World, store: Store, reader: str
) -> None:
    await made_chain(store, world.workspace.id, 1)
    chain = await made_chain(store, world.workspace.id, 2)
    user = getattr(world, reader)
    found = await rows(http, "audit", user, workspace_id=str(world.workspace.id))
    # Those of one moment stay in their order.
    newest = sorted(chain, key=lambda entry: entry["created_at"], reverse=True)
    assert [each["id"] for each in found] == [str(each["_id"]) for each in newest]
    report = (await verified(http, user, world.workspace.id)).json()
    assert (report["is_whole"], report["entries"], report["problems"]) == (True, 3, [])
    assert report["unsealed"] == {"count": 0, "oldest_at": None, "oldest_age_seconds": None}


@pytest.mark.parametrize("reader", ["editor", "viewer", "collaborator", "stranger"])
async def test_others_see_nothing(
    http: httpx.AsyncClient, world: World, store: Store, reader: str
) -> None:
    [entry] = await made_chain(store, world.workspace.id, 1)
    user = getattr(world, reader)
    assert await rows(http, "audit", user) == []
    read = await http.get(f"{API}/audit/{entry['_id']}", headers=as_(user))
    assert codes(read) == (404, "not_found")
    assert codes(await verified(http, user, world.workspace.id)) == (404, "not_found")


async def test_what_lies_in_no_workspace_is_for_administrators(
    http: httpx.AsyncClient, world: World, store: Store
) -> None:
    await made_chain(store, None, 2)
    assert (await verified(http, world.admin, None)).json()["entries"] == 2
    assert codes(await verified(http, world.owner, None)) == (404, "not_found")


async def test_entries_are_found_by_subject_and_by_actor(
    http: httpx.AsyncClient, world: World, store: Store
) -> None:
    await made_chain(store, world.workspace.id, 3)
    entry = (await chain_of(world.workspace.id))[1]
    about = await rows(http, "audit", world.owner, **{"subject.id": str(entry["subject"]["id"])})
    assert [each["id"] for each in about] == [str(entry["_id"])]
    by = await rows(http, "audit", world.owner, **{"actor.id": str(entry["actor"]["id"])})
    assert len(by) == 3


async def test_nobody_writes_entries(http: httpx.AsyncClient, world: World, store: Store) -> None:
    [entry] = await made_chain(store, world.workspace.id, 1)
    address = f"{API}/audit/{entry['_id']}"
    for method in ("PATCH", "PUT", "DELETE"):
        answer = await http.request(method, address, json={}, headers=as_(world.admin))
        assert answer.status_code == 405
    assert (await http.post(f"{API}/audit", json={}, headers=as_(world.admin))).status_code == 405


async def test_a_tampered_entry_is_reported(
    http: httpx.AsyncClient, world: World, store: Store
) -> None:
    chain = await made_chain(store, world.workspace.id, 3)
    await made_entries(store, world.workspace.id, 1)
    key = chain[1]["_id"]
    await AuditEntry.collection().update_one({"_id": key}, {"$set": {"action": "delete"}})
    report: dict[str, Any] = (await verified(http, world.owner, world.workspace.id)).json()
    assert report["is_whole"] is False
    assert (report["first_bad_sequence"], report["problem_count"]) == (2, 1)
    assert report["problems"] == [
        {"kind": "wrong_hash", "sequence": 2, "until": 2, "entry_id": str(key)}
    ]
    assert report["unsealed"]["count"] == 1
    assert report["end"] == {"sequence": 3, "entry_hash": chain[2]["entry_hash"]}


async def test_the_answer_of_the_api_is_enough_to_check_a_hash(
    http: httpx.AsyncClient, world: World, store: Store
) -> None:
    """As docs/audit.md shows it."""
    await made_chain(store, world.workspace.id, 3)
    fields = f"{SEALED},entry_hash"
    for entry in await rows(http, "audit", world.owner, fields=fields):
        expected = entry.pop("entry_hash")
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert sha256(text.encode()).hexdigest() == expected
