"""What is answered of a document class, without a server."""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar

import orjson
import pytest
from bson import Decimal128, Int64, ObjectId
from pydantic import Field

from app.core.answer import as_days, dumps, names
from app.core.errors import BadQuery
from app.core.fields import Fields
from documents.base import Embedded, Flexible, OnRequest, Record, Secret
from documents.values import Day, Id, to_vector


class Inner(Embedded):
    shown: str = ""
    hidden: Annotated[str, Secret()] = ""
    heavy: Annotated[str, OnRequest()] = ""
    on: Day = date(2026, 1, 1)


class Sample(Record):
    title: str = ""
    key: Annotated[str, Secret()] = ""
    inner: Inner = Inner()
    inners: list[Inner] = Field(default_factory=list)
    heavy: Annotated[str, OnRequest()] = ""
    on: Day | None = None

    class Settings:
        name = "samples"
        indexes: ClassVar[list[Any]] = []


FIELDS = Fields(Sample)


def test_secrets_are_left_out_wherever_they_sit() -> None:
    named = set(FIELDS.plain)
    assert {"title", "inner.shown", "inner.on", "inners.shown", "inners.on"} <= named
    assert not named & {"key", "inner", "inners", "inner.hidden", "inners.hidden", "revision_id"}
    assert not named & {"heavy", "inner.heavy"}


@pytest.mark.parametrize(
    ("asked", "projection"),
    [
        ("title", {"_id", "title"}),
        ("id", {"_id"}),
        ("heavy", {"_id", "heavy"}),
        (" title , inner.shown ", {"_id", "title", "inner.shown"}),
        ("inner", {"_id", "inner.shown", "inner.heavy", "inner.on"}),
        ("inner,inner.shown", {"_id", "inner.shown", "inner.heavy", "inner.on"}),
    ],
)
def test_by_name(asked: str, projection: set[str]) -> None:
    assert set(FIELDS.named(asked)) == projection


@pytest.mark.parametrize("asked", ["", ",", "key", "inner.hidden", "inner.nope", "$where", "_id.x"])
def test_what_may_not_be_named(asked: str) -> None:
    with pytest.raises(BadQuery):
        FIELDS.named(asked)


def test_picked_is_what_the_projection_answers() -> None:
    inner = {"shown": "s", "hidden": "h", "heavy": "w", "on": date(2026, 1, 1)}
    stored = {"title": "t", "key": "k", "inner": None, "inners": [inner], "heavy": "w"}
    assert FIELDS.picked(stored) == {
        "title": "t",
        "inner": None,
        "inners": [{"shown": "s", "on": date(2026, 1, 1)}],
    }


def test_a_secret_among_unknown_names_is_a_mistake() -> None:
    class Open(Flexible):
        key: Annotated[str, Secret()] = ""

    class Mapped(Record):
        kept: dict[str, Inner] = Field(default_factory=dict)

        class Settings:
            name = "mapped"
            indexes: ClassVar[list[Any]] = []

    class Flexed(Record):
        kept: Open = Open()

        class Settings:
            name = "flexed"
            indexes: ClassVar[list[Any]] = []

    for model in (Mapped, Flexed):
        with pytest.raises(TypeError, match="a secret among unknown names"):
            Fields(model)


def test_days_are_shown_as_days() -> None:
    assert set(FIELDS.days) == {("inner", "on"), ("inners", "[]", "on"), ("on",)}
    midnight = datetime(2026, 3, 1)
    document = {"on": None, "inner": {"on": midnight}, "inners": [{"on": midnight}, {}]}
    assert as_days(document, FIELDS.days) == {
        "on": None,
        "inner": {"on": "2026-03-01"},
        "inners": [{"on": "2026-03-01"}, {}],
    }


def test_every_type_of_the_store_has_its_json() -> None:
    key = ObjectId()
    written = {
        "object_id": key,
        "own_id": Id(key),
        "money": Decimal128("100.50"),
        "small": Decimal128("1E-12"),
        "large": Decimal128("1E+3"),
        "long": Int64(2**53),
        "vector": to_vector([0.5, 1.0]),
    }
    assert orjson.loads(dumps(written)) == {
        "object_id": str(key),
        "own_id": str(key),
        "money": "100.50",
        "small": "0.000000000001",
        "large": "1000",
        "long": 2**53,
        "vector": [0.5, 1.0],
    }


@pytest.mark.parametrize(
    ("header", "named"),
    [('"3"', True), ("*", True), ('"1", "3"', True), ('W/"3"', False), ("3", False), ("", False)],
)
def test_entity_tags(header: str, named: bool) -> None:
    assert names(header, '"3"') is named
