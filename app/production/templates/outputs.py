"""Checking what a model answered against the JSON Schema (2020-12) of its template.

Schemas come from people, so they are bounded: references are filled in where a schema is taken
(the store cannot keep their names, and a tree cannot run in circles), regular expressions are
matched in linear time, and every keyword that is looked at is counted.
"""

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from pydantic_core import SchemaError as BadPattern
from pydantic_core import SchemaValidator, core_schema
from referencing import Registry

from app.production.templates.errors import BadTemplate, Problem
from documents.production import PromptTemplate

FIELD: Final = "output_schema"
MOST_SCHEMA_BYTES: Final = 64_000
MOST_PARTS: Final = 5_000
"""Of a schema, with its references filled in."""
DEEPEST: Final = 30
MOST_CHECKS: Final = 100_000
"""Keywords looked at in one check."""
MOST_PROBLEMS: Final = 50
REFUSED: Final = ("patternProperties", "unevaluatedItems", "unevaluatedProperties", "$dynamicRef")
LEFT_OUT: Final = ("$schema", "$id", "$comment", "$defs", "definitions")
"""Says nothing about outputs once references are filled in."""
Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]
_looked_at: ContextVar[list[int]] = ContextVar("looked_at")


class _TooMuch(Exception):
    """A check looks at more than it may."""


def taken(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as it is kept: checked, its references filled in. Raises BadTemplate."""
    if len(orjson.dumps(schema)) > MOST_SCHEMA_BYTES:
        raise BadTemplate(f"A schema holds at most {MOST_SCHEMA_BYTES:,} bytes.", FIELD)
    filled = _Filling(schema).filled
    try:
        Draft202012Validator.check_schema(filled)
    except SchemaError as exc:
        place = _place(exc) or "its beginning"
        raise BadTemplate(f"No JSON Schema at {place}: {exc.message[:200]}.", FIELD) from None
    return filled


def check_output(template: PromptTemplate, output: Any) -> list[Problem]:
    """What in the output breaks the template's schema, by field; empty where nothing does.

    May take a second for what is very large: `asyncio.to_thread` keeps others from waiting.
    """
    if template.output_schema is None:
        return []
    looked_at = _looked_at.set([0])
    try:
        errors = VALIDATOR(template.output_schema, registry=Registry()).iter_errors(output)
        return [_told(error) for error in islice(errors, MOST_PROBLEMS)]
    except (_TooMuch, RecursionError):
        return [Problem("output", "too_large", "is too much to check against the schema")]
    finally:
        _looked_at.reset(looked_at)


class _Filling:
    """Puts the parts that a schema refers to in the place of the references."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._whole, self._parts = schema, 0
        self.filled: dict[str, Any] = self._schema(schema, 0)

    def _schema(self, value: Any, depth: int) -> Any:
        self._parts += 1
        if self._parts > MOST_PARTS or depth > DEEPEST:
            raise BadTemplate("The schema is too large, or refers to itself.", FIELD)
        if isinstance(value, list):
            return [self._schema(each, depth + 1) for each in value]
        if not isinstance(value, Mapping):
            return value
        self._check(value)
        kept = {
            name: self._schema(each, depth + 1)
            for name, each in value.items()
            if name != "$ref" and name not in LEFT_OUT
        }
        if "$ref" not in value:
            return kept
        target = self._schema(self._target(value["$ref"]), depth + 1)
        return target if not kept else {"allOf": [target, kept]}

    def _target(self, reference: Any) -> Any:
        found: Any = self._whole
        steps = str(reference).removeprefix("#/").split("/") if reference != "#" else []
        for step in steps:
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or name not in found:
                raise BadTemplate(f"The schema refers to {str(reference)[:80]}, not there.", FIELD)
            found = found[name]
        return found

    def _check(self, part: Mapping[str, Any]) -> None:
        for name in REFUSED:
            if name in part:
                raise BadTemplate(f"{name} is not supported in schemas.", FIELD)
        if isinstance(pattern := part.get("pattern"), str):
            try:
                _matcher(pattern)
            except BadPattern:
                raise BadTemplate(
                    f"The pattern {pattern[:60]!r} is none of RE2's kind, without looking around "
                    "and referring back.",
                    FIELD,
                ) from None


@lru_cache(256)
def _matcher(pattern: str) -> SchemaValidator:
    """Matches in time linear in the text: by the regular expressions of Rust."""
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))


def _matches(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _matcher(pattern).isinstance_python(instance):
        yield ValidationError(f"{instance[:60]!r} does not match {pattern!r}")


def _all_differ(
    validator: Any, wanted: bool, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if wanted and isinstance(instance, list):
        texts = {orjson.dumps(each, option=orjson.OPT_SORT_KEYS) for each in instance}
        if len(texts) < len(instance):
            yield ValidationError("not all items differ")


def _counted(keyword: Keyword) -> Keyword:
    def look(
        validator: Any, wanted: Any, instance: Any, schema: Any
    ) -> Iterator[ValidationError] | None:
        looked_at = _looked_at.get()
        looked_at[0] += 1 + (len(instance) // 100 if isinstance(instance, str | list) else 0)
        if looked_at[0] > MOST_CHECKS:
            raise _TooMuch
        return keyword(validator, wanted, instance, schema)

    return look


_KEYWORDS: Final[dict[str, Keyword]] = {
    **Draft202012Validator.VALIDATORS,
    "pattern": _matches,
    "uniqueItems": _all_differ,
}
VALIDATOR: Final[Any] = extend(
    Draft202012Validator, {name: _counted(keyword) for name, keyword in _KEYWORDS.items()}
)


def _told(error: ValidationError) -> Problem:
    return Problem(_place(error) or "output", str(error.validator), error.message[:300])


def _place(error: ValidationError | SchemaError) -> str:
    return ".".join(str(step) for step in error.absolute_path)
