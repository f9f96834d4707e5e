"""Workspaces, who belongs to them, and invitations by mail."""

import asyncio
from typing import Any

import httpx
import pytest

from documents.films import Project
from documents.identity import Invitation, User, Workspace
from documents.values import Id, now
from tests.app.identity.support import Mails, Person
from tests.app.support import API, codes
from tests.factories.records import valid


@pytest.fixture
async def ada(http: httpx.AsyncClient) -> Person:
    return await Person.registered(http)


@pytest.fixture
async def grace(http: httpx.AsyncClient) -> Person:
    return await Person.registered(http, "grace")


@pytest.fixture
async def eve(http: httpx.AsyncClient) -> Person:
    return await Person.registered(http, "eve")


@pytest.fixture
async def studio(ada: Person) -> Id:
    return await ada.workspace()


async def roles(person: Person, workspace: Id) -> dict[str, str]:
    answer = await person.asks("GET", f"workspaces/{workspace}/members")
    assert answer.status_code == 200, answer.text
    return {each["name"]: each["role"] for each in answer.json()["data"]}


async def invite(host: Person, workspace: Id, email: str, role: str = "viewer") -> httpx.Response:
    body = {"email": email, "role": role}
    return await host.asks("POST", f"workspaces/{workspace}/invitations", body)


async def answer_to(person: Person, token: str, how: str = "accept") -> httpx.Response:
    return await person.asks("POST", f"invitations/{how}", {"token": token})


class TestWorkspace:
    async def test_is_made_and_owned(self, ada: Person, studio: Id) -> None:
        shown = (await ada.asks("GET", f"workspaces/{studio}")).json()
        assert (shown["name"], shown["is_personal"]) == ("Studio", False)
        assert shown["members"] == [{"user_id": str(ada.id), "role": "owner"}]

    async def test_is_renamed_by_owners(
        self, ada: Person, grace: Person, studio: Id, mails: Mails
    ) -> None:
        await grace.joins(studio, ada, mails, "editor")
        path = f"workspaces/{studio}"
        assert (await ada.asks("PATCH", path, {"name": "Fox"})).json()["name"] == "Fox"
        assert codes(await grace.asks("PATCH", path, {"name": "Cat"})) == (404, "not_found")
        body: dict[str, Any] = {"members": []}
        assert codes(await ada.asks("PATCH", path, body)) == (422, "invalid")

    async def test_is_deleted_when_empty(self, ada: Person, eve: Person, studio: Id) -> None:
        path = f"workspaces/{studio}"
        film = await valid(Project, workspace_id=studio, created_by=ada.id).insert()
        assert codes(await eve.asks("DELETE", path)) == (404, "not_found")
        assert codes(await ada.asks("DELETE", path)) == (409, "not_empty")
        await Project.collection().delete_one({"_id": film.id})
        await invite(ada, studio, "later@example.com")
        assert (await ada.asks("DELETE", path)).status_code == 204
        assert codes(await ada.asks("GET", path)) == (404, "not_found")
        [open_still] = await Invitation.all_in(True, {})
        assert open_still.status == "revoked"

    async def test_the_personal_one_is_not_shared_left_or_deleted(self, ada: Person) -> None:
        own = ada.personal
        refused = (409, "personal_workspace")
        assert codes(await ada.asks("DELETE", f"workspaces/{own}")) == refused
        assert codes(await ada.asks("POST", f"workspaces/{own}/leave")) == refused
        assert codes(await invite(ada, own, "grace@example.com")) == refused
        body = {"role": "viewer"}
        path = f"workspaces/{own}/members/{ada.id}"
        assert codes(await ada.asks("PATCH", path, body)) == refused


