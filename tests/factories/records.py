"""One valid record of any document class, made from its declaration.

Only what is required is filled; a test names what it cares about.
"""

import types
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import annotated_types
from bson import ObjectId
from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from documents.base import Record
from documents.secrets import CIPHERTEXT
from documents.values import Id

R = TypeVar("R", bound=Record)

SPECIAL: dict[str, Any] = {
    "weights": lambda: {"engagement": 0.4, "ctr": 0.3, "conversions": 0.3},
    "email": lambda: f"somebody-{ObjectId()}@example.com",
    "url": lambda: "/api/v1/media/1/content",
}


def valid(model: type[R], /, **given: Any) -> R:
    """A record that the class and the store take; `given` goes before what is made up."""
    record: R = model.model_validate({**required_values(model), **given})
    return record


def required_values(model: type[BaseModel]) -> dict[str, Any]:
    return {
        name: made_up(name, info) for name, info in model.model_fields.items() if info.is_required()
    }


def made_up(name: str, info: FieldInfo) -> Any:
    """A value that the field takes."""
    if name in SPECIAL:
        return SPECIAL[name]()
    return _value(info.annotation, info.metadata)


def _value(kind: Any, constraints: list[Any]) -> Any:
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _value(inside[0], [*constraints, *inside[1:]])
    if origin in (Union, types.UnionType):
        return _value(inside[0], constraints)
    if origin is Literal:
        return inside[0]
    if origin is list:
        return [_value(inside[0], [])]
    if origin is dict:
        return {}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return required_values(kind)
    if isinstance(kind, type) and issubclass(kind, ObjectId):
        return Id()
    return _scalar(kind, constraints)


def _scalar(kind: Any, constraints: list[Any]) -> Any:
    if kind is str:
        return _text(constraints)
    if kind in (datetime, AwareDatetime):
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    if kind is date:
        return date(2026, 1, 2)
    if kind in (int, float, Decimal):
        low = next((c.ge for c in constraints if isinstance(c, annotated_types.Ge)), None)
        return kind(low if low is not None else 1)
    return True if kind is bool else kind()


def _text(constraints: list[Any]) -> str:
    pattern = next((p for c in constraints if (p := getattr(c, "pattern", None))), None)
    if pattern is None:
        limits = [c.max_length for c in constraints if isinstance(c, annotated_types.MaxLen)]
        return f"{ObjectId()} text"[: min(limits, default=100)]
    known = {
        CIPHERTEXT: f"gAAAAA{ObjectId()}",
        r"^[0-9a-f]{64}$": f"{ObjectId()}{ObjectId()}{ObjectId()}"[:64],
        r"^[0-9a-f]{32}$": f"{ObjectId()}{ObjectId()}"[:32],
        r"^[a-z_]+\.[a-z_]+$": "maintenance.ping",
        r"^[A-Z]{3}$": "USD",
        r"^[A-Za-z_][A-Za-z0-9_]*$": "name",
        r"^#[0-9A-Fa-f]{6}$": "#336699",
    }
    return known[pattern]
