"""What two versions of a template differ in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import Any, Final

from documents.production import PromptTemplate

PLAIN: Final = ("model", "app", "feature", "stage", "tags", "notes")
MOST_LINES: Final = 20_000
"""Of longer texts no lines are compared: that would take too long."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A value in both versions; null where there is none."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Differences:
    """From one version to the other."""

    template: str
    """As a unified diff; empty where the text is the same."""
    variables: list[Changed] = field(default_factory=list)
    output_schema: list[Changed] = field(default_factory=list)
    fields: list[Changed] = field(default_factory=list)


def between(before: PromptTemplate, after: PromptTemplate) -> Differences:
    """What changed from one version to the other."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    declared = [{each.pop("name"): each for each in side["variable_defs"]} for side in (old, new)]
    return Differences(
        template=_text(before, after),
        variables=[*_named(*declared)],
        output_schema=[*_inside(old["output_schema"], new["output_schema"], "")],
        fields=[Changed(name, old[name], new[name]) for name in PLAIN if old[name] != new[name]],
    )


def text_differences(before: str, after: str, first: str, second: str) -> str:
    """Two texts, called `first` and `second`, as a unified diff; empty where they are the same."""
    old, new = (each.splitlines(keepends=True) for each in (before, after))
    if len(old) + len(new) > MOST_LINES:
        old, new = [f"({len(old):,} lines)\n"], [f"({len(new):,} lines)\n"]
    lines = unified_diff(old, new, first, second)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _text(before: PromptTemplate, after: PromptTemplate) -> str:
    first, second = (f"{each.name} version {each.version}" for each in (before, after))
    return text_differences(before.template, after.template, first, second)


def _named(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Changed]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield Changed(name, old.get(name), new.get(name))


def _inside(old: Any, new: Any, place: str) -> Iterator[Changed]:
    """The deepest values that differ, by their places."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted(old.keys() | new.keys()):
            yield from _inside(old.get(name), new.get(name), f"{place}.{name}".lstrip("."))
    elif old != new:
        yield Changed(place, old, new)
