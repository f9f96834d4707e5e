"""Merge patches, without a server."""

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from app.core.merge import merged, touched_paths, update_of
from documents.base import Computed, Embedded, Flexible, ServerOwned
from documents.values import FreeMap


class Part(Embedded):
    name: str
    note: str | None = None
    made: Annotated[int | None, ServerOwned()] = None


class Options(Flexible):
    size: int = 1


class Whole(Embedded):
    title: str = ""
    maybe: str | None = None
    part: Part | None = None
    options: Options = Options()
    parts: list[Part] = Field(default_factory=list)
    named: dict[str, Part] = Field(default_factory=dict)
    free: FreeMap = Field(default_factory=dict)
    computed: Annotated[str, Computed()] = ""


CURRENT: dict[str, Any] = {
    "title": "a",
    "maybe": "b",
    "part": None,
    "options": {"size": 2, "colour": "red"},
    "parts": [{"name": "x", "note": None, "made": 1}, {"name": "y", "note": "n", "made": 2}],
    "named": {"one": {"name": "o", "note": None, "made": 3}},
    "free": {"a": {"b": 1, "c": 2}},
    "computed": "old",
}


@pytest.mark.parametrize(
    ("patch", "changed"),
    [
        ({}, {}),
        ({"title": "z"}, {"title": "z"}),
        ({"maybe": None}, {"maybe": None}),
        ({"part": {"name": "p"}}, {"part": {"name": "p"}}),
        ({"options": {"size": 3}}, {"options": {"size": 3, "colour": "red"}}),
        ({"options": {"colour": None}}, {"options": {"size": 2}}),
        ({"free": {"a": {"b": None}, "d": 1}}, {"free": {"a": {"c": 2}, "d": 1}}),
        ({"named": {"one": None}}, {"named": {}}),
        (
            {"named": {"one": {"note": "m"}, "two": {"name": "t"}}},
            {"named": {"one": {"name": "o", "note": "m", "made": 3}, "two": {"name": "t"}}},
        ),
        (
            {"parts": [{"name": "y", "note": "n"}, {"name": "x!"}, {"name": "x"}]},
            {
                "parts": [
                    {"name": "y", "note": "n", "made": 2},
                    {"name": "x!"},
                    {"name": "x", "made": 1},
                ]
            },
        ),
        ({"parts": []}, {"parts": []}),
    ],
)
def test_merged(patch: dict[str, Any], changed: dict[str, Any]) -> None:
    assert merged(Whole, CURRENT, patch) == {**CURRENT, **changed}


def test_of_two_equal_items_each_keeps_its_own() -> None:
    current = {**CURRENT, "parts": [{"name": "x", "made": 1}, {"name": "x", "made": 2}]}
    patch = {"parts": [{"name": "x"}, {"name": "x"}, {"name": "x"}]}
    kept = [each.get("made") for each in merged(Whole, current, patch)["parts"]]
    assert kept == [1, 2, None]


@pytest.mark.parametrize(
    ("patch", "paths"),
    [
        ({"title": "z", "maybe": None}, {"title", "maybe"}),
        ({"options": {"size": 3, "colour": "blue"}}, {"options.size", "options.colour"}),
        ({"part": {"name": "p"}}, {"part"}),
        ({"free": {"a": 1}}, {"free"}),
        ({"parts": []}, {"parts"}),
        ({"options": {}}, set()),
    ],
)
def test_only_what_is_named_is_written(patch: dict[str, Any], paths: set[str]) -> None:
    assert {".".join(each) for each in touched_paths(Whole, CURRENT, patch)} == paths


def test_the_computed_is_written_along_and_the_removed_is_unset() -> None:
    patch = {"title": "z", "options": {"colour": None}}
    stored = {**merged(Whole, CURRENT, patch), "computed": "new"}
    assert update_of(Whole, CURRENT, patch, stored) == {
        "$set": {"title": "z", "computed": "new"},
        "$unset": {"options.colour": ""},
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


def by_the_book(target: Any, patch: Any) -> Any:
    """RFC 7396 §2, word for word."""
    if not isinstance(patch, dict):
        return patch
    if not isinstance(target, dict):
        target = {}
    result = dict(target)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = by_the_book(result.get(name), value)
    return result


@given(
    st.dictionaries(st.text(max_size=3), json_values),
    st.dictionaries(st.text(max_size=3), json_values),
)
def test_free_maps_follow_the_rfc(target: dict[str, Any], patch: dict[str, Any]) -> None:
    assert merged(Whole, {"free": target}, {"free": patch})["free"] == by_the_book(target, patch)
