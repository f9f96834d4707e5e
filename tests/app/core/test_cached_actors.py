"""How far people reach, from the cache: always what the store would say."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from app.authentication import records_of
from app.core.actor import Actor
from app.core.cache import Cache
from app.core.errors import NotSignedIn
from app.core.metrics import Metrics
from app.identity.service import actor_of
from app.settings import Settings
from documents.films import Project
from documents.identity import User, Workspace
from documents.store import Store
from documents.values import Id, now
from tests.app.core.listening import following, listening
from tests.app.support import workspace_of
from tests.factories.records import valid

Database = AsyncDatabase[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Process:
    """An API process's cache, listening to its own client and following the store."""

    cache: Cache
    metrics: Metrics

    @classmethod
    def new(cls) -> "Process":
        metrics = Metrics()
        return cls(Cache(metrics), metrics)

    async def actor(self, user: Id) -> Actor | None:
        """The user as this process sees him, from the cache where it can."""

        async def load() -> Actor:
            return await actor_of(user)

        with suppress(NotSignedIn):
            return await self.cache.get("actors", user, load, records_of)
        return None


@pytest.fixture
async def alone(settings: Settings, store: Store) -> AsyncIterator[Process]:
    """A process that believes nobody else writes, so that its own ears are all it has."""
    process = Process.new()
    async with listening(settings, store, process.cache):
        process.cache.trust(3600)
        yield process


@pytest.fixture
async def process(settings: Settings, store: Store) -> AsyncIterator[Process]:
    """A process that also follows what others write."""
    process = Process.new()
    async with (
        listening(settings, store, process.cache),
        following(store, process.cache, process.metrics),
    ):
        yield process


@dataclass
class Studio:
    """People and what they share, and everything that can change how far somebody reaches."""

    database: Database
    people: list[User]
    workspaces: list[Workspace]
    projects: list[Project]

    @classmethod
    async def made(cls, database: Database) -> "Studio":
        people = [valid(User, name=f"User {number}") for number in range(3)]
        keeper = valid(User, name="Stays, since a workspace needs somebody")
        workspaces = [workspace_of(each, viewer=keeper) for each in people]
        projects = [
            valid(Project, workspace_id=each.id, created_by=each.members[0].user_id)
            for each in workspaces
        ]
        await User.insert_all([*people, keeper])
        await Workspace.insert_all(workspaces)
        await Project.insert_all(projects)
        return cls(database, people, workspaces, projects)

    def operations(self, random: Random) -> list[Callable[[], Awaitable[Any]]]:
        """Each writes by whatever client `database` belongs to."""
        user = random.choice(self.people).id
        workspace, project = random.choice(self.workspaces).id, random.choice(self.projects).id
        users, workspaces, projects = (
            self.database[name] for name in ("users", "workspaces", "projects")
        )
        member = {"user_id": user, "role": random.choice(["owner", "editor", "viewer"])}
        role = {"$set": {"role": random.choice(["user", "admin"])}}
        mine = {"_id": workspace, "members.user_id": user}
        return [
            lambda: workspaces.update_one({"_id": workspace}, {"$push": {"members": member}}),
            lambda: workspaces.update_one(
                {"_id": workspace}, {"$pull": {"members": {"user_id": user}}}
            ),
            lambda: workspaces.update_many(
                {"members.user_id": user}, {"$pull": {"members": {"user_id": user}}}
            ),
            lambda: workspaces.update_one(mine, {"$set": {"members.$.role": "viewer"}}),
            lambda: workspaces.update_one({"_id": workspace}, {"$set": {"deleted_at": now()}}),
            lambda: workspaces.update_one({"_id": workspace}, {"$set": {"deleted_at": None}}),
            lambda: projects.update_one({"_id": project}, {"$push": {"collaborator_ids": user}}),
            lambda: projects.update_one({"_id": project}, {"$pull": {"collaborator_ids": user}}),
            lambda: projects.find_one_and_update({"_id": project}, {"$set": {"deleted_at": now()}}),
            lambda: projects.update_many({}, {"$set": {"deleted_at": None}}),
            lambda: projects.update_one({"_id": project}, {"$set": {"created_by": user}}),
            lambda: projects.insert_one(self._project(workspace, user)),
            lambda: users.update_one({"_id": user}, role),
            lambda: users.update_one({"_id": user}, {"$set": {"deleted_at": now()}}),
            lambda: users.update_one({"_id": user}, {"$set": {"deleted_at": None}}),
            lambda: self._together(workspace, user, member),
            lambda: self._aborted(workspace, user),
        ]

    def _project(self, workspace: Id, user: Id) -> dict[str, Any]:
        return valid(
            Project, workspace_id=workspace, created_by=user, collaborator_ids=[user]
        ).stored()

    async def _together(self, workspace: Id, user: Id, member: dict[str, Any]) -> None:
        async with (
            self.database.client.start_session() as session,
            await session.start_transaction(),
        ):
            await self.database["workspaces"].update_one(
                {"_id": workspace}, {"$pull": {"members": {"user_id": user}}}, session=session
            )
            # Somebody asks meanwhile, and is told what was true before.
            await self.database["users"].find_one({"_id": user})
            await self.database["workspaces"].update_one(
                {"_id": workspace}, {"$push": {"members": member}}, session=session
            )

    async def _aborted(self, workspace: Id, user: Id) -> None:
        async with self.database.client.start_session() as session:
            await session.start_transaction()
            await self.database["workspaces"].update_one(
                {"_id": workspace}, {"$pull": {"members": {"user_id": user}}}, session=session
            )
            await session.abort_transaction()


