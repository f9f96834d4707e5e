"""The store's validators, made from the declarations."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

import pytest
from bson import Decimal128
from pydantic import Field
from pymongo import IndexModel
from pymongo.errors import WriteError

from documents.base import Embedded, Record
from documents.films import Project
from documents.rules import InOrder, Rule
from documents.store import Store
from documents.validation import Schema, validator
from documents.values import Count, FreeMap, Id, Moment, Money, Vector, now


class Node(Embedded):
    name: str = ""
    children: list["Node"] = Field(default_factory=list)


class Sample(Record):
    """One field of every kind."""

    rules: ClassVar[tuple[Rule, ...]] = (InOrder("low", "high"),)

    title: Annotated[str, Field(min_length=1, max_length=5)]
    kind: Literal["a", "b"] = "a"
    low: int | None = None
    high: int | None = None
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    price: Money = Decimal(0)
    owner_id: Id | None = None
    since: Moment | None = None
    embedding: Vector | None = None
    free: FreeMap = Field(default_factory=dict)
    counts: dict[str, Count] = Field(default_factory=dict)
    tree: Node = Node()
    names: Annotated[list[str], Field(max_length=2, default_factory=list)]

    class Settings:
        name = "samples"
        indexes: ClassVar[list[IndexModel]] = []


def properties() -> dict[str, Schema]:
    schema = validator(Sample)["$and"][0]["$jsonSchema"]
    found: dict[str, Schema] = schema["properties"]
    return found


def test_types_are_those_of_bson() -> None:
    fields = properties()
    assert fields["_id"] == {"bsonType": "objectId"}
    assert fields["owner_id"] == {"bsonType": ["objectId", "null"]}
    assert fields["since"] == {"bsonType": ["date", "null"]}
    assert fields["embedding"] == {"bsonType": ["binData", "null"]}
    assert fields["low"] == {"bsonType": ["int", "long", "null"]}
    assert fields["free"]["bsonType"] == "object"
    assert fields["kind"]["enum"] == ["a", "b"]


def test_bounds_are_kept() -> None:
    fields = properties()
    assert (fields["title"]["minLength"], fields["title"]["maxLength"]) == (1, 5)
    assert fields["names"]["maxItems"] == 2
    assert fields["share"]["minimum"] == 0
    assert fields["share"]["exclusiveMinimum"] is True
    assert fields["share"]["exclusiveMaximum"] is True
    assert fields["price"]["minimum"] == Decimal128("0")
    assert fields["price"]["maximum"] == Decimal128("9999999999.999999999999")
    assert fields["counts"]["additionalProperties"]["minimum"] == 0


def test_what_holds_itself_ends_in_an_object() -> None:
    [node] = [properties()["tree"]["properties"]["children"]["items"]]
    assert node == {"bsonType": "object"}


def test_a_rule_becomes_part_of_it() -> None:
    assert validator(Sample)["$and"][1] == InOrder("low", "high").query()
    assert "$and" not in validator(Project)


GOOD: dict[str, Any] = {"title": "four", "price": Decimal("0.25"), "low": 1, "high": 2}
WRONG: list[dict[str, Any]] = [
    {"title": ""},
    {"title": "too long"},
    {"title": None},
    {"kind": "c"},
    {"low": 3, "high": 2},
    {"low": 1.5},
    {"share": 1.0},
    {"price": -0.1},
    {"price": Decimal("-0.1")},
    {"price": Decimal("0.0000000000001")},
    {"owner_id": "text"},
    {"since": "yesterday"},
    {"embedding": [1.0, 2.0]},
    {"counts": {"views": -1}},
    {"tree": {"name": 5, "children": []}},
    {"names": ["a", "b", "c"]},
]


async def test_the_server_takes_the_good_and_refuses_the_wrong(store: Store) -> None:
    await store.database.drop_collection("samples")
    samples = await store.database.create_collection("samples", validator=validator(Sample))
    document = stored()
    await samples.insert_one(document)
    for wrong in WRONG:
        with pytest.raises(WriteError) as refused:
            await samples.insert_one({**document, "_id": Id(), **wrong})
        assert refused.value.code == 121, wrong
    await samples.drop()


def stored() -> dict[str, Any]:
    """A good document, as the store would keep it."""
    own = {
        name: info.get_default(call_default_factory=True, validated_data={})
        for name, info in Sample.model_fields.items()
        if name not in Record.model_fields
    }
    tree = {"name": "", "children": []}
    shared = {"created_at": now(), "updated_at": now(), "revision": 1, "deleted_at": None}
    return {"_id": Id(), "imported_from": [], **shared, **own, "tree": tree, **GOOD}
