"""What clients send and get, derived from the marks of a document class."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import reduce, wraps
from operator import or_
from types import UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from documents.base import (
    Computed,
    Fixed,
    Inherited,
    OnRequest,
    Record,
    Secret,
    ServerOwned,
    mark,
)
from documents.values import check_keys

Schema: TypeAlias = type[BaseModel]
Derivation: TypeAlias = Callable[[Schema], Schema]


def _once(derive: Derivation) -> Derivation:
    """Derives one schema of each class, so that two mentions of it are the same."""
    known: dict[Schema, Schema] = {}

    @wraps(derive)
    def derived(model: Schema) -> Schema:
        if model not in known:
            known[model] = derive(model)
        return known[model]

    return derived


@_once
def create_schema(model: Schema) -> Schema:
    """All that a client may say about a new record."""
    fields = {
        name: _typed(_derived(field.annotation, create_schema), field, **_default(field))
        for name, field in model.model_fields.items()
        if is_given(field)
    }
    return _strict(model, create_schema, fields, refused_names(model, is_given))


@_once
def change_schema(model: Schema) -> Schema:
    """A merge patch: the same fields, each of which may be left out."""
    fields = {
        name: _typed(_derived(field.annotation, change_schema), field, default_factory=_unset)
        for name, field in model.model_fields.items()
        if is_changeable(field)
    }
    return _strict(model, change_schema, fields, refused_names(model, is_changeable))


@_once
def read_schema(model: Schema) -> Schema:
    """All that is answered; what is only answered on request may be missing."""
    fields = {
        name: _typed(_derived(field.annotation, read_schema), field, **_answered(field))
        for name, field in model.model_fields.items()
        if not mark(field, Secret)
    }
    extra = ConfigDict(extra=model.model_config.get("extra") or "ignore")
    return create_model(f"{model.__name__}Read", __config__=extra, __doc__=model.__doc__, **fields)


def is_given(field: FieldInfo) -> bool:
    """Whether a client says it at creation."""
    return not any(mark(field, kind) for kind in (ServerOwned, Computed, Inherited))


def is_changeable(field: FieldInfo) -> bool:
    """Whether a client may say it afterwards."""
    return is_given(field) and not mark(field, Fixed)


def refused_names(model: Schema, kept: Callable[[FieldInfo], bool]) -> Mapping[str, str]:
    """The fields that a body must not name, each with the code of the refusal."""
    refused = {}
    for name, field in model.model_fields.items():
        if not kept(field):
            code = "fixed" if is_given(field) else "server_owned"
            refused[field.alias or name] = refused[name] = code
    return refused


def _strict(
    model: Schema, derive: Derivation, fields: dict[str, Any], refused: Mapping[str, str]
) -> Schema:
    """A schema that refuses what it does not know, and by name what is not for clients."""

    def refuse(cls: type[BaseModel], value: Any) -> Any:
        for name in value if isinstance(value, dict) else ():
            if name in refused:
                raise PydanticCustomError(refused[name], REASONS[refused[name]], {"field": name})
            if name == "":
                raise PydanticCustomError("empty_name", "A field needs a name")
        if flexible and isinstance(value, dict):
            # The names only: in a patch, null takes away even what could never have been there.
            check_keys(dict.fromkeys(value))
        return value

    flexible = model.model_config.get("extra") == "allow" and not issubclass(model, Record)
    extra = ConfigDict(extra="allow" if flexible else "forbid")
    return create_model(
        f"{model.__name__}{'Change' if derive is change_schema else 'Create'}",
        __base__=_with_extras(model, derive, extra),
        __doc__=model.__doc__,
        __validators__={"refuse": model_validator(mode="before")(classmethod(refuse))},  # type: ignore[arg-type, dict-item]
        **fields,
    )


def _with_extras(model: Schema, derive: Derivation, config: ConfigDict) -> Schema:
    """The base of what is derived from a class: what its further fields hold, if it says so."""
    members: dict[str, Any] = {"model_config": config, "__module__": model.__module__}
    if kind := vars(model).get("__annotations__", {}).get(EXTRAS):
        members["__annotations__"] = {EXTRAS: _derived(kind, derive)}
    return type(model.__name__, (BaseModel,), members)


EXTRAS = "__pydantic_extra__"
REASONS: Mapping[str, Any] = {
    "server_owned": "Written by the server only",
    "fixed": "Given once, when the record is made",
}


def is_number(value: Any) -> bool:
    """Whether pydantic would take the value of a date or moment for seconds since 1970."""
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _no_number(value: Any) -> Any:
    if is_number(value):
        raise PydanticCustomError("moment_type", "A moment is written as ISO 8601 has it")
    return value


GivenMoment: TypeAlias = Annotated[AwareDatetime, BeforeValidator(_no_number)]
"""A moment that a client names."""
STRICT: Mapping[Any, Any] = {
    bool: StrictBool,
    int: StrictInt,
    float: StrictFloat,
    **{kind: Annotated[kind, BeforeValidator(_no_number)] for kind in (date, datetime)},
    AwareDatetime: GivenMoment,
}
"""What pydantic would take other types of JSON for: 1 for true, "1" for 1, 0 for the year 1970."""


def _unset() -> Any:
    """A default that the schema does not show."""


def _default(field: FieldInfo) -> dict[str, Any]:
    if field.is_required():
        return {}
    if field.default_factory:
        return {"default_factory": field.default_factory}
    default = field.default
    # A sub-document's default is an instance of another class than the derived one.
    return {"default_factory": _unset} if isinstance(default, BaseModel) else {"default": default}


def _answered(field: FieldInfo) -> dict[str, Any]:
    named = {"validation_alias": "id", "serialization_alias": "id"} if field.alias == "_id" else {}
    return {"default_factory": _unset, **named} if mark(field, OnRequest) else named


def _typed(kind: Any, field: FieldInfo, **more: Any) -> Any:
    """The type with the constraints of the field."""
    return Annotated[
        (
            kind,
            *field.metadata,
            Field(description=field.description, examples=field.examples, **more),
        )
    ]


def _derived(kind: Any, derive: Derivation) -> Any:
    """The type, with every model embedded in it derived in the same way."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return derive(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is None and derive is not read_schema:
        return STRICT.get(kind, kind)
    if origin is Annotated:
        return Annotated[(_derived(inner[0], derive), *inner[1:])]
    if origin in (Union, UnionType):
        return reduce(or_, (_derived(each, derive) for each in inner))
    if origin is list:
        # A patch replaces lists, so their items are whole.
        whole = create_schema if derive is change_schema else derive
        return list.__class_getitem__(_derived(inner[0], whole))
    if origin is dict:
        values = _derived(inner[1], derive)
        # In a patch null takes a key out of a map.
        return dict.__class_getitem__(
            (inner[0], values | None if derive is change_schema else values)
        )
    return kind
