"""Examples of bodies, made from the declarations, so that each can be sent as it stands.

Only ids are made up: where one stands, the id of a record of one's own belongs.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, MinLen
from bson import ObjectId
from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

SOME_ID: Final = "0123456789abcdef01234567"
PATTERNS: Final[Mapping[str, str]] = {
    r"^#[0-9A-Fa-f]{6}$": "#336699",
    r"^[A-Z]{3}$": "USD",
    r"^[1-9][0-9]{0,3}:[1-9][0-9]{0,3}$": "16:9",
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "a-short-name",
}
"""Texts that fit."""
WORDS: Final[Mapping[str, str]] = {
    "title": "The Fox and the Moon",
    "name": "Reynard",
    "description": "A fox sets out to see the moon.",
    "filename": "fox.png",
    "alt": "A fox looks at the moon",
    "location": "A clearing in the forest",
    "hook": "Have you ever followed a fox?",
    "body": "Behind the last tree the moon was waiting.",
    "cta": "Watch the whole story",
    "brand_niche": "calm piano",
    "niche_label": "rainy nights",
    "mood_keywords": "rain, night, slow",
}
"""What might stand in a field of this name."""
MOST_CHANGED: Final = 2
PLAIN: Final = (bool, int, float, str)


def create_example(schema: type[BaseModel]) -> dict[str, Any]:
    """All that is required, and the choices and numbers that would stand there anyway."""
    return {
        name: _value(name, field) if field.is_required() else field.default
        for name, field in schema.model_fields.items()
        if field.is_required() or _is_telling(field)
    }


def change_example(schema: type[BaseModel]) -> dict[str, Any]:
    """A patch of a few fields: of texts if there are any, or else of the first ones."""
    fields = schema.model_fields
    texts = [name for name, field in fields.items() if field.annotation is str]
    return {name: _value(name, fields[name]) for name in (texts or [*fields])[:MOST_CHANGED]}


def _is_telling(field: FieldInfo) -> bool:
    return field.default_factory is None and (
        get_origin(field.annotation) is Literal or isinstance(field.default, bool | int | float)
    )


def _value(name: str, field: FieldInfo) -> Any:
    if field.examples:
        return field.examples[0]
    if field.default and isinstance(field.default, PLAIN):
        return field.default
    return _of(name, field.annotation, field.metadata)


def _of(name: str, kind: Any, limits: list[Any]) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        more = [each for one in inner[1:] for each in getattr(one, "metadata", [one])]
        return _of(name, inner[0], [*limits, *more])
    if origin in (Union, UnionType):
        return _of(name, next(each for each in inner if each is not NoneType), limits)
    if origin is Literal:
        return inner[0]
    if origin is list:
        return [_of(name, inner[0], [])] if _least(limits, MinLen, "min_length", 0) else []
    if origin is dict or kind is dict:
        return {"note": "whatever you like to keep"}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {
            each: _value(each, field)
            for each, field in kind.model_fields.items()
            if field.is_required()
        }
    return _scalar(name, kind, limits)


def _scalar(name: str, kind: Any, limits: list[Any]) -> Any:
    if kind is str:
        pattern = next((each.pattern for each in limits if getattr(each, "pattern", None)), None)
        if pattern and pattern not in PATTERNS:
            raise TypeError(f"{name}: give the field `examples` that fit {pattern}")
        return PATTERNS[pattern] if pattern else WORDS.get(name, f"Some {name.replace('_', ' ')}")
    if isinstance(kind, type) and issubclass(kind, ObjectId):
        return SOME_ID
    if kind in (datetime, AwareDatetime):
        return "2026-01-02T03:04:05Z"
    if kind is date:
        return "2026-01-02"
    if kind is bool:
        return True
    least = _least(limits, Ge, "ge", _least(limits, Gt, "gt", 0) + 1)
    return str(least) if kind is Decimal else least


def _least(limits: list[Any], kind: type, name: str, otherwise: Any) -> Any:
    return next((getattr(each, name) for each in limits if isinstance(each, kind)), otherwise)
