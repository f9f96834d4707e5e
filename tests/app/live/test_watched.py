"""What is told is declared, and holds no secret."""

import pytest
from pydantic.fields import FieldInfo

from app.live.watched import ALL, FOLLOWED, PARENTS, WATCHED, Watched
from documents.base import Reference, Secret, mark
from documents.references import field_paths
from documents.schema import keeps_pre_images


@pytest.mark.parametrize("watched", ALL, ids=lambda each: each.noun)
def test_what_is_told_is_declared_and_holds_no_secret(watched: Watched) -> None:
    fields: dict[str, FieldInfo] = watched.model.model_fields
    assert fields.keys() >= {*watched.fields, *watched.access}
    assert watched.kept <= {*watched.fields}
    secret = {path.top for path in field_paths(watched.model) if mark(path.info, Secret)}
    assert not secret & {*watched.fields}
    for name, collection in PARENTS.items():
        reference = mark(fields[name], Reference) if name in fields else None
        assert reference is None or reference.to == collection


def test_what_is_followed_is_told() -> None:
    assert WATCHED.keys() >= FOLLOWED
    assert all(WATCHED[name].fields for name in FOLLOWED)


def test_deletions_can_be_told_by_what_the_record_belonged_to() -> None:
    """A process that has never seen the record knows its last state from the store."""
    told = {each.model for each in ALL if each.fields and each.deletions}
    assert {each.model for each in ALL if keeps_pre_images(each.model)} == told
