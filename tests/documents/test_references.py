"""References wherever they sit: found, read, checked and taken out."""

from typing import Annotated, Any, ClassVar

import pytest
from pydantic import BaseModel, Field
from pymongo import IndexModel

from documents.base import Embedded, Inherited, Record, Reference, mark
from documents.films import Project
from documents.identity import User, Workspace
from documents.references import MissingReference, check_references, field_paths, references
from documents.registry import COLLECTIONS
from documents.scenes import Scene
from documents.values import Id, now
from tests.factories.records import valid

CLEAR = Reference("media", on_delete="clear")


class Frame(Embedded):
    """Its id may be empty: it is cleared in place."""

    image_id: Annotated[Id | None, CLEAR] = None


class Member(Embedded):
    """Its id must be there: the item goes with it."""

    user_id: Annotated[Id, Reference("users", on_delete="clear")]


class Branch(Embedded):
    """Holds others of its kind."""

    image_id: Annotated[Id | None, CLEAR] = None
    branches: list["Branch"] = Field(default_factory=list)


class Album(Record):
    """References in every place where one can be."""

    owner_id: Annotated[Id, Reference("users")]
    cover_id: Annotated[Id | None, CLEAR] = None
    image_ids: Annotated[list[Id], CLEAR] = Field(default_factory=list)
    frame: Frame = Frame()
    frames: list[Frame] = Field(default_factory=list)
    members: list[Member] = Field(default_factory=list)
    by_platform: dict[str, Frame] = Field(default_factory=dict)
    tree: Branch | None = None
    title: str = ""

    class Settings:
        name = "albums"
        indexes: ClassVar[list[IndexModel]] = []


GONE, STAYING = Id(), Id()


def document() -> dict[str, Any]:
    """One id that goes and one that stays, in every place."""
    return {
        "owner_id": STAYING,
        "cover_id": GONE,
        "image_ids": [GONE, STAYING, GONE],
        "frame": {"image_id": GONE},
        "frames": [{"image_id": GONE}, {"image_id": STAYING}, {"image_id": None}],
        "members": [{"user_id": STAYING}, {"user_id": GONE}],
        "by_platform": {"tiktok": {"image_id": GONE}, "youtube": {"image_id": STAYING}},
        "tree": {"image_id": GONE, "branches": []},
    }


def test_every_place_is_found() -> None:
    assert {path.field.dotted for path in references(Album)} == {
        "owner_id",
        "cover_id",
        "image_ids",
        "frame.image_id",
        "frames.image_id",
        "members.user_id",
        "by_platform.image_id",
        "tree.image_id",
    }


def test_every_place_is_read() -> None:
    read = {path.field.dotted: path.ids(document()) for path in references(Album)}
    assert read == {
        "owner_id": {STAYING},
        "cover_id": {GONE},
        "image_ids": {GONE, STAYING},
        "frame.image_id": {GONE},
        "frames.image_id": {GONE, STAYING},
        "members.user_id": {GONE, STAYING},
        "by_platform.image_id": {GONE, STAYING},
        "tree.image_id": {GONE},
    }


def test_every_place_is_cleared_and_nothing_else_changes() -> None:
    changed = document()
    for path in references(Album):
        path.without(changed, {GONE})
    assert changed == {
        "owner_id": STAYING,
        "cover_id": None,
        "image_ids": [STAYING],
        "frame": {"image_id": None},
        "frames": [{"image_id": None}, {"image_id": STAYING}, {"image_id": None}],
        "members": [{"user_id": STAYING}],
        "by_platform": {"tiktok": {"image_id": None}, "youtube": {"image_id": STAYING}},
        "tree": {"image_id": None, "branches": []},
    }


def test_what_is_missing_or_null_names_nothing() -> None:
    for empty in ({}, {"frame": None, "frames": None, "by_platform": None, "tree": None}):
        assert {key for path in references(Album) for key in path.ids(empty)} == set()
        for path in references(Album):
            path.without({**empty}, {GONE})


def test_paths_know_their_top_field() -> None:
    tops = {path.dotted: path.top for path in field_paths(Album)}
    assert tops["frames.image_id"] == "frames"
    assert tops["_id"] == "_id"


def test_a_mark_inside_a_type_is_an_error_of_the_declaration() -> None:
    class Wrong(BaseModel):
        keys: list[Annotated[Id, CLEAR]] = Field(default_factory=list)

    with pytest.raises(TypeError, match="belongs on the field"):
        field_paths(Wrong)


async def test_references_that_name_something_are_taken(mock_store: None) -> None:
    user = await valid(User).insert()
    studio = await valid(Workspace, created_by=user.id, members=[{"user_id": user.id}]).insert()
    project = valid(Project, workspace_id=studio.id, created_by=user.id)
    await check_references(project, COLLECTIONS)


async def test_a_reference_to_nothing_is_refused_with_its_field(mock_store: None) -> None:
    user = await valid(User).insert()
    missing = Id()
    for members in ([{"user_id": user.id}, {"user_id": missing}], [{"user_id": missing}]):
        studio = valid(Workspace, created_by=user.id, members=members)
        with pytest.raises(MissingReference) as refused:
            await check_references(studio, COLLECTIONS)
        assert (refused.value.field, refused.value.collection) == ("members.user_id", "users")
        assert refused.value.missing == [str(missing)]


async def test_a_reference_to_something_deleted_is_refused(mock_store: None) -> None:
    user = await valid(User).insert()
    await User.advance_one({"_id": user.id}, {"$set": {"deleted_at": now()}})
    with pytest.raises(MissingReference):
        await check_references(valid(Workspace, created_by=user.id), COLLECTIONS)


def test_what_is_inherited_names_the_reference_it_comes_by() -> None:
    inherited = mark(Scene.model_fields["workspace_id"], Inherited)
    assert inherited == Inherited("project_id")
    [way] = [path for path in references(Scene) if path.field.dotted == inherited.via]
    assert way.reference.to == Project.collection_name()
