"""What people do about accounts, keys and workspaces is written down like everything else."""

from typing import Any

import httpx

from app.audit.differences import MASK
from documents.identity import AuditEntry, User
from documents.values import Id
from tests.app.audit.support import problems, seal_all
from tests.app.support import API, World, as_

PASSWORD = "correct horse battery"


async def entries(collection: str, **query: Any) -> list[dict[str, Any]]:
    found = {"subject.collection": collection, **query}
    return await AuditEntry.collection().find(found, sort=[("_id", 1)]).to_list()


async def asked(http: httpx.AsyncClient, user: User, method: str, path: str, body: Any) -> Any:
    answer = await http.request(method, f"{API}/{path}", json=body, headers=as_(user))
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def registered(http: httpx.AsyncClient) -> dict[str, Any]:
    body = {"email": f"{Id()}@example.com", "name": "Ada", "password": PASSWORD}
    answer = await http.post(f"{API}/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    return {**body, **answer.json()}


async def test_an_account_is_made_by_itself(http: httpx.AsyncClient, world: World) -> None:
    account = await registered(http)
    [entry] = await entries("users")
    key = Id(account["user"]["id"])
    assert (entry["action"], entry["workspace_id"]) == ("create", None)
    assert entry["actor"] == {"kind": "user", "id": key, "key_id": None}
    assert entry["after"]["password_hash"] == MASK
    [workspace] = await entries("workspaces")
    assert workspace["workspace_id"] == workspace["subject"]["id"]


async def test_a_sign_in_shows_no_token(http: httpx.AsyncClient, world: World) -> None:
    account = await registered(http)
    body = {"email": account["email"], "password": PASSWORD}
    assert (await http.post(f"{API}/auth/login", json=body)).status_code == 200
    [entry] = await entries("login_sessions")
    assert (entry["action"], entry["actor"]["id"]) == ("sign_in", Id(account["user"]["id"]))
    assert entry["after"]["token_hash"] == entry["after"]["family_hash"] == MASK


async def test_a_wrong_password_leaves_nothing(http: httpx.AsyncClient, world: World) -> None:
    account = await registered(http)
    body = {"email": account["email"], "password": "wrong horse battery"}
    assert (await http.post(f"{API}/auth/login", json=body)).status_code == 401
    assert await entries("login_sessions") == []


async def test_a_new_password_shows_that_it_is_new(http: httpx.AsyncClient, world: World) -> None:
    account = await registered(http)
    body = {"current_password": PASSWORD, "new_password": PASSWORD + "!"}
    headers = {"Authorization": f"Bearer {account['access_token']}"}
    changed = await http.post(f"{API}/auth/change-password", json=body, headers=headers)
    assert changed.status_code == 204, changed.text
    [entry] = await entries("users", action="change")
    assert (entry["before"], entry["after"]) == ({"password_hash": MASK}, {"password_hash": MASK})


async def test_keys_are_made_and_revoked(http: httpx.AsyncClient, world: World) -> None:
    body = {"workspace_id": str(world.workspace.id), "name": "Export", "scopes": ["read:*"]}
    made = await asked(http, world.editor, "POST", "api-keys", body)
    await asked(http, world.owner, "DELETE", f"api-keys/{made['id']}", None)
    created, revoked = await entries("api_keys", workspace_id=world.workspace.id)
    assert (created["actor"]["id"], revoked["actor"]["id"]) == (world.editor.id, world.owner.id)
    assert created["after"]["key_hash"] == MASK
    assert made["key"] not in str(created)
    assert revoked["before"] == {"revoked_at": None}


async def test_what_becomes_of_members(http: httpx.AsyncClient, world: World) -> None:
    address = f"workspaces/{world.workspace.id}/members/{world.editor.id}"
    await asked(http, world.owner, "PATCH", address, {"role": "viewer"})
    await asked(http, world.owner, "DELETE", address, None)
    changed, removed = await entries("workspaces", workspace_id=world.workspace.id)
    roles = [
        {each["user_id"]: each["role"] for each in changed[side]["members"]}
        for side in ("before", "after")
    ]
    assert [each[world.editor.id] for each in roles] == ["editor", "viewer"]
    assert world.editor.id not in {each["user_id"] for each in removed["after"]["members"]}


async def test_a_refused_change_of_members_leaves_nothing(
    http: httpx.AsyncClient, world: World
) -> None:
    address = f"{API}/workspaces/{world.workspace.id}/members/{world.owner.id}"
    answer = await http.patch(address, json={"role": "viewer"}, headers=as_(world.owner))
    assert answer.status_code == 409
    assert await entries("workspaces") == []


async def test_what_administrators_decide(http: httpx.AsyncClient, world: World) -> None:
    address = f"users/{world.stranger.id}"
    await asked(http, world.admin, "PATCH", f"{address}/administration", {"role": "producer"})
    await asked(http, world.admin, "DELETE", address, None)
    await asked(http, world.admin, "POST", f"{address}/restore", None)
    found = await entries("users", **{"subject.id": world.stranger.id})
    assert [each["action"] for each in found] == ["change", "delete", "restore"]
    assert (found[0]["before"], found[0]["after"]) == ({"role": "user"}, {"role": "producer"})
    assert {each["actor"]["id"] for each in found} == {world.admin.id}
    hidden = await entries("workspaces", workspace_id=world.elsewhere.id)
    assert [each["action"] for each in hidden] == ["delete", "restore"]


async def test_all_of_it_is_sealed(http: httpx.AsyncClient, world: World) -> None:
    await registered(http)
    await asked(http, world.owner, "POST", "workspaces", {"name": "New"})
    await seal_all()
    for workspace in await AuditEntry.collection().distinct("workspace_id"):
        assert await problems(workspace) == []
