"""Guessing passwords: waiting, lock-out, and nobody is told who has an account."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from app.core.parts import Parts
from app.identity.errors import TooManyAttempts
from app.identity.throttle import CROWD, FREE, PREFIX, Throttle, network_of
from tests.app.identity.support import PASSWORD, Mails, Person
from tests.app.support import API, client_of, codes

MOST = 10


WRONG = "not this one"


async def guess(
    http: httpx.AsyncClient, email: str = "ada@example.com", password: str = WRONG
) -> httpx.Response:
    return await http.post(f"{API}/auth/login", json={"email": email, "password": password})


async def pass_the_wait(redis: Redis) -> None:
    """As if the pauses were over."""
    async for key in redis.scan_iter(f"{PREFIX}:pause:*"):
        await redis.delete(key)


async def fail(http: httpx.AsyncClient, redis: Redis, times: int) -> list[httpx.Response]:
    answers = []
    for _ in range(times):
        answers.append(await guess(http))
        await pass_the_wait(redis)
    return answers


class TestWaiting:
    async def test_a_few_failures_cost_nothing(self, http: httpx.AsyncClient) -> None:
        await Person.registered(http)
        for _ in range(FREE):
            assert codes(await guess(http)) == (401, "wrong_credentials")
        assert (await guess(http, password=PASSWORD)).status_code == 200

    async def test_then_each_costs_twice_as_much(
        self, http: httpx.AsyncClient, redis: Redis
    ) -> None:
        await fail(http, redis, FREE)
        waits = []
        for _ in range(4):
            assert codes(await guess(http)) == (401, "wrong_credentials")
            waits.append(await redis.ttl((await keys(redis, "pause:email"))[0]))
            await pass_the_wait(redis)
        assert waits == [1, 2, 4, 8]

    async def test_after_the_last_even_the_right_password_waits(
        self, http: httpx.AsyncClient, redis: Redis
    ) -> None:
        await Person.registered(http)
        await fail(http, redis, MOST - 1)
        assert codes(await guess(http)) == (401, "wrong_credentials")
        answer = await guess(http, password=PASSWORD)
        assert codes(answer) == (429, "too_many_attempts")
        assert 14 * 60 < int(answer.headers["retry-after"]) <= 15 * 60
        await pass_the_wait(redis)
        assert (await guess(http, password=PASSWORD)).status_code == 200
        assert await keys(redis, "failures:email") == []

    async def test_spelling_the_address_otherwise_is_no_way_round(
        self, http: httpx.AsyncClient
    ) -> None:
        spellings = ["ada@example.com", "ADA@example.com", " Ada@Example.com "]
        answers = [await guess(http, spellings[n % 3]) for n in range(FREE + 2)]
        assert [each.status_code for each in answers] == [401] * (FREE + 1) + [429]

    async def test_many_at_once_are_no_way_round(self, http: httpx.AsyncClient) -> None:
        await Person.registered(http)
        answers = await asyncio.gather(*(guess(http) for _ in range(30)))
        looked_at = [each for each in answers if each.status_code == 401]
        assert len(looked_at) == FREE + 1
        assert {codes(each) for each in answers} == {
            (401, "wrong_credentials"),
            (429, "too_many_attempts"),
        }

    async def test_an_address_that_nobody_has_looks_the_same(
        self, http: httpx.AsyncClient, redis: Redis
    ) -> None:
        await Person.registered(http)
        known = [await guess(http) for _ in range(FREE + 2)]
        unknown = [await guess(http, "nobody@example.com") for _ in range(FREE + 2)]
        assert [codes(each) for each in known] == [codes(each) for each in unknown]

    async def test_of_one_person_does_not_touch_another(self, http: httpx.AsyncClient) -> None:
        grace = await Person.registered(http, "grace")
        for _ in range(FREE + 2):
            await guess(http)
        await grace.elsewhere()

    async def test_success_forgets(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        for _ in range(3):
            for _ in range(FREE):
                await guess(http)
            await ada.elsewhere()

    async def test_the_password_of_a_stolen_token_is_not_guessed_either(
        self, http: httpx.AsyncClient
    ) -> None:
        ada = await Person.registered(http)
        body = {"current_password": "wrong one", "new_password": "another horse"}
        answers = [await ada.asks("POST", "auth/change-password", body) for _ in range(FREE + 2)]
        assert [each.status_code for each in answers] == [403] * (FREE + 1) + [429]

    async def test_a_new_password_by_mail_ends_the_lock_out(
        self, http: httpx.AsyncClient, redis: Redis, mails: Mails
    ) -> None:
        ada = await Person.registered(http)
        for _ in range(FREE + 1):
            await guess(http)
        await http.post(f"{API}/auth/forgot-password", json={"email": ada.email})
        body = {"token": mails.token(ada.email), "password": "another horse"}
        assert (await http.post(f"{API}/auth/reset-password", json=body)).status_code == 204
        await ada.elsewhere("another horse")


class TestNetworks:
    async def test_one_network_is_slowed_down_over_all_addresses(
        self, parts: Parts, redis: Redis
    ) -> None:
        throttle = parts.identity.throttle
        for number in range(MOST * CROWD // 2 + 1):
            await throttle.attempt(f"user{number}@example.com", "203.0.113.7")
        with pytest.raises(TooManyAttempts):
            await throttle.attempt("another@example.com", "203.0.113.7")
        await throttle.attempt("user1@example.com", "203.0.113.8")

    async def test_good_sign_ins_of_an_office_do_not_count(
        self, parts: Parts, redis: Redis
    ) -> None:
        throttle = parts.identity.throttle
        for number in range(MOST * CROWD // 2 + 3):
            await throttle.attempt(f"user{number}@example.com", "203.0.113.7")
            await throttle.succeeded(f"user{number}@example.com", "203.0.113.7")
        assert await redis.get(f"{PREFIX}:failures:network:203.0.113.7") == "0"

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("2001:db8::1", "2001:db8::ffff:2"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("testclient", ""),
        ],
    )
    def test_same_network(self, one: str, other: str) -> None:
        assert network_of(one) == network_of(other)

    @pytest.mark.parametrize(
        ("one", "other"), [("2001:db8::1", "2001:db8:0:1::1"), ("203.0.113.7", "203.0.113.8")]
    )
    def test_other_network(self, one: str, other: str) -> None:
        assert network_of(one) != network_of(other)

    @given(st.text())
    def test_of_anything(self, address: str) -> None:
        assert network_of(address)


class TestWithoutRedis:
    @pytest.fixture
    async def away(self, parts: Parts) -> AsyncIterator[Parts]:
        settings = parts.settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
        throttle = Throttle(settings)
        yield replace(parts, identity=replace(parts.identity, throttle=throttle))
        await throttle.close()

    async def test_people_sign_in_and_the_log_says_so_once(
        self, away: Parts, mails: Mails, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with client_of(away) as client:
            ada = await Person.registered(client)
            with caplog.at_level(logging.WARNING, "app.identity.throttle"):
                for _ in range(FREE + 3):
                    assert codes(await guess(client)) == (401, "wrong_credentials")
                await ada.elsewhere()
        assert len(mails.to(ada.email)) == 1
        said = [each for each in caplog.messages if "nobody is locked out" in each]
        assert len(said) <= 1


async def keys(redis: Redis, kind: str) -> list[str]:
    return [key async for key in redis.scan_iter(f"{PREFIX}:{kind}:*")]
