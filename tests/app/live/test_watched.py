"""What is told is declared, and holds no secret."""

import pytest
from pydantic.fields import FieldInfo

from app.live.watched import ALL, FOLLOWED, PARENTS, WATCHED, Watched
from documents.base import Reference, Secret, mark
from documents.references import field_paths


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
