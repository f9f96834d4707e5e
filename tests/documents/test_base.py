"""What every record shares: how it is written, found within a scope, and refused."""

import asyncio

import pytest
from pydantic import ValidationError
from pymongo.errors import OperationFailure

from documents.base import (
    BrokenCheck,
    Embedded,
    Flexible,
    NotUnique,
    Reference,
    Secret,
    index,
    mark,
    raised,
    text_index,
    touched,
    unique_among_living,
    unique_where_given,
    within,
)
from documents.films import Character, Project
from documents.identity import User, Workspace
from documents.library import Media
from documents.production import PromptExecution
from documents.store import Store
from documents.values import Id, now
from tests.factories.records import valid


@pytest.fixture
async def projects(mock_store: None) -> list[Project]:
    """Three projects of one workspace, oldest first; nothing else is there."""
    await Project.collection().delete_many({})
    made = [valid(Project, title=f"Project {number}") for number in range(3)]
    studio = Id()
    made = [each.model_copy(update={"workspace_id": studio}) for each in made]
    await Project.insert_all(made)
    return made


async def test_what_was_inserted_is_found_as_it_was(mock_store: None) -> None:
    record = valid(Media, tags=["fox"], alt="A fox")
    assert await record.insert() is record
    assert await Media.one_in(True, record.id) == record
    assert await Media.one_in(True, Id()) is None


async def test_it_is_inserted_unless_there_is_one(store: Store) -> None:
    first, second = (valid(Project, title=title) for title in ("first", "second"))
    same = {"workspace_id": first.workspace_id}
    second = second.model_copy(update=same)
    assert await first.insert_unless(same) is first
    assert await Project.one_in(True, first.id) == first
    assert await second.insert_unless(same) == first
    assert await Project.one_in(True, second.id) is None


async def test_of_many_at_once_one_is_inserted_and_found_by_all(store: Store) -> None:
    key = {"workspace_id": Id(), "call_key": "a" * 64}
    held = {**key, "status": {"$in": ["pending", "success", "unknown"]}}
    made = [
        valid(PromptExecution).model_copy(update={**key, "status": "pending"}) for _ in range(8)
    ]
    found = await asyncio.gather(*(each.insert_unless(held) for each in made))
    assert len({each.id for each in found}) == 1
    assert await PromptExecution.collection().count_documents(key) == 1


async def test_nothing_to_insert_is_no_error(mock_store: None) -> None:
    await Project.insert_all([])


async def test_a_scope_narrows_every_way_of_finding(projects: list[Project]) -> None:
    first, second, _ = projects
    mine = {"_id": {"$in": [first.id, second.id]}}
    assert await Project.one_in(mine, first.id) == first
    assert await Project.one_in(mine, projects[2].id) is None
    assert await Project.all_in(mine, {"title": "Project 1"}) == [second]
    assert await Project.all_in(True, {}, sort=[("title", -1)], limit=2) == projects[:0:-1]
    assert await Project.first_in(mine, {"workspace_id": Id()}) is None


async def test_the_scope_of_nobody_asks_nothing(projects: list[Project]) -> None:
    assert await Project.one_in(False, projects[0].id) is None
    assert await Project.first_in(False, {}) is None
    assert await Project.all_in(False, {}) == []


async def test_a_scope_is_not_undone_by_the_query(projects: list[Project]) -> None:
    """Both may name the same field."""
    mine = {"_id": projects[0].id}
    assert await Project.all_in(mine, {"_id": projects[1].id}) == []
    assert within(mine, {"_id": 1})["$and"][1] == mine


async def test_what_is_marked_deleted_is_seen_by_nobody(projects: list[Project]) -> None:
    gone = projects[0]
    await Project.advance_one({"_id": gone.id}, {"$set": {"deleted_at": now()}})
    assert await Project.one_in(True, gone.id) is None
    assert await Project.all_in(True, {}, sort=[("title", 1)]) == projects[1:]
    found = await Project.all_in(True, {"deleted_at": {"$ne": None}})
    assert [each.id for each in found] == [gone.id]


async def test_what_people_write_raises_the_revision(projects: list[Project]) -> None:
    key = projects[0].id
    written = await Project.write_one({"_id": key}, {"$set": {"title": "New"}})
    assert written is not None
    assert (written.title, written.revision) == ("New", 2)
    assert written.updated_at >= projects[0].updated_at
    assert await Project.one_in(True, key) == written


