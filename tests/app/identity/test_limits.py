"""What the tier of a workspace's owner allows, however many create at once."""

import asyncio

import pytest
from pymongo.asynchronous.client_session import AsyncClientSession

from app.identity.errors import LimitReached
from app.identity.limits import (
    check_episode_limit,
    check_project_limit,
    check_project_limits,
)
from documents.base import Record
from documents.films import Episode, Project
from documents.identity import Member, Subscription, Tier, User, Workspace
from documents.store import Store
from documents.values import Id, now
from tests.app.support import made_user, made_workspace
from tests.factories.records import valid


async def owner_of(tier: Tier) -> User:
    return await made_user(subscription=Subscription.of(tier))


async def make_project(store: Store, workspace: Id, adding: int = 1) -> Project:
    films = [valid(Project, workspace_id=workspace) for _ in range(adding)]

    async def together(session: AsyncClientSession) -> None:
        await check_project_limit(session, workspace, adding)
        await Project.insert_all(films, session)

    await store.in_transaction(together)
    return films[0]


async def make_episode(store: Store, project: Project, number: int) -> None:
    episode = valid(
        Episode,
        workspace_id=project.workspace_id,
        project_id=project.id,
        episode_number=number,
    )

    async def together(session: AsyncClientSession) -> None:
        await check_episode_limit(session, project.id)
        await episode.insert(session=session)

    await store.in_transaction(together)


async def count(model: type[Record]) -> int:
    return await model.collection().count_documents({})


async def test_twenty_at_once_make_no_more_than_allowed(store: Store) -> None:
    workspace = await made_workspace(await owner_of("free"))
    outcomes = await asyncio.gather(
        *(make_project(store, workspace.id) for _ in range(20)), return_exceptions=True
    )
    refused = [each for each in outcomes if isinstance(each, BaseException)]
    assert {type(each) for each in refused} == {LimitReached}
    assert (len(refused), await count(Project)) == (17, 3)


async def test_other_workspaces_are_no_way_round(store: Store) -> None:
    owner = await owner_of("free")
    workspaces = [await made_workspace(owner) for _ in range(4)]
    outcomes = await asyncio.gather(
        *(make_project(store, each.id) for each in workspaces), return_exceptions=True
    )
    assert [isinstance(each, LimitReached) for each in outcomes].count(True) == 1
    assert await count(Project) == 3


async def test_nor_are_several_of_them_in_one_request(store: Store) -> None:
    owner = await owner_of("free")
    first, second = [await made_workspace(owner) for _ in range(2)]

    async def checked(*counts: int) -> None:
        adding = dict(zip((first.id, second.id), counts, strict=True))
        await store.in_transaction(lambda session: check_project_limits(session, adding))

    await checked(2, 1)
    with pytest.raises(LimitReached):
        await checked(2, 2)


async def test_the_refusal_names_the_limit(store: Store) -> None:
    workspace = await made_workspace(await owner_of("free"))
    await make_project(store, workspace.id, adding=2)
    with pytest.raises(LimitReached, match="3 projects") as refused:
        await make_project(store, workspace.id, adding=2)
    assert refused.value.members == {"limit": 3, "limit_name": "max_projects", "used": 2}
    await make_project(store, workspace.id)


async def test_what_is_deleted_does_not_count(store: Store) -> None:
    workspace = await made_workspace(await owner_of("free"))
    await make_project(store, workspace.id, adding=3)
    await Project.collection().update_one({}, {"$set": {"deleted_at": now()}})
    await make_project(store, workspace.id)
    with pytest.raises(LimitReached):
        await make_project(store, workspace.id)


async def test_the_first_owner_counts(store: Store) -> None:
    free, pro = await owner_of("free"), await owner_of("pro")
    workspace = await made_workspace(free, editor=pro)
    members = [Member(user_id=pro.id, role="owner"), Member(user_id=free.id, role="owner")]
    await make_project(store, workspace.id, adding=3)
    with pytest.raises(LimitReached):
        await make_project(store, workspace.id)
    update = {"$set": {"members": [each.model_dump() for each in members]}}
    await Workspace.advance_one({"_id": workspace.id}, update)
    await make_project(store, workspace.id, adding=10)


async def test_unlimited_owners_are_not_written_to(store: Store) -> None:
    owner = await owner_of("enterprise")
    workspace = await made_workspace(owner)
    film = await make_project(store, workspace.id, adding=60)
    for number in range(7):
        await make_episode(store, film, number + 1)
    assert await User.one_in(True, owner.id) == owner


async def test_episodes_count_for_each_project(store: Store) -> None:
    workspace = await made_workspace(await owner_of("free"))
    first, second = [await make_project(store, workspace.id) for _ in range(2)]
    outcomes = await asyncio.gather(
        *(make_episode(store, first, number + 1) for number in range(20)), return_exceptions=True
    )
    assert [type(each) for each in outcomes].count(LimitReached) == 15
    assert await count(Episode) == 5
    await make_episode(store, second, 1)


async def test_a_project_that_is_not_there(store: Store) -> None:
    async def together(session: AsyncClientSession) -> None:
        await check_episode_limit(session, Id())
        await check_project_limit(session, Id())

    await store.in_transaction(together)
    assert await count(Episode) == 0
