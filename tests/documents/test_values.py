"""Values between Python, BSON and JSON."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

import bson
import numpy as np
import pytest
from bson import Binary, CodecOptions, Decimal128, ObjectId
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from documents.values import (
    TYPES,
    Balance,
    Day,
    FreeMap,
    HexColor,
    Id,
    Moment,
    Money,
    Percentage,
    Vector,
    decimal,
    now,
    to_floats,
    to_stored_precision,
    to_vector,
)

OPTIONS: "CodecOptions[dict[str, Any]]" = CodecOptions(type_registry=TYPES, tz_aware=True)
MONEY: TypeAdapter[Decimal] = TypeAdapter(Money)


def through_the_store(value: Any) -> Any:
    return bson.decode(bson.encode({"value": value}, codec_options=OPTIONS), OPTIONS)["value"]


def test_an_id_is_never_made_of_nothing() -> None:
    ids = TypeAdapter(Id)
    assert ids.validate_python(str(key := Id())) == key
    assert isinstance(ids.validate_python(ObjectId()), Id)
    for wrong in (None, "", "not an id", 12):
        with pytest.raises(ValidationError):
            ids.validate_python(wrong)


@given(st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1)), st.integers(-12, 14))
def test_a_moment_survives_the_store(naive: datetime, hours: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(hours=hours)))
    kept = to_stored_precision(moment)
    assert kept.tzinfo == UTC
    assert timedelta() <= moment - kept < timedelta(milliseconds=1)
    assert through_the_store(kept) == kept


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Moment).validate_python(datetime(2026, 1, 2))
    assert now().microsecond % 1000 == 0


def test_a_day_is_midnight_in_the_store_and_a_date_outside() -> None:
    days = TypeAdapter(Day)
    stored = through_the_store(date(2026, 1, 2))
    assert stored == datetime(2026, 1, 2, tzinfo=UTC)
    assert days.validate_python(stored) == date(2026, 1, 2)
    assert days.dump_json(date(2026, 1, 2)) == b'"2026-01-02"'


@given(st.decimals(0, 9_999_999_999, places=12))
def test_money_survives_the_store_to_the_last_place(amount: Decimal) -> None:
    taken = MONEY.validate_python(amount)
    stored = through_the_store(taken)
    assert isinstance(stored, Decimal128)
    assert MONEY.validate_python(stored) == amount
    assert "E" not in str(MONEY.validate_python(Decimal("1E+2")))


@pytest.mark.parametrize("amount", ["-0.01", "NaN", "Infinity", "0.0000000000001", "1e11"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(ValidationError):
        MONEY.validate_python(Decimal(amount))


DECIMALS: Final[dict[str, tuple[TypeAdapter[Decimal], int | None, int | None]]] = {
    "money": (MONEY, 0, None),
    "balance": (TypeAdapter(Balance), None, None),
    "above zero": (TypeAdapter(decimal(4, 2, gt=0)), 0, None),
    "a share": (TypeAdapter(decimal(3, 2, ge=0, le=1)), 0, 1),
}


@pytest.mark.parametrize("name", DECIMALS)
@given(data=st.data())
def test_a_string_is_taken_just_where_the_described_pattern_fits(
    name: str, data: st.DataObject
) -> None:
    adapter, low, high = DECIMALS[name]
    [_, described] = adapter.json_schema()["anyOf"]
    digits = st.from_regex(r"[+-]?[0-9]{0,12}(\.[0-9]{0,13})?(e[0-9])?\s?", fullmatch=True)
    fitting = st.from_regex(described["pattern"].replace("$", r"\Z"), fullmatch=True)
    numeral = data.draw(digits | fitting)
    if re.fullmatch(described["pattern"], numeral):
        taken = adapter.validate_python(numeral)
        assert taken == Decimal(numeral)
        assert low is None or taken >= low
        assert high is None or taken <= high
    else:
        with pytest.raises(ValidationError, match="pattern"):
            adapter.validate_python(numeral)


numbers = st.floats(-1e6, 1e6, width=32)


@given(st.lists(numbers, min_size=1, max_size=300))
def test_a_vector_is_float32_and_survives_the_store(row: list[float]) -> None:
    stored = through_the_store(np.asarray(row, dtype=np.float32))
    assert stored == to_vector(row)
    assert to_floats(stored).tolist() == row
    vectors = TypeAdapter(Vector)
    assert vectors.validate_python(stored) == stored
    assert vectors.validate_json(vectors.dump_json(stored)) == stored


@pytest.mark.parametrize("wrong", [[float("nan")], [[1.0]], b"\x27\x00\x01", b"\x00\x00" * 4])
def test_what_is_no_vector_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="vector"):
        to_vector(wrong)
    assert isinstance(to_vector([1.0]), Binary)


@pytest.mark.parametrize(
    "wrong", [{"$set": 1}, {"a.b": 1}, {"a\0": 1}, {"a": {"$b": 1}}, {"a": [{"b.c": 1}]}]
)
def test_keys_that_cannot_be_stored_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="not a key"):
        TypeAdapter(FreeMap).validate_python(wrong)


def test_maps_that_nobody_could_store_are_refused() -> None:
    maps = TypeAdapter(FreeMap)
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"deeper": deep}
    for wrong in (deep, {"a": 2**63}, {"a": -(2**63) - 1}):
        with pytest.raises(ValidationError):
            maps.validate_python(wrong)
    assert maps.validate_python({"price $": [1, {"a": 2**63 - 1}], "": None})


@pytest.mark.parametrize(
    ("kind", "good", "wrong"), [(HexColor, "#aAbB09", "#abc"), (Percentage, 100, 100.1)]
)
def test_bounds_hold(kind: Any, good: object, wrong: object) -> None:
    assert TypeAdapter(kind).validate_python(good) == good
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(wrong)
