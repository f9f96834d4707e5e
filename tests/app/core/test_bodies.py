"""Strict JSON, without a server."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.bodies import DEEPEST, parsed
from app.core.errors import MalformedBody

numbers = st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_what_is_json_is_read_as_it_is(value: Any) -> None:
    assert parsed(json.dumps(value).encode()) == value
    assert parsed(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200))
def test_nothing_but_malformed_comes_of_anything_else(content: bytes) -> None:
    with suppress(MalformedBody):
        json.dumps(parsed(content), allow_nan=False)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_depth(opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"
    parsed(opening * DEEPEST + b"1" + closing * DEEPEST)
    with pytest.raises(MalformedBody, match="deep"):
        parsed(opening * (DEEPEST + 1) + b"1" + closing * (DEEPEST + 1))


def test_many_beside_each_other_are_not_deep() -> None:
    assert len(parsed(b"[" + b"[]," * 500 + b"[]]")) == 501


def test_names_the_name_that_is_there_twice() -> None:
    with pytest.raises(MalformedBody, match="'b' is named twice"):
        parsed(b'{"a": 1, "c": {"b": 1, "b": 1}}')
