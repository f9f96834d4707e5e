"""The filters and operators of templates: those of Jinja2 by name, each with a known bound.

Jinja2's own would make gigabytes of one short expression (`center`, `indent`, `replace`, `*`), so
every one here counts the text before it makes it. What they are given is JSON.
"""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Final, TypeAlias

import orjson
from jinja2 import pass_context
from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Context, Undefined

from app.production.templates.errors import BadTemplate
from app.production.templates.meter import Meter

METER: Final = "_meter"
"""The name of the meter among a template's variables; templates can't name it themselves."""
LARGEST: Final = 10**18
WIDEST: Final = 100
"""The deepest indentation."""
Filter: TypeAlias = Callable[..., Any]


def meter_of(context: Context) -> Meter:
    """The meter of this rendering."""
    meter = context.resolve(METER)
    assert isinstance(meter, Meter)
    return meter


def shown(value: Any) -> str:
    """A value as text: lists and maps as JSON, nothing as nothing."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case Mapping() | Sequence():
            return _json(value)
        case Undefined():
            return str(value)  # raises, and says what is missing
    raise TemplateRuntimeError(f"a {type(value).__name__} is no text")


def size(value: Any) -> int:
    """About how many characters a value has, without looking inside twice."""
    if isinstance(value, str | Mapping) or _is_list(value):
        return len(value)
    return 1


def metered(function: Filter) -> Filter:
    """The filter, with what it is given and what it makes counted."""

    @pass_context
    @wraps(function)
    def counted(context: Context, value: Any, *args: Any, **named: Any) -> Any:
        meter = meter_of(context)
        meter.handle(size(value) if not isinstance(value, Undefined) else 1)
        made = function(value, *args, **named)
        meter.handle(size(made) if not isinstance(made, Undefined) else 1)
        return made

    return counted


def calculated(operator: str, left: Any, right: Any, meter: Meter) -> Any:
    """The result of an arithmetic operator. Raises TemplateRuntimeError but for numbers."""
    if operator == "+" and isinstance(left, str) and isinstance(right, str):
        meter.handle(len(left) + len(right))
        return left + right
    if not all(isinstance(each, int | float) for each in (left, right)):
        raise TemplateRuntimeError(f"{operator} takes numbers (and + two texts; ~ joins values)")
    result = OPERATORS[operator](left, right)
    if abs(result) > LARGEST:
        raise TemplateRuntimeError("a number grew beyond all bounds")
    return result


OPERATORS: Final[Mapping[str, Filter]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "//": lambda left, right: left // right,
    "%": lambda left, right: left % right,
}


@pass_context
def concatenated(context: Context, first: Any, *others: Any) -> str:
    """What `~` makes of its values."""
    texts = [shown(each) for each in (first, *others)]
    meter_of(context).handle(sum(map(len, texts)))
    return "".join(texts)


@pass_context
def sliced(context: Context, value: Any, start: Any, stop: Any, step: Any) -> Any:
    """What `value[start:stop:step]` takes."""
    if not (isinstance(value, str) or _is_list(value)):
        raise TemplateRuntimeError("only texts and lists have parts")
    meter_of(context).handle(len(value))
    return value[start:stop:step]


@pass_context
def _join(context: Context, value: Any, separator: str = "", attribute: str = "") -> str:
    texts = [shown(each) for each in (_map(value, attribute) if attribute else _listed(value))]
    parts = max(len(texts) - 1, 0)
    meter_of(context).handle(sum(map(len, texts)) + len(separator) * parts)
    return separator.join(texts)


@pass_context
def _replace(context: Context, value: Any, old: str, new: str) -> str:
    text = shown(value)
    if not old:
        raise TemplateRuntimeError("replace needs something to look for")
    meter_of(context).handle(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


@pass_context
def _indent(context: Context, value: Any, width: int = 4, first: bool = False) -> str:
    text = shown(value)
    meter_of(context).handle(len(text) + (text.count("\n") + 1) * _width(width))
    indented = textwrap.indent(text, " " * width)
    return indented if first else indented[width if text.strip("\n") else 0 :]


def _json(value: Any, indent: int | None = None) -> str:
    option = orjson.OPT_INDENT_2 if indent else 0
    return orjson.dumps(value, _plain, option).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, range):
        return [*value]
    raise TemplateRuntimeError(f"a {type(value).__name__} is no data")


def _default(value: Any, instead: Any = "", boolean: bool = False) -> Any:
    missing = isinstance(value, Undefined) or value is None or (boolean and not value)
    return instead if missing else value


def _truncate(value: Any, length: int = 255, killwords: bool = False, end: str = "…") -> str:
    text = shown(value)
    if len(text) <= length:
        return text
    kept = text[: max(length - len(end), 0)]
    return (kept if killwords else kept.rsplit(" ", 1)[0]) + end


def _map(value: Any, attribute: str, default: Any = None) -> list[Any]:
    return [_part(each, attribute, default) for each in _listed(value)]


def _select(value: Any, attribute: str) -> list[Any]:
    return [each for each in _listed(value) if _part(each, attribute)]


def _reject(value: Any, attribute: str) -> list[Any]:
    return [each for each in _listed(value) if not _part(each, attribute)]


def _sort(value: Any, reverse: bool = False, attribute: str = "") -> list[Any]:
    def key(each: Any) -> Any:
        return _part(each, attribute) if attribute else each

    return sorted(_listed(value), key=key, reverse=reverse)


def _unique(value: Any) -> list[Any]:
    return [*{shown(each): each for each in _listed(value)}.values()]


def _reverse(value: Any) -> Any:
    return value[::-1] if isinstance(value, str) else _listed(value)[::-1]


def _items(value: Any) -> list[list[Any]]:
    if not isinstance(value, Mapping):
        raise TemplateRuntimeError("only maps have items")
    return [[name, each] for name, each in value.items()]


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str | Mapping | Sequence):
        return [*value]
    raise TemplateRuntimeError("only texts, lists and maps can be gone through")


def _first(value: Any) -> Any:
    return next(iter(_listed(value)), None)


def _last(value: Any) -> Any:
    return next(reversed(_listed(value)), None)


def _length(value: Any) -> int:
    return len(_listed(value))


def _integer(value: Any, default: int = 0) -> int:
    try:
        number = int(value)
    except (ValueError, TypeError, OverflowError):
        return default
    return number if abs(number) <= LARGEST else default


def _float(value: Any, default: float = 0.0) -> float:
    try:
        return float(value)
    except (ValueError, TypeError, OverflowError):
        return default


def _sum(value: Any, attribute: str = "") -> Any:
    numbers = _map(value, attribute) if attribute else _listed(value)
    if not all(isinstance(each, int | float) for each in numbers):
        raise TemplateRuntimeError("sum takes numbers")
    return sum(numbers)


def _part(value: Any, attribute: str, default: Any = None) -> Any:
    return value.get(attribute, default) if isinstance(value, Mapping) else default


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | range)


def _width(width: Any) -> int:
    if not isinstance(width, int) or not 0 <= width <= WIDEST:
        raise BadTemplate(f"Indentations go up to {WIDEST} blanks.")
    return width


_PLAIN: Final[Mapping[str, Filter]] = {
    "abs": abs,
    "capitalize": lambda value: shown(value).capitalize(),
    "count": _length,
    "d": _default,
    "default": _default,
    "first": _first,
    "float": _float,
    "int": _integer,
    "items": _items,
    "last": _last,
    "length": _length,
    "list": _listed,
    "lower": lambda value: shown(value).lower(),
    "map": _map,
    "max": lambda value: max(_listed(value), default=None),
    "min": lambda value: min(_listed(value), default=None),
    "rejectattr": _reject,
    "reverse": _reverse,
    "round": lambda value, precision=0: round(value, precision),
    "selectattr": _select,
    "sort": _sort,
    "string": shown,
    "sum": _sum,
    "title": lambda value: shown(value).title(),
    "tojson": _json,
    "trim": lambda value: shown(value).strip(),
    "truncate": _truncate,
    "unique": _unique,
    "upper": lambda value: shown(value).upper(),
    "wordcount": lambda value: len(shown(value).split()),
}
FILTERS: Final[Mapping[str, Filter]] = {
    **{name: metered(function) for name, function in _PLAIN.items()},
    "indent": _indent,
    "join": _join,
    "replace": _replace,
}
"""Every filter that templates may name."""
