"""Values that need a word between Python, BSON and JSON."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from beanie import PydanticObjectId
from bson import Binary, Decimal128
from bson.codec_options import TypeEncoder, TypeRegistry
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticKnownError


class Id(PydanticObjectId):
    """The id of a record. Null is refused: Beanie's own type makes a new id of it."""

    @classmethod
    def _validate(cls, value: Any) -> "Id":
        if value is None:
            raise ValueError("an id is needed")
        return cls(super()._validate(value))  # type: ignore[no-untyped-call]  # Beanie leaves it untyped


def to_stored_precision(moment: datetime) -> datetime:
    """UTC and whole milliseconds, as BSON keeps it. Raises ValueError at the ends of time."""
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as exc:
        raise ValueError("out of the range of times") from exc
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def now() -> datetime:
    return to_stored_precision(datetime.now(UTC))


Moment = Annotated[AwareDatetime, AfterValidator(to_stored_precision)]
"""A point in time, kept to the millisecond in UTC; a moment without a zone is refused."""


def _to_date(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value


Day = Annotated[date, BeforeValidator(_to_date)]
"""A calendar day: UTC midnight in the store, `YYYY-MM-DD` outside."""


def _plain(value: Decimal) -> Decimal:
    """Without exponent, so that 1E+2 is stored and shown as 100."""
    return value.quantize(Decimal(1)) if value.as_tuple().exponent in range(1, 40) else value


@dataclass(frozen=True, slots=True)
class _Numeral:
    """Strings that are taken as an amount: digits with neither exponent nor space about them."""

    pattern: str

    def taken(self, value: Any) -> Any:
        """The value for pydantic to look at; raises PydanticKnownError."""
        if isinstance(value, str) and not re.fullmatch(self.pattern, value):
            raise PydanticKnownError("string_pattern_mismatch", {"pattern": self.pattern})
        return value.to_decimal() if isinstance(value, Decimal128) else value

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        described = handler(schema)
        for choice in described.get("anyOf", ()):
            if choice.get("type") == "string":
                choice["pattern"] = self.pattern
        return described


def decimal(
    precision: int,
    scale: int,
    *,
    ge: Literal[0] | None = None,
    gt: Literal[0] | None = None,
    le: Literal[1] | None = None,
) -> Any:
    """The type of SQL's DECIMAL(precision, scale): Decimal128 in the store, a string in JSON."""
    sign = "-?" if ge is None and gt is None else ""
    above = r"(?!0*(\.0*)?$)" if gt == 0 else ""
    whole = f"[0-9]{{1,{precision - scale}}}"
    fraction = rf"(\.[0-9]{{1,{scale}}})?"
    number = f"{sign}{whole}{fraction}" if le is None else rf"(0{fraction}|1(\.0{{1,{scale}}})?)"
    numeral = _Numeral(f"^{above}{number}$")
    limits = Field(
        allow_inf_nan=False, max_digits=precision, decimal_places=scale, ge=ge, gt=gt, le=le
    )
    # The constraints stand first: behind a BeforeValidator they would not reach the JSON Schema.
    return Annotated[
        Decimal, limits, BeforeValidator(numeral.taken), AfterValidator(_plain), numeral
    ]


Money: TypeAlias = decimal(22, 12, ge=0)  # type: ignore[valid-type]
"""An amount in the currency beside it, to 12 places: a token's price is that small."""

Balance: TypeAlias = decimal(22, 12)  # type: ignore[valid-type]
"""An amount that may be negative for a moment."""

HexColor = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]
Text = Annotated[str, Field(max_length=1_000_000)]
"""Prose: bounded so that no document nears the store's 16 MB."""
Line = Annotated[str, Field(max_length=2_000)]
"""A sentence or two."""
Label = Annotated[str, Field(max_length=255)]
Title = Annotated[str, Field(min_length=1, max_length=255)]
Percentage = Annotated[float, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Seconds = Annotated[float, Field(ge=0)]

_FORBIDDEN_KEY = re.compile(r"^\$|[.\0]")


def _storable(value: Any, depth: int = 0) -> Any:
    """Refuse what the store cannot hold or query: keys with `$`, `.` or NUL, and deep nesting."""
    if depth > 32:
        raise ValueError("nested more than 32 deep")
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or _FORBIDDEN_KEY.search(key):
                raise ValueError(f"not a key that can be stored: {key!r}")
            _storable(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _storable(inner, depth + 1)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("a whole number of more than 64 bits")
    return value


FreeMap = Annotated[dict[str, Any], AfterValidator(_storable)]
"""A map of whatever the client likes to keep."""
check_keys = _storable

_VECTOR_HEADER = b"\x27\x00"  # BSON vector (subtype 9): float32, no padding
_VECTOR_SUBTYPE = 9


def to_vector(value: "Sequence[float] | np.ndarray[Any, Any] | bytes") -> Binary:
    """A BSON float32 vector from numbers, or the one that is already stored."""
    if isinstance(value, bytes):
        if value[:2] != _VECTOR_HEADER or len(value) % 4 != 2:
            raise ValueError("not a BSON float32 vector")
        return Binary(value, _VECTOR_SUBTYPE)
    numbers = np.asarray(value, dtype="<f4")
    if numbers.ndim != 1 or not np.isfinite(numbers).all():
        raise ValueError("a vector is one row of finite numbers")
    return Binary(_VECTOR_HEADER + numbers.tobytes(), _VECTOR_SUBTYPE)


def to_floats(vector: bytes) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """The numbers of a stored vector, read in place."""
    return np.frombuffer(vector, dtype="<f4", offset=len(_VECTOR_HEADER))


Vector = Annotated[
    Binary,
    PlainValidator(to_vector),
    PlainSerializer(lambda vector: to_floats(vector).tolist(), when_used="json"),
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "format": "float32-vector"}),
]


class _DecimalEncoder(TypeEncoder):
    """Lets a Decimal be written anywhere, also inside `$set` and `$inc`."""

    python_type = Decimal

    def transform_python(self, value: Decimal) -> Decimal128:
        return Decimal128(value)


class _DateEncoder(TypeEncoder):
    """A calendar day is kept as its midnight in UTC."""

    python_type = date

    def transform_python(self, value: date) -> datetime:
        return datetime(value.year, value.month, value.day, tzinfo=UTC)


class _VectorEncoder(TypeEncoder):
    """NumPy's numbers are kept as the float32 vector they are."""

    python_type = np.ndarray

    def transform_python(self, value: "np.ndarray[Any, Any]") -> Binary:
        return to_vector(value)


TYPES = TypeRegistry([_DecimalEncoder(), _DateEncoder(), _VectorEncoder()])