async def true_actor(user: Id) -> Actor | None:
    with suppress(NotSignedIn):
        return await actor_of(user)
    return None


class TestActors:
    @pytest.mark.parametrize("seed", range(4))
    async def test_whatever_the_process_writes_it_knows_at_once(
        self, alone: Process, seed: int
    ) -> None:
        random, studio = Random(seed), await Studio.made(Workspace.collection().database)
        for _ in range(60):
            await random.choice(studio.operations(random))()
            for user in studio.people:
                assert await alone.actor(user.id) == await true_actor(user.id)

    @pytest.mark.parametrize("seed", range(2))
    async def test_what_others_write_it_knows_soon(
        self, process: Process, store: Store, seed: int
    ) -> None:
        random, studio = Random(seed), await Studio.made(store.database)
        for _ in range(30):
            await random.choice(studio.operations(random))()
            for user in studio.people:
                async with asyncio.timeout(10):
                    while await process.actor(user.id) != await true_actor(user.id):
                        await asyncio.sleep(0.005)

    async def test_a_read_inside_a_transaction_of_ours_is_not_kept(self, alone: Process) -> None:
        studio = await Studio.made(Workspace.collection().database)
        user, workspace = studio.people[0].id, studio.workspaces[0].id
        async with studio.database.client.start_session() as session:
            await session.start_transaction()
            pull = {"$pull": {"members": {"user_id": user}}}
            await studio.database["workspaces"].update_one(
                {"_id": workspace}, pull, session=session
            )
            before = await alone.actor(user)
            await session.commit_transaction()
        after = await alone.actor(user)
        assert before is not None
        assert after is not None
        assert (workspace in before.workspaces, workspace in after.workspaces) == (True, False)

    @pytest.mark.parametrize("collection", ["workspaces", "projects", "users"])
    async def test_what_others_bring_back_it_knows_soon(
        self, process: Process, store: Store, collection: str
    ) -> None:
        studio = await Studio.made(store.database)
        user, project = studio.people[0].id, studio.projects[1].id
        share = {"$push": {"collaborator_ids": user}}
        await store.database["projects"].update_one({"_id": project}, share)
        keys = {"workspaces": studio.workspaces[0].id, "projects": project, "users": user}
        whole = await true_actor(user)
        for deleted_at in (now(), None):
            update = {"$set": {"deleted_at": deleted_at}}
            await store.database[collection].update_one({"_id": keys[collection]}, update)
            async with asyncio.timeout(10):
                while await process.actor(user) != await true_actor(user):
                    await asyncio.sleep(0.005)
            assert (await process.actor(user) == whole) == (deleted_at is None)

    async def test_most_reads_are_served_from_memory(self, process: Process) -> None:
        studio = await Studio.made(Workspace.collection().database)
        user = studio.people[0].id
        for _ in range(50):
            await process.actor(user)
        labels = {"kind": "actors", "outcome": "hit"}
        hits = process.metrics.registry.get_sample_value("backlot_cache_reads_total", labels)
        assert hits is not None
        assert hits >= 45
