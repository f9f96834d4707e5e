"""What goes by mail: confirming an address, changing it, and a forgotten password."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.core.parts import Parts
from app.identity import recovery
from app.identity.throttle import MAILS
from app.mail.mailer import Mail, MailNotSent
from documents.identity import ApiKey, OneTimeToken, User
from documents.values import now
from tests.app.identity.support import PASSWORD, Mails, Person
from tests.app.support import API, client_of, codes

NEW = "another horse"


async def post(http: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
    return await http.post(f"{API}/auth/{path}", json=body)


async def user_of(person: Person) -> User:
    found = await User.one_in(True, person.id)
    assert found is not None
    return found


class TestVerification:
    async def test_by_the_mail_of_the_registration(
        self, http: httpx.AsyncClient, mails: Mails
    ) -> None:
        ada = await Person.registered(http)
        assert (await user_of(ada)).email_verified_at is None
        token = mails.token(ada.email)
        assert (await post(http, "verify-email", token=token)).status_code == 204
        me = (await ada.asks("GET", "users/me")).json()
        assert me["email_verified_at"] is not None
        assert codes(await post(http, "verify-email", token=token)) == (410, "token_refused")

    async def test_the_newest_mail_counts(self, http: httpx.AsyncClient, mails: Mails) -> None:
        ada = await Person.registered(http)
        old = mails.token(ada.email)
        assert (await ada.asks("POST", "auth/verify-email/send")).status_code == 202
        assert codes(await post(http, "verify-email", token=old)) == (410, "token_refused")
        token = mails.token(ada.email)
        assert (await post(http, "verify-email", token=token)).status_code == 204
        assert (await ada.asks("POST", "auth/verify-email/send")).status_code == 202
        assert len(mails.to(ada.email)) == 2

    async def test_an_expired_token(self, http: httpx.AsyncClient, mails: Mails) -> None:
        ada = await Person.registered(http)
        await OneTimeToken.collection().update_many({}, {"$set": {"expires_at": now()}})
        answer = await post(http, "verify-email", token=mails.token(ada.email))
        assert codes(answer) == (410, "token_refused")
        assert (await user_of(ada)).email_verified_at is None

    async def test_nobodys_mailbox_is_flooded(self, http: httpx.AsyncClient, mails: Mails) -> None:
        ada = await Person.registered(http)
        for _ in range(MAILS + 3):
            assert (await ada.asks("POST", "auth/verify-email/send")).status_code == 202
        assert len(mails.to(ada.email)) == MAILS

    async def test_registering_works_where_no_mail_goes(self, parts: Parts) -> None:
        class Broken:
            async def send(self, mail: Mail) -> None:
                raise MailNotSent("no server")

        identity = replace(parts.identity, mailer=Broken())
        async with client_of(replace(parts, identity=identity)) as client:
            assert await (await Person.registered(client)).is_signed_in()


class TestForgottenPassword:
    async def test_is_chosen_anew(self, http: httpx.AsyncClient, mails: Mails) -> None:
        ada = await Person.registered(http)
        other = await ada.elsewhere()
        asked = await post(http, "forgot-password", email=" ADA@example.com")
        token = mails.token(ada.email)
        assert (await post(http, "reset-password", token=token, password=NEW)).status_code == 204
        assert asked.status_code == 202
        assert not await ada.is_signed_in()
        assert not await other.is_signed_in()
        again = await ada.elsewhere(NEW)
        assert (await user_of(again)).email_verified_at is not None
        subjects = [each["Subject"] for each in mails.to(ada.email)]
        assert subjects[-1] == "Your password was changed"

    async def test_the_token_is_good_once(self, http: httpx.AsyncClient, mails: Mails) -> None:
        ada = await Person.registered(http)
        await post(http, "forgot-password", email=ada.email)
        token = mails.token(ada.email)
        answers = await asyncio.gather(
            *(post(http, "reset-password", token=token, password=f"{NEW} {n}") for n in range(5))
        )
        assert sorted(each.status_code for each in answers) == [204, 410, 410, 410, 410]

    async def test_the_token_of_another_purpose_is_refused(
        self, http: httpx.AsyncClient, mails: Mails
    ) -> None:
        ada = await Person.registered(http)
        answer = await post(http, "reset-password", token=mails.token(ada.email), password=NEW)
        assert codes(answer) == (410, "token_refused")
        await ada.elsewhere()

    async def test_unknown_addresses_are_answered_the_same_before_anything_is_looked_up(
        self, http: httpx.AsyncClient, mails: Mails, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada = await Person.registered(http)
        mails.forget()
        emails = (ada.email, "nobody@example.com", "no address")
        answers = [await post(http, "forgot-password", email=each) for each in emails]
        assert {(each.status_code, each.content) for each in answers} == {(202, b"")}
        assert len(mails.to(ada.email)) == 1
        assert mails.to("nobody@example.com") == []

    async def test_the_work_is_done_after_the_answer(
        self, parts: Parts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        order: list[str] = []
        send = recovery.send_password_reset

        async def watched(*given: Any) -> None:
            order.append("work")
            await send(*given)

        monkeypatch.setattr("app.identity.routes.passwords.send_password_reset", watched)
        async with client_of(parts) as client:
            app = client._transport.app  # type: ignore[attr-defined]

            async def noting(scope: Any, receive: Any, out: Any) -> None:
                async def noted(message: Any) -> None:
                    if message["type"] == "http.response.start":
                        order.append("answer")
                    await out(message)

                await app(scope, receive, noted)

            transport = httpx.ASGITransport(noting)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as noted:
                await post(noted, "forgot-password", email="ada@example.com")
        assert order == ["answer", "work"]

    async def test_a_new_password_makes_tokens_of_mails_worthless(
        self, http: httpx.AsyncClient, mails: Mails
    ) -> None:
        ada = await Person.registered(http)
        await post(http, "forgot-password", email=ada.email)
        token = mails.token(ada.email)
        body = {"current_password": PASSWORD, "new_password": NEW}
        assert (await ada.asks("POST", "auth/change-password", body)).status_code == 204
        answer = await post(http, "reset-password", token=token, password="yet another")
        assert codes(answer) == (410, "token_refused")

    async def test_whoever_registered_a_strangers_address_keeps_nothing(
        self, http: httpx.AsyncClient, mails: Mails
    ) -> None:
        ada = await Person.registered(http)
        body = {"workspace_id": str(ada.personal), "name": "later", "scopes": ["read:*"]}
        assert (await ada.asks("POST", "api-keys", body)).status_code == 201
        await post(http, "forgot-password", email=ada.email)
        await post(http, "reset-password", token=mails.token(ada.email), password=NEW)
        assert await ApiKey.collection().count_documents({"revoked_at": None}) == 0

    async def test_of_a_closed_account(self, http: httpx.AsyncClient, mails: Mails) -> None:
        ada = await Person.registered(http)
        await post(http, "forgot-password", email=ada.email)
        token = mails.token(ada.email)
        await ada.asks("POST", "users/me/close", {"password": PASSWORD})
        answer = await post(http, "reset-password", token=token, password=NEW)
        assert codes(answer) == (410, "token_refused")


class TestChangeOfAddress:
    async def asked(self, person: Person, email: str, password: str = PASSWORD) -> httpx.Response:
        return await person.asks(
            "POST", "auth/change-email", {"email": email, "password": password}
        )

    async def test_counts_once_it_is_confirmed(self, http: httpx.AsyncClient, mails: Mails) -> None:
        ada = await Person.registered(http)
        assert (await self.asked(ada, "Countess@example.com")).status_code == 202
        assert (await user_of(ada)).email == ada.email
        token = mails.token("countess@example.com")
        assert (await post(http, "verify-email", token=token)).status_code == 204
        assert (await user_of(ada)).email == "countess@example.com"
        assert "countess@example.com" in mails.to(ada.email)[-1].get_content()
        await Person(http, "countess@example.com", {}).elsewhere()

    async def test_a_taken_address(self, http: httpx.AsyncClient, mails: Mails) -> None:
        ada, grace = await Person.registered(http), await Person.registered(http, "grace")
        assert codes(await self.asked(ada, grace.email)) == (409, "not_unique")
        await self.asked(ada, "free@example.com")
        token = mails.token("free@example.com")
        await Person.registered(http, "free")
        assert codes(await post(http, "verify-email", token=token)) == (409, "not_unique")
        assert (await user_of(ada)).email == ada.email

    async def test_needs_the_password(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        assert codes(await self.asked(ada, "x@example.com", "wrong")) == (403, "wrong_password")

    async def test_is_not_to_be_had_by_a_plain_patch(self, http: httpx.AsyncClient) -> None:
        ada = await Person.registered(http)
        answer = await ada.asks("PATCH", f"users/{ada.id}", {"email": "x@example.com"})
        assert codes(answer) == (422, "invalid")
        renamed = await ada.asks("PATCH", f"users/{ada.id}", {"name": "Countess"})
        assert renamed.json()["name"] == "Countess"
