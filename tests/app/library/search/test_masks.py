"""Conditions over columns mean what they mean in the store."""

import operator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from app.library.search.columns import Columns, Dictionary, chosen, columns_of, joined
from app.library.search.masks import NotUnderstood, counted, mask

IDS = [ObjectId() for _ in range(3)]
TAGS = ["red", "tall", str(IDS[0])]
START = datetime(2026, 1, 1, tzinfo=UTC)

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "_id": st.builds(ObjectId),
            "workspace_id": st.sampled_from(IDS),
            "project_id": st.sampled_from([None, *IDS]),
            "kind": st.sampled_from(["image", "video"]),
            "tags": st.lists(st.sampled_from(TAGS), unique=True),
            "created_at": st.integers(0, 5).map(lambda days: START + timedelta(days=days)),
        }
    ),
    max_size=12,
)
TESTS = st.one_of(
    st.builds(lambda value: {"workspace_id": value}, st.sampled_from([*IDS, ObjectId()])),
    st.builds(lambda values: {"project_id": {"$in": values}}, st.lists(st.sampled_from(IDS))),
    st.builds(lambda value: {"kind": {"$ne": value}}, st.sampled_from(["image", "other"])),
    st.builds(lambda value: {"tags": value}, st.sampled_from([*TAGS, "absent"])),
    st.builds(
        lambda low, high: {
            "created_at": {"$gte": START + timedelta(days=low), "$lt": START + timedelta(days=high)}
        },
        st.integers(0, 5),
        st.integers(0, 5),
    ),
)
COMPARED = {
    "$in": lambda value, other: value in other,
    "$ne": operator.ne,
    "$gte": operator.ge,
    "$lt": operator.lt,
}
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: st.builds(
        lambda name, parts: {name: parts},
        st.sampled_from(["$and", "$or"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=5,
)


@given(ROWS, CONDITIONS)
def test_a_mask_says_what_the_store_would(rows: list[dict[str, Any]], condition: Any) -> None:
    dictionary = Dictionary()
    columns = columns_of(rows, dictionary)
    assert mask(columns, dictionary, condition).tolist() == [_holds(row, condition) for row in rows]


@given(ROWS, ROWS, st.data())
def test_rows_stay_whole_where_columns_are_joined_and_chosen(
    first: list[dict[str, Any]], second: list[dict[str, Any]], data: st.DataObject
) -> None:
    dictionary = Dictionary()
    together = joined([columns_of(first, dictionary), columns_of(second, dictionary)])
    rows = [*first, *second]
    order = data.draw(st.lists(st.integers(0, len(rows) - 1))) if rows else []
    picked = chosen(together, np.array(order, np.intp))
    expected = columns_of([rows[place] for place in order], dictionary)
    assert _plain(picked) == _plain(expected)
    assert [picked.key(place) for place in range(len(picked))] == [
        rows[place]["_id"] for place in order
    ]


@given(ROWS)
def test_values_are_counted(rows: list[dict[str, Any]]) -> None:
    dictionary = Dictionary()
    columns = columns_of(rows, dictionary)
    through = mask(columns, dictionary, {"kind": "image"})
    images = [row for row in rows if row["kind"] == "image"]
    tags = counted(columns, dictionary, "tags", through)
    assert tags == {
        tag: count for tag in TAGS if (count := sum(tag in row["tags"] for row in images))
    }
    projects = counted(columns, dictionary, "project_id", through)
    assert sum(projects.values()) == sum(row["project_id"] is not None for row in images)


def test_what_no_column_holds_is_a_mistake() -> None:
    dictionary = Dictionary()
    columns = columns_of([], dictionary)
    for condition in ({"filename": "fox"}, {"kind": {"$regex": "i"}}, {"created_at": "today"}):
        with pytest.raises(NotUnderstood):
            mask(columns, dictionary, condition)


def test_ids_that_end_in_zeros_are_kept() -> None:
    key = ObjectId("0102030405060708090a0000")
    columns = columns_of([{"_id": key, "created_at": START}], Dictionary())
    assert columns.key(0) == key


def _plain(columns: Columns) -> Any:
    return (
        columns.keys.tolist(),
        {name: each.tolist() for name, each in columns.single.items()},
        {
            name: [
                each.codes[start:end].tolist()
                for start, end in zip(each.offsets[:-1], each.offsets[1:], strict=True)
            ]
            for name, each in columns.several.items()
        },
        columns.moments.tolist(),
    )


def _holds(row: dict[str, Any], condition: Any) -> bool:
    for name, test in condition.items():
        if name == "$and":
            held = all(_holds(row, each) for each in test)
        elif name == "$or":
            held = any(_holds(row, each) for each in test)
        else:
            held = _tested(row[name], test)
        if not held:
            return False
    return True


def _tested(value: Any, test: Any) -> bool:
    if not isinstance(test, dict):
        return test in value if isinstance(value, list) else value == test
    return all(COMPARED[name](value, other) for name, other in test.items())
