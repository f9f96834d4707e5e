"""The declared references of a document class, wherever they sit: found, read and taken out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from documents.base import Record, Reference, Session, StoredDocument, mark
from documents.values import Id

EACH: Final = "[]"
"""A step into every item of a list."""
VALUES: Final = "{}"
"""A step into every value of a map."""


class MissingReference(Exception):
    """A reference that names no record that is there."""

    def __init__(self, field: str, collection: str, missing: Iterable[Id]) -> None:
        ids = sorted(map(str, missing))
        super().__init__(f"{field} names nothing in {collection}: {', '.join(ids)}")
        self.field, self.collection, self.missing = field, collection, ids


@dataclass(frozen=True, slots=True)
class FieldPath:
    """One field of a document class, also of what is embedded in it."""

    steps: tuple[str, ...]
    info: FieldInfo

    @property
    def dotted(self) -> str:
        """As queries and indexes name it."""
        return ".".join(each for each in self.steps if each not in (EACH, VALUES))

    @property
    def top(self) -> str:
        return self.steps[0]


@dataclass(frozen=True, slots=True)
class ReferencePath:
    """A declared reference and where in the document its ids stand."""

    field: FieldPath
    reference: Reference
    nullable: bool

    @property
    def indexed_by(self) -> str:
        """The path by which the store finds the documents that hold an id."""
        return self.reference.found_by or self.field.dotted

    def ids(self, document: Mapping[str, Any]) -> set[Id]:
        """The ids that the document names here."""
        return set(_ids(document, self.field.steps))

    def without(self, document: StoredDocument, gone: set[Id]) -> None:
        """Take these ids out of the document, in place."""
        _clear(document, self.field.steps, gone, self.nullable)

    def renamed(self, document: StoredDocument, ids: Mapping[Id, Id]) -> None:
        """Name others in the place of those that the map knows, in place."""
        _rename(document, self.field.steps, ids)


_REFERENCES: dict[type[Record], tuple[ReferencePath, ...]] = {}


def field_paths(model: type[BaseModel]) -> tuple[FieldPath, ...]:
    """Every field of the class and of what is embedded in it, outermost first."""
    return tuple(_walk(model, (), ()))


def references(model: type[Record]) -> tuple[ReferencePath, ...]:
    """Every reference that the class declares; found once."""
    if model not in _REFERENCES:
        _REFERENCES[model] = tuple(
            ReferencePath(_into_list(path), reference, NoneType in get_args(path.info.annotation))
            for path in field_paths(model)
            if (reference := mark(path.info, Reference))
        )
    return _REFERENCES[model]


async def check_references(
    record: Record, collections: Mapping[str, type[Record]], session: Session = None
) -> None:
    """Raise MissingReference unless every record that this one names is there."""
    document = record.stored()
    wanted: dict[str, dict[Id, str]] = {}
    for path in references(type(record)):
        for key in path.ids(document):
            wanted.setdefault(path.reference.to, {})[key] = path.field.dotted
    for collection, keys in wanted.items():
        query = {"_id": {"$in": [*keys]}, "deleted_at": None}
        found = await collections[collection].collection().distinct("_id", query, session=session)
        if missing := keys.keys() - set(found):
            field = keys[next(iter(missing))]
            raise MissingReference(field, collection, missing)


def _into_list(path: FieldPath) -> FieldPath:
    kinds = [path.info.annotation, *get_args(path.info.annotation)]
    is_list = any(get_origin(each) is list for each in kinds)
    return FieldPath((*path.steps, EACH), path.info) if is_list else path


def _walk(
    model: type[BaseModel], steps: tuple[str, ...], seen: tuple[type, ...]
) -> Iterator[FieldPath]:
    for name, info in model.model_fields.items():
        path = (*steps, info.alias or name)
        yield FieldPath(path, info)
        for more, inner in _embedded(info.annotation):
            if inner not in seen:
                yield from _walk(inner, (*path, *more), (*seen, inner))


def _embedded(kind: Any) -> Iterator[tuple[tuple[str, ...], type[BaseModel]]]:
    """The models inside a type, each with the steps that lead into it."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield (), kind
        return
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        if any(isinstance(each, Reference) for each in inner[1:]):
            raise TypeError(f"the mark of a reference belongs on the field, not inside {kind}")
        inner = inner[:1]
    elif origin not in (Union, UnionType, list, dict):
        return
    step = {list: (EACH,), dict: (VALUES,)}.get(origin, ())
    for each in inner:
        for more, model in _embedded(each):
            yield (*step, *more), model


def _ids(value: Any, steps: tuple[str, ...]) -> Iterator[Id]:
    if value is None:
        return
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if step == EACH:
        inner: Iterable[Any] = value
    elif step == VALUES:
        inner = value.values()
    else:
        inner = (value.get(step),)
    for each in inner:
        yield from _ids(each, rest)


def _clear(value: Any, steps: tuple[str, ...], gone: set[Id], nullable: bool) -> None:
    if value is None:
        return
    step, rest = steps[0], steps[1:]
    if rest == (EACH,):
        if value.get(step):
            value[step] = [key for key in value[step] if key not in gone]
    elif step == EACH:
        if len(rest) == 1 and not nullable:
            value[:] = [item for item in value if item.get(rest[0]) not in gone]
            return
        for item in value:
            _clear(item, rest, gone, nullable)
    elif step == VALUES:
        for item in value.values():
            _clear(item, rest, gone, nullable)
    elif rest:
        _clear(value.get(step), rest, gone, nullable)
    elif value.get(step) in gone:
        value[step] = None


def _rename(value: Any, steps: tuple[str, ...], ids: Mapping[Id, Id]) -> None:
    if value is None:
        return
    step, rest = steps[0], steps[1:]
    if step in (EACH, VALUES):
        for each in value if step == EACH else value.values():
            _rename(each, rest, ids)
    elif rest == (EACH,):
        if value.get(step):
            value[step] = [ids.get(key, key) for key in value[step]]
    elif rest:
        _rename(value.get(step), rest, ids)
    elif value.get(step) in ids:
        value[step] = ids[value[step]]
