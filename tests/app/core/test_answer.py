"""JSON straight from what the store holds."""

from datetime import datetime
from typing import Any

import orjson
import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from app.core.answer import list_json, record_json

KEY = ObjectId("0123456789abcdef01234567")
# Names and texts that look like what is replaced.
TEXTS = st.sampled_from(['{"_id":', '"_id":1', '{\\"_id\\":', "_id", "id", "\\", '{"', "plain"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(TEXTS.filter(lambda name: name not in ("_id", "id")), VALUES).map(
    lambda fields: {"_id": KEY, **fields}
)


def shown(document: dict[str, Any]) -> dict[str, Any]:
    return {"id": str(KEY), **{name: value for name, value in document.items() if name != "_id"}}


@given(st.lists(DOCUMENTS, max_size=5))
def test_only_the_records_own_id_is_called_otherwise(documents: list[dict[str, Any]]) -> None:
    expected = [shown(each) for each in documents]
    assert [orjson.loads(record_json(dict(each))) for each in documents] == expected
    assert orjson.loads(list_json(documents)) == expected


@pytest.mark.parametrize(
    "documents",
    [
        [{"notes": {"_id": 1}, "_id": KEY}],
        [{"_id": KEY, "notes": {"_id": 1}}, {"name": "Fox", "_id": KEY}],
    ],
)
def test_wherever_it_stands(documents: list[dict[str, Any]]) -> None:
    assert orjson.loads(record_json(dict(documents[-1]))) == shown(documents[-1])
    assert orjson.loads(list_json(documents)) == [shown(each) for each in documents]


def test_times_are_utc() -> None:
    assert b'"2026-01-02T03:04:05Z"' in record_json(
        {"_id": KEY, "at": datetime(2026, 1, 2, 3, 4, 5)}
    )