class TestMembers:
    async def test_owners_see_addresses_and_others_do_not(
        self, ada: Person, grace: Person, eve: Person, studio: Id, mails: Mails
    ) -> None:
        await grace.joins(studio, ada, mails, "viewer")
        path = f"workspaces/{studio}/members"
        seen = (await ada.asks("GET", path)).json()["data"]
        assert [each["email"] for each in seen] == [ada.email, grace.email]
        seen = (await grace.asks("GET", path)).json()["data"]
        assert [each.get("email") for each in seen] == [None, None]
        assert codes(await eve.asks("GET", path)) == (404, "not_found")

    async def test_owners_change_roles(
        self, ada: Person, grace: Person, eve: Person, studio: Id, mails: Mails
    ) -> None:
        await grace.joins(studio, ada, mails, "viewer")
        await eve.joins(studio, ada, mails, "viewer")
        path = f"workspaces/{studio}/members/{grace.id}"
        assert codes(await eve.asks("PATCH", path, {"role": "owner"})) == (404, "not_found")
        assert (await ada.asks("PATCH", path, {"role": "editor"})).status_code == 204
        assert await roles(ada, studio) == {"Ada": "owner", "Grace": "editor", "Eve": "viewer"}
        nobody = f"workspaces/{studio}/members/{Id()}"
        assert codes(await ada.asks("PATCH", nobody, {"role": "editor"})) == (404, "not_found")

    async def test_the_last_owner_stays(self, ada: Person, grace: Person, mails: Mails) -> None:
        studio = await ada.workspace()
        await grace.joins(studio, ada, mails, "editor")
        path = f"workspaces/{studio}/members/{ada.id}"
        refused = (409, "last_owner")
        assert codes(await ada.asks("POST", f"workspaces/{studio}/leave")) == refused
        assert codes(await ada.asks("DELETE", path)) == refused
        assert codes(await ada.asks("PATCH", path, {"role": "viewer"})) == refused
        grace_path = f"workspaces/{studio}/members/{grace.id}"
        assert (await ada.asks("PATCH", grace_path, {"role": "owner"})).status_code == 204
        assert (await ada.asks("POST", f"workspaces/{studio}/leave")).status_code == 204
        assert await roles(grace, studio) == {"Grace": "owner"}

    async def test_owners_who_leave_at_once_leave_one_behind(
        self, ada: Person, grace: Person, eve: Person, studio: Id, mails: Mails
    ) -> None:
        await grace.joins(studio, ada, mails, "owner")
        await eve.joins(studio, ada, mails, "owner")
        people = (ada, grace, eve)
        path = f"workspaces/{studio}"
        answers = await asyncio.gather(
            *(each.asks("POST", f"{path}/leave") for each in people[:2]),
            eve.asks("PATCH", f"{path}/members/{eve.id}", {"role": "viewer"}),
        )
        assert sorted(each.status_code for each in answers) == [204, 204, 409]
        workspace = await Workspace.one_in(True, studio)
        assert workspace is not None
        assert [each.role for each in workspace.members].count("owner") == 1

    async def test_whoever_is_removed_sees_nothing_more(
        self, ada: Person, grace: Person, studio: Id, mails: Mails
    ) -> None:
        await grace.joins(studio, ada, mails, "editor")
        path = f"workspaces/{studio}/members"
        assert codes(await grace.asks("DELETE", f"{path}/{ada.id}")) == (404, "not_found")
        assert (await ada.asks("DELETE", f"{path}/{grace.id}")).status_code == 204
        assert codes(await grace.asks("GET", path)) == (404, "not_found")
        assert codes(await ada.asks("DELETE", f"{path}/{grace.id}")) == (404, "not_found")


