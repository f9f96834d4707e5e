"""API keys: shown once, good in one workspace, within their scopes, until they end."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.actor import Actor, ScopeMissing, allows, demand
from app.identity.keys import NAMEABLE
from app.identity.service import USE_IS_NOTED, actor_of_key
from documents.identity import ApiKey, User, Workspace
from documents.values import Id, now
from tests.app.identity.support import Mails, Person
from tests.app.support import API, codes


async def key_of(person: Person, workspace: Id | None = None, **given: Any) -> dict[str, Any]:
    body = {
        "workspace_id": str(workspace or person.personal),
        "name": "Nightly",
        "scopes": ["read:*", "write:projects"],
        **given,
    }
    answer = await person.asks("POST", "api-keys", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def asked(
    http: httpx.AsyncClient, key: str, path: str = "users/me", method: str = "GET"
) -> httpx.Response:
    return await http.request(method, f"{API}/{path}", headers={"Authorization": f"Bearer {key}"})


class TestMake:
    async def test_is_shown_once_and_kept_as_a_hash(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        made = await key_of(ada)
        assert made["key"].startswith(f"{made['prefix']}_")
        assert made["prefix"].startswith("blk_")
        assert made["key"] not in str(await ApiKey.collection().find_one({}))
        shown = (await ada.asks("GET", f"api-keys/{made['id']}")).json()
        assert shown == {name: value for name, value in made.items() if name != "key"}
        [listed] = (await ada.asks("GET", "api-keys")).json()["data"]
        assert listed == shown
        assert "key_hash" not in shown

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"scopes": []}, "scopes"),
            ({"scopes": ["admin"]}, "scopes.0"),
            ({"scopes": ["read:*", "read:nothing"]}, "scopes.1"),
            ({"scopes": ["write:api_keys"]}, "scopes.0"),
            ({"scopes": ["read:login_sessions"]}, "scopes.0"),
            ({"workspace_id": str(Id())}, "workspace_id"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
            ({"expires_at": "2030-01-01T00:00:00"}, "expires_at"),
            ({"created_by": str(Id())}, "created_by"),
        ],
    )
    async def test_what_cannot_be_taken(
        self, http: httpx.AsyncClient, given: dict[str, Any], field: str
    ) -> None:
        ada = await Person.registered(http)
        body = {"workspace_id": str(ada.personal), "name": "x", "scopes": ["read:*"], **given}
        answer = await ada.asks("POST", "api-keys", body)
        assert codes(answer) == (422, "invalid")
        assert [each["field"] for each in answer.json()["errors"]] == [field]

    async def test_not_in_somebody_elses_workspace(self, http: httpx.AsyncClient) -> None:
        ada, eve = await Person.registered(http), await Person.registered(http, "eve")
        body = {"workspace_id": str(ada.personal), "name": "x", "scopes": ["read:*"]}
        assert codes(await eve.asks("POST", "api-keys", body)) == (422, "invalid")


class TestUse:
    async def test_acts_in_its_workspace_only(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        studio = await ada.workspace()
        made = await key_of(ada, studio)
        me = (await asked(http, made["key"])).json()
        assert me["id"] == str(ada.id)
        assert [each["id"] for each in me["workspaces"]] == [str(studio)]
        assert (await asked(http, made["key"], "projects")).json()["data"] == []

    async def test_needs_a_scope(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        made = await key_of(ada, scopes=["read:projects"])
        assert codes(await asked(http, made["key"])) == (403, "scope_missing")

    async def test_of_an_administrator_is_a_members_key(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        await User.collection().update_one({}, {"$set": {"role": "admin"}})
        actor = await actor_of_key((await key_of(ada))["key"])
        assert not actor.is_admin
        assert [*actor.workspaces] == [ada.personal]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "api-keys"),
            ("POST", "workspaces"),
            ("GET", "auth/sessions"),
            ("DELETE", "auth/sessions"),
            ("POST", "auth/change-password"),
            ("POST", "users/me/close"),
            ("POST", "auth/verify-email/send"),
        ],
    )
    async def test_does_not_manage_accounts(
        self, http: httpx.AsyncClient, method: str, path: str
    ) -> None:
        made = await key_of(await Person.registered(http), scopes=["write:*"])
        assert codes(await asked(http, made["key"], path, method)) == (403, "person_needed")

    async def test_sees_no_keys(self, http: httpx.AsyncClient) -> None:
        made = await key_of(await Person.registered(http))
        assert (await asked(http, made["key"], "api-keys")).json()["data"] == []

    async def test_its_use_is_noted_once_a_minute(self, http: httpx.AsyncClient) -> None:
        made = await key_of(await Person.registered(http))

        async def noted() -> Any:
            await asked(http, made["key"])
            stored = await ApiKey.collection().find_one({})
            assert stored
            assert stored["revision"] == 1
            return stored["last_used_at"]

        first = await noted()
        assert first is not None
        assert await noted() == first
        before = now() - USE_IS_NOTED - timedelta(seconds=1)
        await ApiKey.collection().update_one({}, {"$set": {"last_used_at": before}})
        assert await noted() > before


class TestEnd:
    async def test_expired(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        made = await key_of(ada, expires_at="2100-01-01T00:00:00Z")
        assert (await asked(http, made["key"])).status_code == 200
        await ApiKey.collection().update_one({}, {"$set": {"expires_at": now()}})
        assert codes(await asked(http, made["key"])) == (401, "not_signed_in")

    async def test_revoked(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        made = await key_of(ada)
        for _ in range(2):
            assert (await ada.asks("DELETE", f"api-keys/{made['id']}")).status_code == 204
        assert codes(await asked(http, made["key"])) == (401, "not_signed_in")

    async def test_owners_revoke_keys_of_members_and_strangers_do_not(
        self, http: httpx.AsyncClient, mails: Mails
    ) -> None:
        ada, eve = await Person.registered(http), await Person.registered(http, "eve")
        grace = await Person.registered(http, "grace")
        studio = await ada.workspace()
        await grace.joins(studio, ada, mails, "viewer")
        made = await key_of(grace, studio)
        path = f"api-keys/{made['id']}"
        listed = f"api-keys/of-workspace/{studio}"
        assert codes(await grace.asks("GET", listed)) == (404, "not_found")
        [seen] = (await ada.asks("GET", listed)).json()["data"]
        assert seen == {name: value for name, value in made.items() if name != "key"}
        assert codes(await eve.asks("DELETE", path)) == (404, "not_found")
        assert (await ada.asks("DELETE", path)).status_code == 204
        assert codes(await asked(http, made["key"])) == (401, "not_signed_in")

    async def test_goes_with_the_membership(self, http: httpx.AsyncClient, mails: Mails) -> None:
        ada, grace = await Person.registered(http), await Person.registered(http, "grace")
        studio = await ada.workspace()
        await grace.joins(studio, ada, mails, "editor")
        made = await key_of(grace, studio)
        await ada.asks("DELETE", f"workspaces/{studio}/members/{grace.id}")
        assert codes(await asked(http, made["key"])) == (401, "not_signed_in")
        await grace.joins(studio, ada, mails, "editor")
        assert codes(await asked(http, made["key"])) == (401, "not_signed_in")

    async def test_a_key_whose_creator_is_no_member(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        made = await key_of(ada)
        stranger = {"$set": {"members.0.user_id": Id()}}
        await Workspace.collection().update_one({}, stranger)
        assert codes(await asked(http, made["key"])) == (401, "not_signed_in")

    @pytest.mark.parametrize("key", ["blk_", "blk_x_y", "blk_" + "A" * 300])
    async def test_unknown(self, http: httpx.AsyncClient, key: str) -> None:
        assert codes(await asked(http, key)) == (401, "not_signed_in")


class TestScopes:
    @given(st.sets(st.sampled_from(["read", "write"])), st.sampled_from([*NAMEABLE, "*"]))
    def test_of_one_collection(self, verbs: set[str], named: str) -> None:
        actor = Actor(Id(), key_scopes=frozenset(f"{each}:{named}" for each in verbs))
        for collection in NAMEABLE:
            within = named in ("*", collection)
            assert allows(actor, "write", collection) == (within and "write" in verbs)
            assert allows(actor, "read", collection) == (within and bool(verbs))

    def test_people_need_none(self) -> None:
        assert allows(Actor(Id()), "write", "projects")

    def test_a_refusal_names_what_is_missing(self) -> None:
        actor = Actor(Id(), key_scopes=frozenset({"read:scenes"}))
        with pytest.raises(ScopeMissing, match="write:scenes") as refused:
            demand(actor, "write", "scenes")
        assert refused.value.members == {"allowed": ["read:scenes"]}
