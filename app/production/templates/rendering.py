"""Filling templates in: Jinja2's sandbox, narrowed to the language, with every resource counted.

A thread cannot be stopped from outside, and a process for every prompt costs a tenth of a second;
so the bounds lie in the language itself. Between two looks at the clock there is never more to do
than one pass over a template of some thousand nodes and values of some hundred kilobytes.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, Template, pass_context
from jinja2.exceptions import TemplateError, TemplateRuntimeError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.production.templates import language
from app.production.templates.errors import BadTemplate
from app.production.templates.filters import (
    FILTERS,
    METER,
    calculated,
    concatenated,
    meter_of,
    shown,
    sliced,
)
from app.production.templates.language import COUNTED, LONGEST_RANGE, LOOP, TESTS
from app.production.templates.meter import Meter

MOST_OUTPUT_BYTES: Final = 200_000
"""The longest prompt."""
KEPT_TEMPLATES: Final = 128
FAILURES: Final = (
    *(TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError),
    RecursionError,
)
"""How rendering fails when a template does what its values do not bear."""


class Counted(Sequence[Any]):
    """What a loop goes over; each turn looks at the clock."""

    def __init__(self, values: Sequence[Any], meter: Meter) -> None:
        self._values, self._meter = values, meter

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, place: Any) -> Any:
        return self._values[place]

    def __iter__(self) -> Iterator[Any]:
        for each in self._values:
            self._meter.check()
            yield each


class Narrowed(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox without any attribute of Python."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An item of a map by its name, or what a loop tells of itself."""
        if isinstance(obj, LoopContext) and attribute in LOOP:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An item of a map by its name, or of a list or text by its number."""
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        if isinstance(obj, list | tuple | range | str) and isinstance(argument, int):
            try:
                return obj[argument]
            except IndexError:
                pass
        return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:
        """Only `range` is ever called."""
        return obj is _range

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers, and `+` on texts."""
        return calculated(operator, left, right, meter_of(context))


@pass_context
def _range(context: Context, *arguments: Any) -> range:
    numbers = range(*arguments)
    if len(numbers) > LONGEST_RANGE:
        raise BadTemplate(f"A range has at most {LONGEST_RANGE:,} numbers.")
    return numbers


@pass_context
def _counted(context: Context, values: Any, weight: int) -> Counted:
    if not isinstance(values, list | tuple | range | str | Mapping):
        shown(values)  # raises where it is missing, and names it
        raise TemplateRuntimeError(f"{type(values).__name__} cannot be gone through")
    meter = meter_of(context)
    meter.step(len(values) * weight)
    return Counted([*values] if isinstance(values, Mapping) else values, meter)


def _environment() -> Narrowed:
    environment = Narrowed(
        undefined=StrictUndefined,
        autoescape=False,
        optimized=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=shown,
        cache_size=0,
    )
    guards = {COUNTED: _counted, language.CONCATENATED: concatenated, language.SLICED: sliced}
    environment.filters = {**FILTERS, **guards}
    environment.tests = {name: environment.tests[name] for name in TESTS} | {
        name: test for name, test in environment.tests.items() if not name.isidentifier()
    }
    environment.globals = {"range": _range}
    return environment


ENVIRONMENT: Final = _environment()


def variables_of(source: str) -> set[str]:
    """The variables that a template wants. Raises BadTemplate where it is none."""
    return language.variables_of(language.parsed(source, ENVIRONMENT))


@lru_cache(KEPT_TEMPLATES)
def compiled(source: str) -> Template:
    """The template, ready to be filled in. Raises BadTemplate."""
    tree = language.parsed(source, ENVIRONMENT)
    try:
        return ENVIRONMENT.from_string(language.guarded(tree))
    except (TemplateError, SyntaxError, RecursionError, ValueError, OverflowError) as exc:
        raise BadTemplate(f"It cannot be read: {exc}.") from None


def render(source: str, values: Mapping[str, Any]) -> str:
    """The template with these values, which are JSON. Raises BadTemplate.

    At most `MOST_OUTPUT_BYTES` long, made within the limits of the meter.
    """
    template = compiled(source)
    parts: list[str] = []
    room = MOST_OUTPUT_BYTES
    meter = Meter()
    try:
        for part in template.generate({**values, METER: meter}):
            meter.check()
            room -= len(part.encode())
            if room < 0:
                raise BadTemplate(f"It makes more than {MOST_OUTPUT_BYTES:,} bytes of text.")
            parts.append(part)
    except BadTemplate:
        raise
    except FAILURES as exc:
        raise BadTemplate(f"It cannot be rendered: {str(exc)[:500]}.") from None
    return "".join(parts)


async def rendered(source: str, values: Mapping[str, Any]) -> str:
    """The same without holding up others."""
    return await asyncio.to_thread(render, source, values)
