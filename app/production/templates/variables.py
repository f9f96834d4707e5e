"""The variables of a template: what they are declared as, and the values they are given."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from pydantic import JsonValue

from app.production.templates.errors import BadInputs, BadTemplate, Problem
from app.production.templates.language import RESERVED
from documents.production import VariableDefinition
from documents.values import check_keys

MOST_INPUT_BYTES: Final = 500_000
LONGEST_STRING: Final = 2_000
"""Characters of a `string`; a `text` may fill all the room of the inputs."""
LONGEST_URL: Final = 2_048


def check_definitions(wanted: set[str], definitions: Sequence[VariableDefinition]) -> None:
    """Whether the variables that a template wants are the declared ones. Raises BadTemplate."""
    names = [each.name for each in definitions]
    for number, each in enumerate(definitions):
        field = f"variable_defs.{number}"
        if each.name in RESERVED or each.name.startswith("_"):
            raise BadTemplate(f"{each.name} cannot be the name of a variable.", f"{field}.name")
        if names.index(each.name) != number:
            raise BadTemplate(f"{each.name} is declared twice.", f"{field}.name")
        given = each.default_value
        if given is not None and (problem := type_problem(each, given)):
            raise BadTemplate(f"The default of {each.name} {problem}.", f"{field}.default_value")
    if undeclared := sorted(wanted - {*names}):
        raise BadTemplate(f"It uses variables that are not declared: {', '.join(undeclared)}.")


def bound(
    definitions: Sequence[VariableDefinition], inputs: Mapping[str, Any]
) -> dict[str, JsonValue]:
    """A value for every variable: what is given, else its default, else null.

    Raises BadInputs naming what is missing, unknown or of another type.
    """
    if problems := [*_problems(definitions, inputs)]:
        raise BadInputs(problems)
    return {each.name: _value(each, inputs) for each in definitions}


def type_problem(definition: VariableDefinition, value: Any) -> str | None:
    """Why the value is not of the variable's type, if it is not."""
    match definition.type:
        case "string":
            short = isinstance(value, str) and len(value) <= LONGEST_STRING
            return None if short else f"is not a string of up to {LONGEST_STRING:,} characters"
        case "text":
            return None if isinstance(value, str) else "is not a text"
        case "number":
            return None if _is_number(value) else "is not a number"
        case "boolean":
            return None if isinstance(value, bool) else "is neither true nor false"
        case "url":
            return None if _is_url(value) else "is not an http or https address"
    return _json_problem(value)


def _problems(
    definitions: Sequence[VariableDefinition], inputs: Mapping[str, Any]
) -> Iterator[Problem]:
    known = {each.name: each for each in definitions}
    for name in inputs.keys() - known.keys():
        yield Problem(f"inputs.{name}"[:255], "unknown", "is no variable of the template")
    for name, definition in known.items():
        value = inputs.get(name)
        if value is None:
            if definition.required and definition.default_value is None:
                yield Problem(f"inputs.{name}", "missing", "is required")
        elif problem := type_problem(definition, value):
            yield Problem(f"inputs.{name}", "wrong_type", problem)
    if _bytes(inputs) > MOST_INPUT_BYTES:
        yield Problem("inputs", "too_large", f"hold more than {MOST_INPUT_BYTES:,} bytes")


def _value(definition: VariableDefinition, inputs: Mapping[str, Any]) -> Any:
    given = inputs.get(definition.name)
    return definition.default_value if given is None else given


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


def _is_url(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > LONGEST_URL:
        return False
    if any(each.isspace() or not each.isprintable() for each in value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _json_problem(value: Any) -> str | None:
    try:
        check_keys(value)
        orjson.dumps(value)
    except (ValueError, TypeError, RecursionError) as exc:
        return f"cannot be kept ({exc})"
    return None


def _bytes(inputs: Mapping[str, Any]) -> int:
    try:
        return len(orjson.dumps(dict(inputs)))
    except TypeError:
        return 0  # told with the value that is no JSON