class TestInvite:
    async def test_carries_the_role_and_confirms_the_address(
        self, ada: Person, grace: Person, studio: Id, mails: Mails
    ) -> None:
        invited = await invite(ada, studio, "Grace@Example.com", "editor")
        assert (invited.status_code, invited.json()["status"]) == (201, "pending")
        assert "token" not in invited.text
        joined = await answer_to(grace, mails.token(grace.email))
        assert (joined.status_code, joined.json()["id"]) == (200, str(studio))
        assert await roles(ada, studio) == {"Ada": "owner", "Grace": "editor"}
        user = await User.one_in(True, grace.id)
        assert user is not None
        assert user.email_verified_at is not None
        path = f"invitations?workspace_id={studio}"
        [listed] = (await ada.asks("GET", path)).json()["data"]
        assert listed["status"] == "accepted"
        assert (await grace.asks("GET", path)).json()["data"] == []

    async def test_for_owners_only(self, ada: Person, grace: Person, mails: Mails) -> None:
        studio = await ada.workspace()
        await grace.joins(studio, ada, mails, "editor")
        assert codes(await invite(grace, studio, "eve@example.com")) == (404, "not_found")

    async def test_is_accepted_once(
        self, ada: Person, grace: Person, studio: Id, mails: Mails
    ) -> None:
        await invite(ada, studio, grace.email)
        token = mails.token(grace.email)
        answers = await asyncio.gather(*(answer_to(grace, token) for _ in range(5)))
        assert sorted(each.status_code for each in answers) == [200, 409, 409, 409, 409]
        assert codes(await answer_to(grace, token)) == (409, "already_answered")
        assert await roles(ada, studio) == {"Ada": "owner", "Grace": "viewer"}

    async def test_by_the_wrong_account(
        self, ada: Person, grace: Person, eve: Person, studio: Id, mails: Mails
    ) -> None:
        await invite(ada, studio, grace.email)
        token = mails.token(grace.email)
        assert codes(await answer_to(eve, token)) == (403, "wrong_account")
        assert (await answer_to(grace, token)).status_code == 200

    async def test_is_declined_without_an_account(
        self, http: httpx.AsyncClient, ada: Person, studio: Id, mails: Mails
    ) -> None:
        await invite(ada, studio, "new@example.com")
        body = {"token": mails.token("new@example.com")}
        path = f"{API}/invitations/decline"
        assert (await http.post(path, json=body)).status_code == 204
        assert codes(await http.post(path, json=body)) == (409, "already_answered")
        new = await Person.registered(http, "new")
        assert codes(await answer_to(new, body["token"])) == (409, "already_answered")

    async def test_is_revoked(
        self, ada: Person, grace: Person, eve: Person, studio: Id, mails: Mails
    ) -> None:
        made = (await invite(ada, studio, grace.email)).json()
        path = f"invitations/{made['id']}"
        assert codes(await eve.asks("DELETE", path)) == (404, "not_found")
        assert (await ada.asks("DELETE", path)).status_code == 204
        assert codes(await ada.asks("DELETE", path)) == (409, "already_answered")
        token = mails.token(grace.email)
        assert codes(await answer_to(grace, token)) == (409, "already_answered")

    async def test_expires_and_can_be_sent_again(
        self, ada: Person, grace: Person, studio: Id, mails: Mails
    ) -> None:
        await invite(ada, studio, grace.email)
        assert codes(await invite(ada, studio, grace.email)) == (409, "not_unique")
        await Invitation.collection().update_many({}, {"$set": {"expires_at": now()}})
        token = mails.token(grace.email)
        assert codes(await answer_to(grace, token)) == (410, "token_refused")
        assert (await invite(ada, studio, grace.email)).status_code == 201
        assert (await answer_to(grace, mails.token(grace.email))).status_code == 200

    async def test_of_a_member(self, ada: Person, grace: Person, studio: Id, mails: Mails) -> None:
        await grace.joins(studio, ada, mails, "viewer")
        assert codes(await invite(ada, studio, grace.email)) == (409, "already_member")

    async def test_to_a_workspace_that_is_gone(
        self, ada: Person, grace: Person, studio: Id, mails: Mails
    ) -> None:
        await invite(ada, studio, grace.email)
        gone = {"$set": {"deleted_at": now()}}
        await Workspace.collection().update_one({"_id": studio}, gone)
        answer = await answer_to(grace, mails.token(grace.email))
        assert codes(answer) == (410, "token_refused")

    async def test_to_a_full_workspace(
        self, ada: Person, grace: Person, studio: Id, mails: Mails
    ) -> None:
        await invite(ada, studio, grace.email)
        crowd: list[dict[str, Any]] = [{"user_id": Id(), "role": "viewer"} for _ in range(499)]
        crowded = {"$push": {"members": {"$each": crowd}}}
        await Workspace.collection().update_one({"_id": studio}, crowded)
        token = mails.token(grace.email)
        assert codes(await answer_to(grace, token)) == (409, "full")
        [pending] = await Invitation.all_in(True, {})
        assert pending.status == "pending"

    async def test_nobody_is_flooded_with_them(self, ada: Person, mails: Mails) -> None:
        answers = [
            await invite(ada, await ada.workspace(f"Studio {n}"), "grace@example.com")
            for n in range(6)
        ]
        assert [each.status_code for each in answers] == [201] * 5 + [429]
        assert len(mails.to("grace@example.com")) == 5
