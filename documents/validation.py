"""The store's own check of a collection, made from the declaration of its document class.

MongoDB's `$jsonSchema` is JSON Schema draft 4 with `bsonType` instead of `type` and without `$ref`
(https://www.mongodb.com/docs/manual/reference/operator/query/jsonSchema/).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, TypeAlias

from bson import Decimal128
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from documents.base import Record

Schema: TypeAlias = dict[str, Any]

BSON_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "string": ("string",),
    "integer": ("int", "long"),
    "number": ("double", "int", "long", "decimal"),
    "boolean": ("bool",),
    "null": ("null",),
    "object": ("object",),
    "array": ("array",),
}
OBJECT_ID_PATTERN: Final = "^[0-9a-f]{24}$"  # how Beanie describes an ObjectId
VECTOR_FORMAT: Final = "float32-vector"
KEPT: Final = frozenset(
    {"bsonType", "enum", "pattern", "multipleOf", "minLength", "maxLength", "minItems", "maxItems"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    | {"minProperties", "maxProperties"}
)


def validator(model: type[Record]) -> Schema:
    """The query that every document of the collection has to match."""
    described = model.model_json_schema(schema_generator=_InBson, mode="validation", by_alias=True)
    schema = _converted(described, described.get("$defs", {}), ())
    schema["properties"]["_id"] = {"bsonType": "objectId"}
    checks = [rule.query() for rule in model.rules]
    query: Schema = {"$jsonSchema": schema}
    return {"$and": [query, *checks]} if checks else query


class _InBson(GenerateJsonSchema):
    """Describes the types that BSON has and JSON has not."""

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        return {"bsonType": "date"}

    def date_schema(self, schema: core_schema.DateSchema) -> JsonSchemaValue:
        return {"bsonType": "date"}

    def bytes_schema(self, schema: core_schema.BytesSchema) -> JsonSchemaValue:
        return {"bsonType": "binData"}

    def uuid_schema(self, schema: core_schema.UuidSchema) -> JsonSchemaValue:
        return {"bsonType": "binData"}

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        described: Schema = {"bsonType": "decimal"}
        places, digits = schema.get("decimal_places"), schema.get("max_digits")
        low, high = schema.get("ge"), schema.get("le")
        if places is not None:
            described["multipleOf"] = Decimal(1).scaleb(-places)
        if digits is not None:
            bound = Decimal(10) ** (digits - (places or 0)) - Decimal(1).scaleb(-(places or 0))
            low = -bound if low is None else low
            high = bound if high is None else min(bound, Decimal(high))
        if schema.get("gt") is not None:
            low, described["exclusiveMinimum"] = schema["gt"], True
        if low is not None:
            described["minimum"] = Decimal(low)
        if high is not None:
            described["maximum"] = Decimal(high)
        return described

    def handle_invalid_for_json_schema(
        self, schema: core_schema.CoreSchema, error_info: str
    ) -> JsonSchemaValue:
        raise TypeError(f"the store cannot check {error_info}")


def _converted(node: Any, definitions: Mapping[str, Any], inside: tuple[str, ...]) -> Schema:
    if node is True:
        return {}
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[1]
        if name in inside:  # recursive: the store's dialect cannot name itself
            return {"bsonType": "object"}
        return _converted(definitions[name], definitions, (*inside, name))
    if node.get("pattern") == OBJECT_ID_PATTERN:
        return {"bsonType": "objectId"}
    if node.get("format") == VECTOR_FORMAT:
        return {"bsonType": "binData"}
    converted: Schema = {name: _stored(value) for name, value in node.items() if name in KEPT}
    for bound in ("Minimum", "Maximum"):
        limit = node.get(f"exclusive{bound}")
        if limit is not None and limit is not True:
            converted[bound.lower()], converted[f"exclusive{bound}"] = limit, True
    if "const" in node:
        converted["enum"] = [node["const"]]
    if "type" in node:
        converted["bsonType"] = _types([node["type"]])

    def inner(child: Any) -> Schema:
        return _converted(child, definitions, inside)

    if "properties" in node:
        converted["properties"] = {name: inner(each) for name, each in node["properties"].items()}
        if required := [n for n, each in converted["properties"].items() if not _takes_null(each)]:
            converted["required"] = required
    if "patternProperties" in node:
        converted["patternProperties"] = {
            pattern: inner(each) for pattern, each in node["patternProperties"].items()
        }
        converted["additionalProperties"] = False
    elif isinstance(node.get("additionalProperties"), dict):
        converted["additionalProperties"] = inner(node["additionalProperties"])
    if "items" in node:
        converted["items"] = inner(node["items"])
    for name in ("anyOf", "oneOf", "allOf"):
        if name in node:
            converted["anyOf" if name == "oneOf" else name] = [inner(each) for each in node[name]]
    return _simplified(converted)


def _stored(value: Any) -> Any:
    return Decimal128(value) if isinstance(value, Decimal) else value


def _types(names: list[str]) -> Any:
    types = [each for name in names for each in BSON_TYPES[name]]
    return types[0] if len(types) == 1 else types


def _takes_null(schema: Schema) -> bool:
    if "anyOf" in schema:
        return any(_takes_null(each) for each in schema["anyOf"])
    types = schema.get("bsonType")
    return (types is None and "enum" not in schema) or types == "null" or "null" in (types or ())


def _simplified(schema: Schema) -> Schema:
    """`T | None` as one list of types where T is nothing but a type; no choice where all is."""
    choices = schema.get("anyOf")
    if not choices:
        return schema
    if any(not each for each in choices):
        return {}
    if all(set(each) == {"bsonType"} for each in choices):
        types: list[str] = []
        for each in choices:
            kinds = each["bsonType"]
            types += [kinds] if isinstance(kinds, str) else kinds
        rest = {name: value for name, value in schema.items() if name != "anyOf"}
        return {**rest, "bsonType": list(dict.fromkeys(types))}
    return schema
