"""What of a change an entry shows."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bson import Decimal128
from hypothesis import given
from hypothesis import strategies as st

from app.audit.differences import LARGEST_FIELD, LONGEST_TEXT, MASK, MOST_ITEMS, differences
from app.audit.hashing import canonical_json
from documents.base import Record
from documents.identity import User, Workspace
from documents.library import Media
from documents.values import Id, to_vector
from tests.factories import valid

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=3_000),
    lambda inner: (
        st.lists(inner, max_size=60) | st.dictionaries(st.text(min_size=1), inner, max_size=60)
    ),
    max_leaves=80,
)


def changed(model: type[Record], before: Any, after: Any) -> tuple[Any, Any]:
    return differences(model, before, after)


def test_only_what_differs_is_given() -> None:
    before = {"_id": 1, "name": "Old", "role": "user", "revision": 1}
    after = {"_id": 1, "name": "New", "role": "user", "revision": 2}
    assert changed(User, before, after) == ({"name": "Old"}, {"name": "New"})


async def test_a_new_record_shows_what_is_not_empty(mock_store: None) -> None:
    user = valid(User, name="Ada", last_login_at=None)
    _, after = changed(User, {}, user.stored())
    assert after["name"] == "Ada"
    assert not after.keys() & {"_id", "last_login_at", "created_at", "revision"}


def test_of_a_map_only_the_differing_keys_are_given() -> None:
    before = {"preferences": {"theme": "light", "language": "en"}}
    after = {"preferences": {"theme": "dark", "language": "en"}}
    assert changed(User, before, after) == (
        {"preferences": {"theme": "light"}},
        {"preferences": {"theme": "dark"}},
    )


def test_a_secret_shows_that_it_changed_and_nothing_else() -> None:
    before, after = {"password_hash": "old secret"}, {"password_hash": "new secret"}
    assert changed(User, before, after) == ({"password_hash": MASK}, {"password_hash": MASK})


def test_a_nested_secret_is_masked() -> None:
    connection = {"platform": "youtube", "account_id": "a", "credentials": "hunter2"}
    _, after = changed(Workspace, {"connections": []}, {"connections": [connection]})
    assert after == {"connections": [{**connection, "credentials": MASK}]}
    assert "hunter2" not in str(after)


def test_a_vector_leaves_no_trace() -> None:
    before = {"embedding": None, "embedding_model": None}
    after = {"embedding": to_vector([0.5, 0.25]), "embedding_model": "some"}
    old, new = changed(Media, before, after)
    assert (old, new) == ({"embedding_model": None}, {"embedding_model": "some"})


def test_the_same_value_in_two_forms_is_no_change() -> None:
    naive = datetime(2026, 1, 2)
    before = {"x": Decimal128("1.50"), "day": naive, "ids": [{"a": Decimal128("2")}]}
    after = {"x": Decimal("1.5"), "day": date(2026, 1, 2), "ids": [{"a": Decimal(2)}]}
    assert changed(User, before, after) == ({}, {})
    aware = {"day": datetime(2026, 1, 2, tzinfo=UTC)}
    assert changed(User, {"day": naive}, aware) == ({}, {})


def test_true_is_not_one() -> None:
    assert changed(User, {"x": 1}, {"x": True}) == ({"x": 1}, {"x": True})


def test_long_text_is_summarised() -> None:
    _, after = changed(User, {}, {"name": "x" * (LONGEST_TEXT + 1)})
    summary = after["name"]
    assert (summary["summary"], summary["length"]) == ("text", LONGEST_TEXT + 1)
    assert len(summary["sha256"]) == 64


def test_long_lists_are_summarised_and_tell_each_other_apart() -> None:
    old, new = [*range(MOST_ITEMS + 1)], [*range(1, MOST_ITEMS + 2)]
    before, after = changed(User, {"x": old}, {"x": new})
    assert before["x"]["summary"] == after["x"]["summary"] == "list"
    assert before["x"]["sha256"] != after["x"]["sha256"]


@given(st.dictionaries(st.sampled_from("abcdef"), VALUES), st.dictionaries(st.just("a"), VALUES))
def test_no_field_grows_large(before: dict[str, Any], after: dict[str, Any]) -> None:
    for fields in changed(User, before, after):
        for value in fields.values():
            assert len(canonical_json(value)) <= max(LARGEST_FIELD, 7 * LONGEST_TEXT)


@given(VALUES)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert changed(User, {"x": value}, {"x": value}) == ({}, {})


def test_ids_stay_ids() -> None:
    key = Id()
    assert changed(User, {}, {"created_by": key})[1] == {"created_by": key}
