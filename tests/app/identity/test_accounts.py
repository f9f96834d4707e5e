"""Closing an account, bringing it back, and what administrators decide."""

from datetime import timedelta

import httpx
import pytest

from app.identity.accounts import KEPT_FOR
from documents.films import Project
from documents.identity import User, Workspace
from documents.values import Id, now
from tests.app.identity.support import PASSWORD, Mails, Person
from tests.app.support import API, as_, codes, made_user
from tests.factories.records import valid


@pytest.fixture
async def ada(http: httpx.AsyncClient) -> Person:
    return await Person.registered(http)


@pytest.fixture
async def admin(http: httpx.AsyncClient) -> User:
    return await made_user("admin")


async def close(person: Person, password: str = PASSWORD) -> httpx.Response:
    return await person.asks("POST", "users/me/close", {"password": password})


async def restore(http: httpx.AsyncClient, admin: User, user: Id) -> httpx.Response:
    return await http.post(f"{API}/users/{user}/restore", headers=as_(admin))


class TestClose:
    async def test_signs_out_everywhere_and_frees_the_address(
        self, http: httpx.AsyncClient, ada: Person
    ) -> None:
        other = await ada.elsewhere()
        body = {"workspace_id": str(ada.personal), "name": "x", "scopes": ["read:*"]}
        key = (await ada.asks("POST", "api-keys", body)).json()["key"]
        assert (await close(ada)).status_code == 204
        assert not await ada.is_signed_in()
        assert codes(await other.refreshes()) == (401, "refresh_refused")
        by_key = await http.get(f"{API}/users/me", headers={"Authorization": f"Bearer {key}"})
        assert codes(by_key) == (401, "not_signed_in")
        login = {"email": ada.email, "password": PASSWORD}
        assert codes(await http.post(f"{API}/auth/login", json=login)) == (401, "wrong_credentials")
        again = await Person.registered(http)
        assert again.id != ada.id

    async def test_needs_the_password(self, ada: Person) -> None:
        assert codes(await close(ada, "not this one")) == (403, "wrong_password")
        assert await ada.is_signed_in()

    async def test_leaves_shared_workspaces_but_none_without_an_owner(
        self, http: httpx.AsyncClient, ada: Person, mails: Mails
    ) -> None:
        grace = await Person.registered(http, "grace")
        studio, alone = await ada.workspace(), await ada.workspace("Alone")
        await grace.joins(studio, ada, mails, "editor")
        refused = await close(ada)
        assert codes(refused) == (409, "last_owner")
        assert "Studio" in refused.json()["detail"]
        assert await ada.is_signed_in()
        path = f"workspaces/{studio}/members/{grace.id}"
        await ada.asks("PATCH", path, {"role": "owner"})
        assert (await close(ada)).status_code == 204
        left = (await grace.asks("GET", f"workspaces/{studio}/members")).json()["data"]
        assert [each["name"] for each in left] == ["Grace"]
        living = {each.id for each in await Workspace.all_in(True, {})}
        assert not living & {alone, ada.personal}


class TestRestore:
    async def test_brings_back_what_was_its_own(
        self, http: httpx.AsyncClient, ada: Person, admin: User
    ) -> None:
        await valid(Project, workspace_id=ada.personal, created_by=ada.id, title="Fox").insert()
        deleted = await ada.workspace("Deleted before")
        await ada.asks("DELETE", f"workspaces/{deleted}")
        await close(ada)
        answer = await restore(http, admin, ada.id)
        assert (answer.status_code, answer.json()["email"]) == (200, ada.email)
        assert not await ada.is_signed_in()
        again = await ada.elsewhere()
        assert [each["name"] for each in again.tokens["user"]["workspaces"]] == ["Ada"]
        [film] = (await again.asks("GET", "projects")).json()["data"]
        assert film["title"] == "Fox"
        assert codes(await restore(http, admin, ada.id)) == (404, "not_found")

    async def test_not_after_the_time(
        self, http: httpx.AsyncClient, ada: Person, admin: User
    ) -> None:
        await close(ada)
        long_ago = now() - KEPT_FOR - timedelta(minutes=1)
        await User.collection().update_one({"_id": ada.id}, {"$set": {"deleted_at": long_ago}})
        assert codes(await restore(http, admin, ada.id)) == (409, "too_late")

    async def test_not_while_the_address_is_taken(
        self, http: httpx.AsyncClient, ada: Person, admin: User
    ) -> None:
        await close(ada)
        await Person.registered(http)
        assert codes(await restore(http, admin, ada.id)) == (409, "not_unique")


class TestAdministration:
    async def test_a_tier_brings_its_limits(
        self, http: httpx.AsyncClient, ada: Person, admin: User
    ) -> None:
        path = f"{API}/users/{ada.id}/administration"
        body = {"tier": "pro", "role": "producer"}
        shown = (await http.patch(path, headers=as_(admin), json=body)).json()
        assert shown["role"] == "producer"
        assert shown["subscription"] == {
            "tier": "pro",
            "max_projects": 50,
            "max_episodes_per_project": 50,
            "features": [],
        }
        empty = await http.patch(path, headers=as_(admin), json={})
        assert codes(empty) == (422, "invalid")

    async def test_nobody_else(self, http: httpx.AsyncClient, ada: Person, admin: User) -> None:
        refused = (403, "administrator_needed")
        path = f"users/{ada.id}"
        body = {"role": "admin"}
        assert codes(await ada.asks("PATCH", f"{path}/administration", body)) == refused
        assert codes(await ada.asks("DELETE", path)) == refused
        assert codes(await ada.asks("POST", f"{path}/restore")) == refused
        assert codes(await ada.asks("PATCH", path, body)) == (422, "invalid")

    async def test_administrators_close_accounts_but_their_own(
        self, http: httpx.AsyncClient, ada: Person, admin: User
    ) -> None:
        for user, status in ((ada.id, 204), (ada.id, 404), (admin.id, 404)):
            answer = await http.delete(f"{API}/users/{user}", headers=as_(admin))
            assert answer.status_code == status
        assert not await ada.is_signed_in()

    async def test_one_administrator_stays(self, http: httpx.AsyncClient, admin: User) -> None:
        path = f"{API}/users/{admin.id}/administration"
        answer = await http.patch(path, headers=as_(admin), json={"role": "user"})
        assert codes(answer) == (403, "administrator_needed")
