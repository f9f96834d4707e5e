"""Staying signed in: rotation, copies of tokens, sign-out, and other devices."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from app.core.parts import Parts
from app.identity.errors import RefreshRefused
from app.identity.refreshing import GRACE, RefreshToken
from app.identity.tokens import LEAST_BYTES, Tokens
from app.main import parts_with
from app.settings import NotConfigured
from documents.identity import LoginSession, User
from documents.values import Id, now
from tests.app.identity.support import PASSWORD, Person
from tests.app.support import API, TOKEN_KEY, client_of, codes


async def set_back(time: timedelta) -> None:
    """Let the last exchange of every session have been so long ago."""
    await LoginSession.collection().update_many({}, {"$set": {"rotated_at": now() - time}})


class TestRefresh:
    async def test_every_token_is_exchanged_for_the_next(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        seen = {ada.tokens["refresh_token"]}
        for _ in range(4):
            answer = await ada.refreshes()
            assert answer.status_code == 200, answer.text
            assert answer.headers["cache-control"] == "no-store"
            ada.tokens |= answer.json()
            assert await ada.is_signed_in()
            seen.add(ada.tokens["refresh_token"])
        assert len(seen) == 5
        assert await LoginSession.collection().count_documents({}) == 1

    async def test_a_copy_ends_the_session_for_both(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        stolen = ada.tokens["refresh_token"]
        ada.tokens |= (await ada.refreshes()).json()
        await set_back(GRACE)
        assert codes(await ada.refreshes(stolen)) == (401, "refresh_reused")
        assert codes(await ada.refreshes()) == (401, "refresh_refused")
        assert not await ada.is_signed_in()
        [session] = await LoginSession.all_in(True, {})
        assert session.revoked_because == "reused"

    async def test_a_copy_of_long_ago_is_known_as_one(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        stolen = ada.tokens["refresh_token"]
        for _ in range(3):
            ada.tokens |= (await ada.refreshes()).json()
        assert codes(await ada.refreshes(stolen)) == (401, "refresh_reused")
        assert not await ada.is_signed_in()

    async def test_other_sessions_go_on(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        other = await ada.elsewhere()
        stolen = ada.tokens["refresh_token"]
        ada.tokens |= (await ada.refreshes()).json()
        await set_back(GRACE)
        await ada.refreshes(stolen)
        assert await other.is_signed_in()
        assert (await other.refreshes()).status_code == 200

    async def test_tabs_that_ask_at_once_get_the_same(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        answers = await asyncio.gather(*(ada.refreshes() for _ in range(8)))
        assert {each.status_code for each in answers} == {200}
        [successor] = {each.json()["refresh_token"] for each in answers}
        assert (await ada.refreshes(successor)).status_code == 200
        assert await ada.is_signed_in()

    async def test_an_answer_that_was_lost_is_given_again(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        first = (await ada.refreshes()).json()["refresh_token"]
        assert (await ada.refreshes()).json()["refresh_token"] == first

    async def test_the_store_holds_no_token(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        old = ada.tokens["refresh_token"]
        new = (await ada.refreshes()).json()["refresh_token"]
        stored = str(await LoginSession.collection().find_one({}))
        for text in (old, new):
            token = RefreshToken.read(text)
            assert text not in stored
            assert token.secret.hex() not in stored
            assert token.family.hex() not in stored

    async def test_an_expired_session_is_over(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        await LoginSession.collection().update_one({}, {"$set": {"expires_at": now()}})
        assert codes(await ada.refreshes()) == (401, "refresh_refused")

    async def test_each_exchange_prolongs_the_session(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        soon = now() + timedelta(minutes=5)
        await LoginSession.collection().update_one({}, {"$set": {"expires_at": soon}})
        answer = (await ada.refreshes()).json()
        assert answer["refresh_expires_in"] > timedelta(days=29).total_seconds()

    @pytest.mark.parametrize(
        "text",
        [
            "blr_" + "A" * 64,
            "blr_" + "A" * 63,
            "blr_" + "A" * 63 + "!",
            "blr_" + "é" * 64,
            "x",
            "eyJhbGciOiJIUzI1NiJ9.e30.x",
        ],
    )
    async def test_what_is_no_token_of_ours(self, http: httpx.AsyncClient, text: str) -> None:
        answer = await http.post(f"{API}/auth/refresh", json={"refresh_token": text})
        assert codes(answer) == (401, "refresh_refused")

    @given(st.text(max_size=80))
    def test_any_other_text_is_refused(self, text: str) -> None:
        with pytest.raises(RefreshRefused):
            RefreshToken.read(text)

    @given(st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32))
    def test_is_read_as_it_was_written(self, family: bytes, secret: bytes) -> None:
        token = RefreshToken(family, secret)
        assert RefreshToken.read(str(token)) == token

    def test_a_sealed_successor_opens_with_its_token_only(self) -> None:
        token = RefreshToken.first()
        successor = token.successor()
        sealed = token.sealed(successor)
        assert token.opened(sealed) == successor
        assert token.successor().opened(sealed) != successor
        assert successor.secret.hex() not in sealed


class TestSignOut:
    async def test_by_the_access_token(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        other = await ada.elsewhere()
        assert (await ada.asks("POST", "auth/logout")).status_code == 204
        assert not await ada.is_signed_in()
        assert codes(await ada.refreshes()) == (401, "refresh_refused")
        assert await other.is_signed_in()

    async def test_by_the_refresh_token_alone(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        body = {"refresh_token": ada.tokens["refresh_token"]}
        for _ in range(2):
            assert (await http.post(f"{API}/auth/logout", json=body)).status_code == 204
        assert not await ada.is_signed_in()

    async def test_by_neither(self, http: httpx.AsyncClient) -> None:
        assert codes(await http.post(f"{API}/auth/logout")) == (401, "not_signed_in")

    async def test_by_what_is_no_token(self, http: httpx.AsyncClient) -> None:
        answer = await http.post(f"{API}/auth/logout", json={"refresh_token": "x"})
        assert answer.status_code == 204


class TestList:
    async def test_shows_ones_own_and_which_this_is(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        await Person.registered(http, "grace")
        http.headers["User-Agent"] = "Fox\t1.0"
        other = await ada.elsewhere()
        shown = (await ada.asks("GET", "auth/sessions")).json()["data"]
        assert [each["id"] for each in shown] == [
            other.tokens["session_id"],
            ada.tokens["session_id"],
        ]
        assert [each["current"] for each in shown] == [False, True]
        assert shown[0]["user_agent"] == "Fox1.0"
        assert shown[0]["address"] == "127.0.0.1"
        assert not any("hash" in name or "token" in name for name in shown[0])

    async def test_ending_one_stops_its_access_token_at_once(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        other = await ada.elsewhere()
        path = f"auth/sessions/{other.tokens['session_id']}"
        assert (await ada.asks("DELETE", path)).status_code == 204
        assert not await other.is_signed_in()
        assert await ada.is_signed_in()
        assert codes(await ada.asks("DELETE", path)) == (404, "not_found")
        assert len((await ada.asks("GET", "auth/sessions")).json()["data"]) == 1

    async def test_nobody_ends_those_of_others(self, http: httpx.AsyncClient) -> None:
        ada, eve = await Person.registered(http), await Person.registered(http, "eve")
        answer = await eve.asks("DELETE", f"auth/sessions/{ada.tokens['session_id']}")
        assert codes(answer) == (404, "not_found")
        assert await ada.is_signed_in()

    async def test_ending_all_others(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        others = [await ada.elsewhere() for _ in range(3)]
        assert (await ada.asks("DELETE", "auth/sessions")).status_code == 204
        assert await ada.is_signed_in()
        assert [await each.is_signed_in() for each in others] == [False] * 3


class TestKeys:
    """The keys that sign access tokens."""

    @pytest.fixture
    def rotated(self, parts: Parts) -> Parts:
        """The parts of a process that signs with a new key and still knows the old one."""
        settings = parts.settings.model_copy(
            update={
                "token_key": SecretStr("another key, long enough too, and new"),
                "token_keys_old": SecretStr(f" {TOKEN_KEY} ,{'k' * LEAST_BYTES}"),
            }
        )
        made = parts_with(settings, parts.store, parts.storage, parts.wakeups)
        return replace(made, identity=replace(made.identity, throttle=parts.identity.throttle))

    async def test_a_new_key_signs_nobody_out(
        self, http: httpx.AsyncClient, rotated: Parts
    ) -> None:
        ada = await Person.registered(http)
        async with client_of(rotated) as client:
            ada.http = client
            assert await ada.is_signed_in()
            ada.tokens |= (await ada.refreshes()).json()
            assert await ada.is_signed_in()

    async def test_what_the_new_key_signs_the_old_process_refuses(
        self, parts: Parts, rotated: Parts
    ) -> None:
        async with client_of(rotated) as client:
            ada = await Person.registered(client)
        async with client_of(parts) as client:
            ada.http = client
            assert not await ada.is_signed_in()

    def test_a_short_old_key_is_named(self, parts: Parts) -> None:
        settings = parts.settings.model_copy(update={"token_keys_old": SecretStr("short")})
        with pytest.raises(NotConfigured, match="BACKLOT_TOKEN_KEYS_OLD"):
            Tokens.of(settings)


class TestPasswordChange:
    async def change(self, person: Person, **given: Any) -> httpx.Response:
        body = {"current_password": PASSWORD, "new_password": "another horse", **given}
        return await person.asks("POST", "auth/change-password", body)

    async def test_ends_all_other_sessions(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        others = [await ada.elsewhere() for _ in range(2)]
        assert (await self.change(ada)).status_code == 204
        assert await ada.is_signed_in()
        assert [await each.is_signed_in() for each in others] == [False] * 2
        assert (await ada.refreshes()).status_code == 200
        await ada.elsewhere("another horse")
        old = {"email": ada.email, "password": PASSWORD}
        assert codes(await http.post(f"{API}/auth/login", json=old)) == (401, "wrong_credentials")

    async def test_needs_the_password(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        answer = await self.change(ada, current_password="not this one")
        assert codes(answer) == (403, "wrong_password")
        await ada.elsewhere()

    async def test_two_at_once_make_one_change(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        answers = await asyncio.gather(
            *(self.change(ada, new_password=f"horse number {n}") for n in range(4))
        )
        assert sorted(each.status_code for each in answers) == [204, 403, 403, 403]

    async def test_no_sign_in_with_the_old_password_slips_through(
        self, http: httpx.AsyncClient
    ) -> None:
        ada = await Person.registered(http)
        body = {"email": ada.email, "password": PASSWORD}
        changed, *answers = await asyncio.gather(
            self.change(ada), *(http.post(f"{API}/auth/login", json=body) for _ in range(4))
        )
        assert changed.status_code == 204
        for each in answers:
            if each.status_code == 200:
                assert not await Person(http, ada.email, each.json()).is_signed_in()

    async def test_a_costlier_hash_replaces_the_cheap_one(
        self, http: httpx.AsyncClient, parts: Parts
    ) -> None:
        ada = await Person.registered(http)
        costlier = parts.settings.model_copy(update={"bcrypt_cost": 5})
        identity = replace(parts.identity, settings=costlier)
        async with client_of(replace(parts, identity=identity)) as client:
            await Person(client, ada.email, {}).elsewhere()
        user = await User.one_in(True, ada.id)
        assert user is not None
        assert user.password_hash.startswith("$2b$05$")
        await ada.elsewhere()


async def test_a_token_of_another_users_session(http: httpx.AsyncClient, parts: Parts) -> None:
    ada, eve = await Person.registered(http), await Person.registered(http, "eve")
    forged = parts.identity.tokens.issue(ada.id, Id(eve.tokens["session_id"]))
    answer = await http.get(f"{API}/users/me", headers={"Authorization": f"Bearer {forged}"})
    assert codes(answer) == (401, "not_signed_in")
