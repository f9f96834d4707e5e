"""Somebody who registers and signs in through the API, and the mails that he gets."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

import httpx

from documents.values import Id
from tests.app.support import API

PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Mails:
    """The outbox."""

    folder: Path

    def forget(self) -> None:
        for each in self.folder.glob("*.eml"):
            each.unlink()

    def to(self, email: str) -> list[EmailMessage]:
        """The messages to this address, oldest first."""
        found = [
            message_from_bytes(each.read_bytes(), policy=policy.default)
            for each in sorted(self.folder.glob("*.eml"))
        ]
        return [each for each in found if each["To"] == email]

    def token(self, email: str) -> str:
        """The token in the newest message to this address."""
        found = re.search(r"#token=(\S+)", self.to(email)[-1].get_content())
        assert found
        return found[1]


@dataclass(slots=True)
class Person:
    """A signed-in client."""

    http: httpx.AsyncClient
    email: str
    tokens: dict[str, Any]

    @classmethod
    async def registered(cls, http: httpx.AsyncClient, name: str = "ada") -> Self:
        email = f"{name}@example.com"
        body = {"email": email, "name": name.title(), "password": PASSWORD}
        answer = await http.post(f"{API}/auth/register", json=body)
        assert answer.status_code == 201, answer.text
        return cls(http, email, answer.json())

    async def elsewhere(self, password: str = PASSWORD) -> "Person":
        """The same person, signed in on another device."""
        body = {"email": self.email, "password": password}
        answer = await self.http.post(f"{API}/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        return Person(self.http, self.email, answer.json())

    @property
    def id(self) -> Id:
        return Id(self.tokens["user"]["id"])

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    async def asks(self, method: str, path: str, body: Any = None) -> httpx.Response:
        sent = {} if body is None else {"json": body}
        return await self.http.request(method, f"{API}/{path}", headers=self.headers, **sent)

    async def is_signed_in(self) -> bool:
        status = (await self.asks("GET", "users/me")).status_code
        assert status in (200, 401)
        return status == 200

    async def refreshes(self, token: str | None = None) -> httpx.Response:
        body = {"refresh_token": token or self.tokens["refresh_token"]}
        return await self.http.post(f"{API}/auth/refresh", json=body)

    async def workspace(self, name: str = "Studio") -> Id:
        answer = await self.asks("POST", "workspaces", {"name": name})
        assert answer.status_code == 201, answer.text
        return Id(answer.json()["id"])

    async def joins(self, workspace: Id, host: "Person", mails: Mails, role: str) -> None:
        """Is invited and accepts."""
        body = {"email": self.email, "role": role}
        invited = await host.asks("POST", f"workspaces/{workspace}/invitations", body)
        assert invited.status_code == 201, invited.text
        token = {"token": mails.token(self.email)}
        accepted = await self.asks("POST", "invitations/accept", token)
        assert accepted.status_code == 200, accepted.text

    @property
    def personal(self) -> Id:
        return Id(self.tokens["user"]["workspaces"][0]["id"])
