"""Records held in memory: what is answered is always what the store would say."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase

from app.core.cache import Cache
from app.core.metrics import Metrics
from app.core.parts import Parts, keep
from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.main import open_parts, parts_with
from app.settings import Settings
from documents.identity import User
from documents.store import Store
from documents.values import Id, now
from tests.app.core.listening import bind_again, following, listening
from tests.app.support import API, World, as_, client_of, codes, running_app
from tests.workers.conftest import until

Write = Callable[[], Awaitable[Any]]
Database = AsyncDatabase[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Process:
    """A process of the API: what it answers, and what it would answer if it held nothing."""

    http: httpx.AsyncClient
    parts: Parts
    plain: Parts
    database: Database

    @property
    def cache(self) -> Cache:
        return self.parts.cache

    def reads(self, kind: str, outcome: str) -> float:
        labels = {"kind": kind, "outcome": outcome}
        found = self.parts.metrics.registry.get_sample_value("backlot_cache_reads_total", labels)
        return found or 0

    async def got(self, path: str, user: User, **headers: str) -> httpx.Response:
        return await self.http.get(f"{API}/{path}", headers={**as_(user), **headers})

    async def says_what_the_store_says(self, path: str, user: User) -> bool:
        held = await self.got(path, user)
        keep(running_app(), self.plain)
        try:
            stored = await self.got(path, user)
        finally:
            keep(running_app(), self.parts)
        ours, theirs = (
            (each.status_code, each.headers.get("etag"), {**each.json(), "request_id": ""})
            for each in (held, stored)
        )
        return ours == theirs


@asynccontextmanager
async def served(
    settings: Settings, store: Store, storage: Storage, wakeups: Wakeups
) -> AsyncIterator[Process]:
    metrics = Metrics()
    cache = Cache(metrics)
    async with listening(settings, store, cache) as own:
        parts = parts_with(settings, own, storage, wakeups, measured=metrics, cache=cache)
        plain = parts_with(settings, own, storage, wakeups)
        async with client_of(parts) as http:
            yield Process(http, parts, plain, own.database)
        for each in (parts, plain):
            await each.identity.throttle.close()


@pytest.fixture
async def alone(
    api_settings: Settings, store: Store, _storage: Storage, _wakeups: Wakeups
) -> AsyncIterator[Process]:
    """It believes that nobody else writes, so that its own ears are all it has."""
    async with served(api_settings, store, _storage, _wakeups) as process:
        process.cache.trust(3600)
        yield process


@pytest.fixture
async def process(
    api_settings: Settings, store: Store, _storage: Storage, _wakeups: Wakeups
) -> AsyncIterator[Process]:
    """It also follows what others write."""
    async with (
        served(api_settings, store, _storage, _wakeups) as made,
        following(store, made.cache, made.parts.metrics),
    ):
        yield made


@pytest.fixture
async def world(store: Store) -> World:
    """Made before anybody listens."""
    made = await World.made()
    named = {"$set": {"character_ids": [made.character.id]}}
    await store.database["scenes"].update_one({"_id": made.scene.id}, named)
    return made


def paths_of(world: World) -> list[str]:
    """Everything that answers what is held."""
    return [
        f"projects/{world.project.id}",
        f"characters/{world.character.id}",
        f"scenes/{world.scene.id}?include=project,characters",
        "characters?include=project",
    ]


def writes(random: Random, world: World, database: Database) -> list[Write]:
    """All that can change what somebody is answered, by whatever client this database is of."""
    projects, characters = database["projects"], database["characters"]
    workspaces = database["workspaces"]
    project, character = {"_id": world.project.id}, {"_id": world.character.id}
    home = {"_id": world.workspace.id}
    title = f"The Fox {random.random()}"
    viewer = {"user_id": world.viewer.id, "role": "viewer"}

    async def together(commit: bool) -> None:
        async with database.client.start_session() as session:
            await session.start_transaction()
            await projects.update_one(project, {"$set": {"title": title}}, session=session)
            # Somebody asks meanwhile, and is told what was true before.
            await database["projects"].find_one(project)
            await (session.commit_transaction() if commit else session.abort_transaction())

    return [
        lambda: projects.update_one(project, {"$set": {"title": title}, "$inc": {"revision": 1}}),
        lambda: projects.update_many({}, {"$set": {"title": title}}),
        lambda: projects.find_one_and_update(project, {"$set": {"description": title}}),
        lambda: projects.update_one(project, [{"$set": {"title": title}}]),
        lambda: projects.update_one(project, {"$set": {"deleted_at": now()}}),
        lambda: projects.update_one(project, {"$set": {"deleted_at": None}}),
        lambda: projects.update_one(project, {"$set": {"workspace_id": world.elsewhere.id}}),
        lambda: projects.update_one(project, {"$set": {"workspace_id": world.workspace.id}}),
        lambda: projects.update_one(
            project, {"$pull": {"collaborator_ids": world.collaborator.id}}
        ),
        lambda: projects.update_one(
            project, {"$push": {"collaborator_ids": world.collaborator.id}}
        ),
        lambda: characters.update_one(character, {"$set": {"name": title}}),
        lambda: characters.update_one(character, {"$set": {"project_id": Id()}}),
        lambda: characters.update_one(character, {"$set": {"project_id": world.project.id}}),
        lambda: characters.delete_one(character),
        lambda: characters.replace_one(character, world.character.stored(), upsert=True),
        lambda: workspaces.update_one(home, {"$pull": {"members": {"user_id": world.viewer.id}}}),
        lambda: workspaces.update_one(home, {"$push": {"members": viewer}}),
        lambda: together(commit=True),
        lambda: together(commit=False),
    ]


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_the_process_writes_it_answers_at_once(
    world: World, alone: Process, seed: int
) -> None:
    random = Random(seed)
    for _ in range(25):
        await random.choice(writes(random, world, alone.database))()
        user = random.choice([world.viewer, world.collaborator, world.stranger])
        for path in paths_of(world):
            assert await alone.says_what_the_store_says(path, user)
    assert alone.reads("projects", "hit") > 0


async def test_what_others_write_is_answered_soon(
    world: World, process: Process, store: Store
) -> None:
    random = Random(0)
    for _ in range(20):
        await random.choice(writes(random, world, store.database))()
        for path in paths_of(world):
            for user in (world.viewer, world.collaborator):

                async def is_true(path: str = path, user: User = user) -> bool:
                    return await process.says_what_the_store_says(path, user)

                await until(is_true)


async def test_a_change_and_a_deletion_through_the_api_are_seen_by_the_next_read(
    world: World, alone: Process
) -> None:
    path, headers = f"projects/{world.project.id}", as_(world.owner)
    before = await alone.got(path, world.owner)
    patched = await alone.http.patch(f"{API}/{path}", json={"title": "Goat"}, headers=headers)
    after = await alone.got(path, world.owner)
    assert (before.json()["title"], after.json()) == ("The Fox", patched.json())
    assert after.headers["etag"] == patched.headers["etag"] != before.headers["etag"]
    assert (await alone.http.delete(f"{API}/{path}", headers=headers)).status_code == 204
    assert codes(await alone.got(path, world.owner)) == (404, "not_found")


async def test_reads_again_ask_the_store_nothing(world: World, alone: Process) -> None:
    for _ in range(4):
        assert (await alone.got(f"projects/{world.project.id}", world.viewer)).status_code == 200
        scene = await alone.got(f"scenes/{world.scene.id}?include=project", world.viewer)
        assert scene.json()["project"]["title"] == "The Fox"
    assert (alone.reads("projects", "miss"), alone.reads("projects", "hit")) == (1, 7)


async def test_each_is_answered_what_he_reaches(world: World, alone: Process) -> None:
    path = f"projects/{world.project.id}"
    assert (await alone.got(path, world.owner)).status_code == 200
    for user, status in (
        (world.viewer, 200),
        (world.collaborator, 200),
        (world.admin, 200),
        (world.stranger, 404),
    ):
        assert (await alone.got(path, user)).status_code == status


async def test_a_known_revision_is_not_sent_again(world: World, alone: Process) -> None:
    path = f"projects/{world.project.id}"
    for _ in range(2):
        answer = await alone.got(path, world.viewer, **{"If-None-Match": '"1"'})
        assert (answer.status_code, answer.content) == (304, b"")
    assert codes(await alone.got(path, world.stranger, **{"If-None-Match": '"1"'}))[0] == 404


async def test_chosen_fields_are_read_anew(world: World, alone: Process) -> None:
    path = f"projects/{world.project.id}"
    whole = (await alone.got(path, world.viewer)).json()
    for _ in range(2):
        chosen = await alone.got(f"{path}?fields=title,collaborator_ids", world.viewer)
        assert chosen.json() == {name: whole[name] for name in chosen.json()}
        assert chosen.json().keys() == {"id", "title", "collaborator_ids"}
    assert alone.reads("projects", "hit") == 0


async def test_while_nobody_tells_of_changes_nothing_is_held(
    world: World, alone: Process, store: Store
) -> None:
    path = f"projects/{world.project.id}"
    await alone.got(path, world.viewer)
    alone.cache.distrust()
    raw = {"$set": {"title": "Goat"}}
    await store.database["projects"].update_one({"_id": world.project.id}, raw)
    assert (await alone.got(path, world.viewer)).json()["title"] == "Goat"
    assert alone.reads("projects", "bypass") == 1
    assert len(alone.cache) == 0


async def test_the_served_process_hears_of_its_own_writes(
    world: World, api_settings: Settings, store: Store
) -> None:
    path, headers = f"{API}/projects/{world.project.id}", as_(world.owner)
    try:
        async with open_parts(api_settings) as parts, client_of(parts) as http:
            for number in range(10):
                parts.cache.trust(3600)
                await http.get(path, headers=headers)
                await http.patch(path, json={"title": f"Fox {number}"}, headers=headers)
                answer = await http.get(path, headers=headers)
                assert answer.json()["title"] == f"Fox {number}"
            assert len(parts.cache) > 0
    finally:
        await bind_again(store)
