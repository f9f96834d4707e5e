"""`backlot data-model`: the page about every collection, made from the declarations."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel
from pymongo import IndexModel

from documents.base import (
    Computed,
    Fixed,
    Inherited,
    OnRequest,
    Record,
    Reference,
    Secret,
    ServerOwned,
    mark,
)
from documents.references import FieldPath, field_paths, references
from documents.registry import MODELS
from documents.schema import indexes

PAGE: Final = Path(__file__).parents[1] / "docs" / "data-model.md"
DOMAINS: Final[tuple[ModuleType, ...]] = tuple(
    sys.modules[name] for name in dict.fromkeys(model.__module__ for model in MODELS)
)
MARKS: Final[Mapping[type, str]] = {
    ServerOwned: "server-owned",
    Computed: "computed",
    Fixed: "fixed",
    Secret: "secret",
    OnRequest: "on request",
}
TYPES: Final[Mapping[str, str]] = {
    "str": "text",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "EmailStr": "e-mail",
    "AwareDatetime": "moment",
    "date": "day",
    "Binary": "vector",
}
HIDDEN: Final = frozenset({"revision_id"})
INTRODUCTION: Final = """\
# Data model

Made from the declarations in `documents/` by `backlot data-model`; a test holds it current.
Every record has `_id`, `created_at`, `updated_at`, `revision`, `deleted_at` and `imported_from`.
Marks: *server-owned* fields are never written by clients, *fixed* ones only at creation,
*computed* ones with what they are made of, *secret* ones leave the store never, *on request* ones
only where `fields=` names them. `→` names the collection that a reference points at, and what
happens here when its record goes.
"""


def data_model(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 where the page is outdated.")
    ] = False,
) -> None:
    """Write the page about every collection."""
    page = rendered()
    if not check:
        PAGE.write_text(page, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page:
        typer.echo("docs/data-model.md is outdated: run `backlot data-model`.", err=True)
        raise typer.Exit(1)


def rendered() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for domain in DOMAINS:
        models = [model for model in MODELS if model.__module__ == domain.__name__]
        if models:
            parts += [f"## {domain.__name__.removeprefix('documents.').title()}\n"]
            parts += [f"{(domain.__doc__ or '').strip()}\n", _diagram(models)]
            parts += [_collection(model) for model in models]
    return "\n".join(parts)


def _diagram(models: list[type[Record]]) -> str:
    """The references of these collections as a Mermaid ER diagram."""
    lines = ["```mermaid", "erDiagram"]
    for model in models:
        lines.append(f"    {model.collection_name()}")
        for path in references(model):
            many = "[]" in path.field.steps or "{}" in path.field.steps
            line = f"{path.reference.to} {'}o' if many else '|o'}--o{{ {model.collection_name()}"
            lines.append(f'    {line} : "{path.field.dotted}"')
    return "\n".join([*lines, "```\n"])


def _collection(model: type[Record]) -> str:
    rows = "\n".join(_rows(model))
    kept = "\n".join(f"- {_index(each)}" for each in indexes(model))
    summary = (model.__doc__ or "").strip().replace("\n\n", "\n").replace("\n    ", "\n")
    return (
        f"### `{model.collection_name()}`\n\n{summary}\n\n"
        f"| field | type | marks |\n|---|---|---|\n{rows}\n\n"
        f"<details><summary>Indexes</summary>\n\n{kept}\n\n</details>\n"
    )


def _rows(model: type[Record]) -> Iterator[str]:
    for path in field_paths(model):
        name = path.steps[0]
        if name in Record.model_fields or name == "_id" or name in HIDDEN:
            continue
        shown = "".join(
            step if step in ("[]", "{}") else f".{step}" for step in path.steps
        ).removeprefix(".")
        yield f"| `{shown}` | {_type(path.info.annotation)} | {_marks(path)} |"


def _marks(path: FieldPath) -> str:
    found = [word for kind, word in MARKS.items() if mark(path.info, kind)]
    if inherited := mark(path.info, Inherited):
        found.append(f"from `{inherited.via}`")
    if reference := mark(path.info, Reference):
        found.append(f"→ `{reference.to}` ({reference.on_delete})")
    return ", ".join(found)


def _type(kind: Any) -> str:
    """A type in words that people know."""
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _type(inside[0])
    if origin in (Union, UnionType):
        return " or ".join(_type(each) for each in inside)
    if origin is Literal:
        return " · ".join(f"`{each}`" for each in inside)
    if origin is list:
        return f"list of {_type(inside[0])}"
    if origin is dict:
        return f"map of {_type(inside[1])}"
    if kind is NoneType:
        return "null"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "object"
    name = getattr(kind, "__name__", str(kind))
    return TYPES.get(name, name.lower())


def _index(wanted: IndexModel) -> str:
    keys = ", ".join(
        f"`{'-' if direction == -1 else ''}{name}`{' (text)' if direction == 'text' else ''}"
        for name, direction in wanted.document["key"].items()
    )
    notes = ["unique"] if wanted.document.get("unique") else []
    if where := wanted.document.get("partialFilterExpression"):
        notes.append(f"where `{where}`")
    if "expireAfterSeconds" in wanted.document:
        notes.append(f"expires after {wanted.document['expireAfterSeconds']} s")
    return f"{keys}{' — ' if notes else ''}{', '.join(notes)}"