async def test_what_the_server_advances_leaves_the_revision(projects: list[Project]) -> None:
    advanced = await Project.advance_one(
        {"_id": projects[0].id}, {"$set": {"status": "production"}, "$inc": {"episode_count": 1}}
    )
    assert advanced is not None
    assert (advanced.status, advanced.revision) == ("production", 1)
    assert advanced.episode_count == projects[0].episode_count + 1


async def test_a_write_that_finds_nothing_says_so(projects: list[Project]) -> None:
    assert await Project.write_one({"_id": Id()}, {"$set": {"title": "New"}}) is None
    assert await Project.advance_one({"_id": projects[0].id, "revision": 7}, {"$set": {}}) is None


def test_moving_a_date_keeps_the_rest_of_the_update() -> None:
    update = {"$set": {"title": "New"}, "$inc": {"views": 1}, "$unset": {"alt": ""}}
    assert touched(update)["$set"].keys() == {"title", "updated_at"}
    assert raised(update)["$inc"] == {"views": 1, "revision": 1}
    assert raised(update)["$unset"] == {"alt": ""}
    assert update["$set"] == {"title": "New"}


async def test_the_same_id_twice_is_refused_by_name(mock_store: None) -> None:
    record = await valid(Project).insert()
    with pytest.raises(NotUnique) as refused:
        await record.insert()
    assert (refused.value.collection, refused.value.fields) == ("projects", ("_id",))


async def test_a_unique_key_is_refused_with_its_fields(store: Store) -> None:
    user = await valid(User).insert()
    for attempt in (
        valid(User, email=user.email).insert(),
        User.insert_all([valid(User), valid(User, email=user.email.upper())]),
    ):
        with pytest.raises(NotUnique) as refused:
            await attempt
        assert "email" in refused.value.fields
    other = await valid(User).insert()
    with pytest.raises(NotUnique):
        await User.write_one({"_id": other.id}, {"$set": {"email": user.email}})


async def test_a_key_of_the_deleted_is_free_again(store: Store) -> None:
    user = await valid(User).insert()
    await User.advance_one({"_id": user.id}, {"$set": {"deleted_at": now()}})
    assert await valid(User, email=user.email).insert()


async def test_what_breaks_a_check_is_refused_in_every_way(store: Store) -> None:
    project = await valid(Project).insert()
    broken = valid(Project).model_copy(update={"title": ""})
    with pytest.raises(BrokenCheck) as refused:
        await broken.insert()
    assert refused.value.collection == "projects"
    with pytest.raises(BrokenCheck):
        await Project.insert_all([valid(Project), broken])
    with pytest.raises(BrokenCheck):
        await Project.advance_one({"_id": project.id}, {"$set": {"status": "no such status"}})


async def test_other_refusals_stay_what_they_are(store: Store) -> None:
    with pytest.raises(OperationFailure):
        await Project.advance_one({"_id": Id()}, {"$no_such": {"title": "New"}})


def test_secrets_reach_no_log() -> None:
    user = valid(User, password_hash="a hash to keep")
    assert "a hash to keep" not in repr(user)
    assert "a hash to keep" not in str(user)
    assert user.email in repr(user)


def test_a_mark_is_found_by_its_kind() -> None:
    field = User.model_fields["password_hash"]
    assert mark(field, Secret) == Secret()
    assert mark(field, Reference) is None


def test_known_shapes_drop_what_they_do_not_know_and_flexible_ones_keep_it() -> None:
    class Known(Embedded):
        name: str = ""

    class Open(Flexible):
        name: str = ""

    assert Known.model_validate({"name": "a", "more": 1}).model_dump() == {"name": "a"}
    assert Open.model_validate({"name": "a", "more": 1}).model_dump() == {"name": "a", "more": 1}
    with pytest.raises(ValidationError, match="not a key that can be stored"):
        Open.model_validate({"$where": 1})


def test_a_record_without_what_it_needs_is_refused() -> None:
    with pytest.raises(ValidationError):
        Workspace(name="Studio", created_by=Id(), members=[])
    with pytest.raises(ValidationError):
        valid(Character, name="x" * 256)


def test_indexes_are_declared_by_words() -> None:
    plain = index("status", "-created_at").document
    assert [*plain["key"].items()] == [("status", 1), ("created_at", -1)]
    living = unique_among_living("email").document
    assert (living["unique"], living["partialFilterExpression"]) == (True, {"deleted_at": None})
    given = unique_where_given("workspace_id", "number", given="number", kind="number").document
    assert given["partialFilterExpression"]["number"]["$gte"] < 0
    assert given["name"] != index("workspace_id", "number").document["name"]
    words = text_index("title", "description").document
    assert [*words["key"].values()] == ["text", "text"]
    assert words["default_language"] == "none"
