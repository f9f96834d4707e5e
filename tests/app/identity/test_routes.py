"""Registering, signing in, and what a token opens."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import bcrypt
import httpx
import jwt
import pytest

from app.core.parts import Parts
from app.identity import passwords
from app.identity.tokens import Tokens, key_id
from documents.base import touched
from documents.identity import User, Workspace
from documents.values import Id, now
from tests.app.support import (
    API,
    TOKEN_KEY,
    TOKENS,
    World,
    as_,
    client_of,
    codes,
    made_user,
)

ADA = {"email": "Ada@Example.com", "name": "Ada", "password": "correct horse battery"}


async def registered(http: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    answer = await http.post(f"{API}/auth/register", json={**ADA, **given})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestRegister:
    async def test_makes_the_user_and_the_personal_workspace(self, http: httpx.AsyncClient) -> None:
        made = await registered(http)
        user = await User.first_in(True, {"email": "ada@example.com"})
        [workspace] = await Workspace.all_in(True, {})
        assert user is not None
        assert (user.role, user.subscription.max_projects) == ("user", 3)
        assert (workspace.created_by, workspace.is_personal) == (user.id, True)
        assert [(each.user_id, each.role) for each in workspace.members] == [(user.id, "owner")]
        assert made["user"]["id"] == str(user.id)
        assert made["user"]["workspaces"] == [
            {"id": str(workspace.id), "name": "Ada", "role": "owner", "is_personal": True}
        ]

    async def test_answers_no_secret_and_is_not_cached(self, http: httpx.AsyncClient) -> None:
        answer = await http.post(f"{API}/auth/register", json=ADA)
        assert "password" not in answer.text
        assert answer.headers["cache-control"] == "no-store"

    async def test_a_taken_address_leaves_nothing_behind(self, http: httpx.AsyncClient) -> None:
        await registered(http)
        again = await http.post(f"{API}/auth/register", json={**ADA, "email": "ADA@example.com"})
        assert codes(again) == (409, "not_unique")
        assert [each["field"] for each in again.json()["errors"]] == ["email"]
        assert await Workspace.collection().count_documents({}) == 1

    async def test_two_at_once_make_one_account(self, http: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(
            *(http.post(f"{API}/auth/register", json=ADA) for _ in range(4))
        )
        assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]
        assert await Workspace.collection().count_documents({}) == 1

    async def test_the_address_of_a_closed_account_is_free(self, http: httpx.AsyncClient) -> None:
        await registered(http)
        await User.collection().update_one({}, touched({"$set": {"deleted_at": now()}}))
        await registered(http)

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"password": "short"}, "password"),
            ({"password": "x" * 73}, "password"),
            ({"password": "ü" * 37}, "password"),
            ({"password": "12345678\0"}, "password"),
            ({"email": "ada"}, "email"),
            ({"email": {"$gt": ""}}, "email"),
            ({"email": "a" * 300 + "@example.com"}, "email"),
            ({"name": ""}, "name"),
            ({"role": "admin"}, "role"),
            ({"subscription": {"tier": "enterprise"}}, "subscription"),
        ],
    )
    async def test_what_cannot_be_taken(
        self, http: httpx.AsyncClient, given: dict[str, Any], field: str
    ) -> None:
        answer = await http.post(f"{API}/auth/register", json={**ADA, **given})
        assert codes(answer) == (422, "invalid")
        assert [each["field"] for each in answer.json()["errors"]] == [field]
        assert await User.collection().count_documents({}) == 0

    async def test_72_bytes_are_taken_whole(self, http: httpx.AsyncClient) -> None:
        await registered(http, password="x" * 72)
        wrong = {"email": ADA["email"], "password": "x" * 71}
        assert codes(await http.post(f"{API}/auth/login", json=wrong))[0] == 401

    async def test_the_hash_has_the_cost_of_the_settings(self, parts: Parts) -> None:
        production = parts.settings.model_copy(update={"bcrypt_cost": 12})
        async with client_of(replace(parts, settings=production)) as client:
            await registered(client)
        user = await User.first_in(True, {})
        assert user is not None
        assert user.password_hash.startswith("$2b$12$")


class TestLogin:
    async def test_opens_what_is_ones_own(self, http: httpx.AsyncClient) -> None:
        await registered(http)
        login = {"email": " ADA@example.COM", "password": ADA["password"]}
        answer = await http.post(f"{API}/auth/login", json=login)
        token = answer.json()
        assert (answer.status_code, token["token_type"]) == (200, "bearer")
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        me = (await http.get(f"{API}/users/me", headers=headers)).json()
        assert me == token["user"]
        assert me["last_login_at"] is not None

    async def test_wrong_password_and_unknown_address_answer_the_same(
        self, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await registered(http)
        checked: list[bytes] = []
        check = bcrypt.checkpw

        def watched(password: bytes, against: bytes) -> bool:
            checked.append(against)
            return check(password, against)

        monkeypatch.setattr(bcrypt, "checkpw", watched)
        answers = [
            await http.post(f"{API}/auth/login", json={"email": email, "password": "not this one"})
            for email in ("ada@example.com", "nobody@example.com", "no address at all")
        ]
        assert {codes(each) for each in answers} == {(401, "wrong_credentials")}
        problems = [each.json() | {"request_id": ""} for each in answers]
        assert problems[0] == problems[1] == problems[2]
        # As many rounds of bcrypt whether there is such an account or not.
        assert [each[:7] for each in checked] == [b"$2b$04$"] * 3

    async def test_a_closed_account_is_refused(self, http: httpx.AsyncClient) -> None:
        made = await registered(http)
        await User.collection().update_one({}, {"$set": {"deleted_at": now()}})
        login = {"email": ADA["email"], "password": ADA["password"]}
        assert codes(await http.post(f"{API}/auth/login", json=login)) == (401, "wrong_credentials")
        headers = {"Authorization": f"Bearer {made['access_token']}"}
        assert codes(await http.get(f"{API}/users/me", headers=headers)) == (401, "not_signed_in")

    async def test_signing_in_raises_no_revision(self, http: httpx.AsyncClient) -> None:
        await registered(http)
        await http.post(
            f"{API}/auth/login", json={"email": ADA["email"], "password": ADA["password"]}
        )
        user = await User.first_in(True, {})
        assert user is not None
        assert user.revision == 1

    def test_nobodys_hash_is_one_that_bcrypt_works_on(self) -> None:
        assert not bcrypt.checkpw(b"anything", passwords.nobodys_hash(4))


class TestTokens:
    @pytest.fixture
    async def user(self, world: World) -> User:
        return world.owner

    async def test_expired_or_foreign_or_bare_tokens(
        self, http: httpx.AsyncClient, user: User
    ) -> None:
        moment = datetime.now(UTC)
        good = {"iss": "backlot", "sub": str(user.id), "iat": moment, "exp": moment + HOUR}

        def signed(key: str = TOKEN_KEY, algorithm: str = "HS256", **claims: Any) -> str:
            merged = {k: v for k, v in {**good, **claims}.items() if v is not None}
            return jwt.encode(merged, key, algorithm, {"kid": key_id(key.encode())})

        unsigned = jwt.encode(good, "", "none")
        bad = [
            signed(exp=moment - HOUR),
            signed(exp=None),
            signed(sub=None),
            signed(sub="nobody"),
            signed(sub=str(Id())),
            signed(iss="another"),
            signed("another key that is long enough too"),
            signed(TOKEN_KEY * 2, "HS512"),
            unsigned,
            "x",
            "",
        ]
        assert codes_of(await asked(http, *bad)) == {(401, "not_signed_in")}
        assert (await asked(http, signed()))[0].status_code == 200

    async def test_another_scheme(self, http: httpx.AsyncClient, user: User) -> None:
        header = as_(user)["Authorization"].replace("Bearer", "Basic")
        answer = await http.get(f"{API}/users/me", headers={"Authorization": header})
        assert codes(answer) == (401, "not_signed_in")

    def test_live_as_long_as_the_settings_say(self, parts: Parts) -> None:
        longer = parts.settings.model_copy(update={"access_token_minutes": 90})
        assert Tokens.of(longer).lifetime == timedelta(minutes=90)

    def test_lead_back_to_the_user(self) -> None:
        user = Id()
        assert TOKENS.read(TOKENS.issue(user)).user == user


class TestActor:
    async def test_sees_a_new_workspace_at_once(self, http: httpx.AsyncClient) -> None:
        user = await made_user()
        before = (await http.get(f"{API}/users/me", headers=as_(user))).json()
        await Workspace.model_validate(
            {"name": "New", "created_by": user.id, "members": [{"user_id": user.id}]}
        ).insert()
        after = (await http.get(f"{API}/users/me", headers=as_(user))).json()
        assert before["workspaces"] == []
        assert [each["role"] for each in after["workspaces"]] == ["viewer"]

    async def test_does_not_see_a_deleted_workspace(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        await Workspace.collection().update_many({}, {"$set": {"deleted_at": now()}})
        me = (await http.get(f"{API}/users/me", headers=as_(world.owner))).json()
        assert me["workspaces"] == []


HOUR = timedelta(hours=1)


async def asked(http: httpx.AsyncClient, *tokens: str) -> list[httpx.Response]:
    return [
        await http.get(f"{API}/users/me", headers={"Authorization": f"Bearer {token}"})
        for token in tokens
    ]


def codes_of(answers: list[httpx.Response]) -> set[tuple[int, str]]:
    return {codes(each) for each in answers}
