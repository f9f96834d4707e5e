"""People, their workspaces and a film, and tokens for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Self

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from app.core import health
from app.core.parts import Parts, keep
from app.identity.tokens import Tokens
from app.main import create_app
from app.settings import Settings
from documents.films import Character, Episode, Project
from documents.identity import Member, MemberRole, Role, User, Workspace
from documents.library import Media
from documents.scenes import Scene
from documents.values import Id
from tests.factories.records import valid

TOKEN_KEY = "a key of the tests that is long enough"
API = "/api/v1"
TOKENS = Tokens(TOKEN_KEY.encode(), timedelta(minutes=5))


@cache
def running_app() -> FastAPI:
    """Made once: a hundred routes take their time. Its parts are exchanged from test to test."""
    return create_app(Settings(_env_file=None, token_key=SecretStr(TOKEN_KEY)))


@asynccontextmanager
async def client_of(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application with these parts."""
    app = running_app()
    keep(app, parts)
    app.state.probes = health.probes()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def as_(user: User) -> dict[str, str]:
    """The headers with which this user asks."""
    return {"Authorization": f"Bearer {TOKENS.issue(user.id)}"}


async def made_user(role: Role = "user", **given: Any) -> User:
    user = valid(User, role=role, **given)
    return await user.insert()


def workspace_of(owner: User, **members: User) -> Workspace:
    """A workspace with this owner, and others by their role; a producer only looks on."""
    roles: dict[str, MemberRole] = {"editor": "editor", "viewer": "viewer", "producer": "viewer"}
    others = [Member(user_id=user.id, role=roles[role]) for role, user in members.items()]
    owners = [Member(user_id=owner.id, role="owner")]
    return Workspace(name="Studio", created_by=owner.id, members=[*owners, *others])


async def made_workspace(owner: User, **members: User) -> Workspace:
    return await workspace_of(owner, **members).insert()


@dataclass(frozen=True, slots=True)
class World:
    """One studio, everybody's part in it, and what lies there."""

    owner: User
    editor: User
    viewer: User
    collaborator: User
    producer: User
    stranger: User
    admin: User
    workspace: Workspace
    elsewhere: Workspace
    project: Project
    episode: Episode
    character: Character
    scene: Scene
    media: Media

    @classmethod
    async def made(cls) -> Self:
        names = ("owner", "editor", "viewer", "collaborator", "stranger")
        people = {name: valid(User, name=name) for name in names}
        people["producer"] = valid(User, name="producer", role="producer")
        people["admin"] = valid(User, name="admin", role="admin")
        owner, stranger = people["owner"], people["stranger"]
        workspace = workspace_of(
            owner, editor=people["editor"], viewer=people["viewer"], producer=people["producer"]
        )
        elsewhere = workspace_of(stranger)
        project = valid(
            Project,
            workspace_id=workspace.id,
            created_by=owner.id,
            title="The Fox",
            collaborator_ids=[people["collaborator"].id],
        )
        inside = {"workspace_id": workspace.id, "project_id": project.id}
        episode = valid(Episode, **inside, episode_number=1, title="Pilot")
        character = valid(Character, **inside, name="Reynard")
        scene = valid(Scene, **inside, episode_id=episode.id, scene_number=1, title="Dawn")
        media = valid(Media, **inside, filename="fox.png")
        await asyncio.gather(
            User.insert_all(people.values()),
            Workspace.insert_all([workspace, elsewhere]),
            *(each.insert() for each in (project, episode, character, scene, media)),
        )
        return cls(
            **people,
            workspace=workspace,
            elsewhere=elsewhere,
            project=project,
            episode=episode,
            character=character,
            scene=scene,
            media=media,
        )


async def rows(
    http: httpx.AsyncClient, path: str, user: User, **asked: Any
) -> list[dict[str, Any]]:
    """All rows of a list, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        answer = await http.get(f"{API}/{path}", params=asked, headers=as_(user))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["data"]
        if page["next"] is None:
            return found
        asked["after"] = page["next"]


def codes(answer: httpx.Response) -> tuple[int, str]:
    """The status and the stable code of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def nobody_has() -> Id:
    """An id that no record has."""
    return Id()
