"""JSON merge patches (RFC 7396) on stored documents, led by the document class.

The class tells what the JSON does not: a declared field that is patched to null is null
afterwards, while a key of a free map goes; a patched sub-document changes in the named fields
alone; and a list is replaced, whose unchanged items (by their key, where they have one) keep what
the server wrote into them.
"""

from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from app.core.schemas import is_given
from documents.base import Computed, Key, StoredDocument, mark

Model: TypeAlias = type[BaseModel]


def merged(model: Model, current: Mapping[str, Any], patch: Mapping[str, Any]) -> StoredDocument:
    """The document as it is after the patch; not checked yet."""
    result = dict(current)
    for name, value in patch.items():
        if (field := model.model_fields.get(name)) is not None:
            result[name] = _field(field.annotation, result.get(name), value)
        elif value is None:
            result.pop(name, None)
        else:
            result[name] = _free(result.get(name), value)
    return result


def touched_paths(
    model: Model, current: Mapping[str, Any], patch: Mapping[str, Any]
) -> Iterator[tuple[str, ...]]:
    """The paths that the patch names, as deep as both sides are sub-documents."""
    for name, value in patch.items():
        field = model.model_fields.get(name)
        inner = None if field is None else _embedded(field.annotation)
        if inner and isinstance(value, dict) and isinstance(current.get(name), Mapping):
            for rest in touched_paths(inner, current[name], value):
                yield name, *rest
        else:
            yield (name,)


def update_of(
    model: Model, current: Mapping[str, Any], patch: Mapping[str, Any], stored: Mapping[str, Any]
) -> StoredDocument:
    """The update that makes `current` what `stored` is, in the named and computed fields alone."""
    values, gone = {}, {}
    for path in touched_paths(model, current, patch):
        holder: Any = stored
        for step in path[:-1]:
            holder = holder[step]
        if path[-1] in holder:
            values[".".join(path)] = holder[path[-1]]
        else:
            gone[".".join(path)] = ""
    computed = [name for name, field in model.model_fields.items() if mark(field, Computed)]
    values |= {name: stored[name] for name in computed}
    return {"$set": values, **({"$unset": gone} if gone else {})}


def updated(document: StoredDocument, update: Mapping[str, Any]) -> StoredDocument:
    """The document as this update leaves it; what the update does not reach is shared."""
    result = dict(document)
    for name, value in update.get("$set", {}).items():
        holder, last = _opened(result, name)
        holder[last] = value
    for name in update.get("$unset", ()):
        holder, last = _opened(result, name)
        holder.pop(last, None)
    for name, value in update.get("$inc", {}).items():
        result[name] = result.get(name, 0) + value
    return result


def _opened(document: StoredDocument, name: str) -> tuple[StoredDocument, str]:
    """What holds the field, copied on the way to it."""
    *way, last = name.split(".")
    for step in way:
        document[step] = document = dict(document[step])
    return document, last


def _field(kind: Any, current: Any, value: Any) -> Any:
    if isinstance(value, dict):
        if inner := _embedded(kind):
            return merged(inner, current if isinstance(current, Mapping) else {}, value)
        return _map(_inside(kind, dict), current, value)
    if isinstance(value, list) and (inner := _inside(kind, list)):
        return _kept(inner, current if isinstance(current, list) else [], value)
    return value


def _map(inner: Model | None, current: Any, patch: Mapping[str, Any]) -> StoredDocument:
    if inner is None:
        result: StoredDocument = _free(current, patch)
        return result
    result = dict(current) if isinstance(current, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(inner, result.get(key) or {}, value)
    return result


def _free(current: Any, patch: Any) -> Any:
    """As the RFC has it."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(current) if isinstance(current, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _free(result.get(name), value)
    return result


def _kept(model: Model, current: list[Any], items: list[Any]) -> list[Any]:
    """The new items; one with the key of an old one, or else one that says the same as an old one,
    keeps what the server wrote there."""
    owned = {name for name, field in model.model_fields.items() if not is_given(field)}
    if not owned:
        return items
    keys = {name for name, field in model.model_fields.items() if mark(field, Key)}
    others = {*model.model_fields} - keys if keys else owned
    left = [(_said(model, each, others), each) for each in current]
    result = []
    for item in items:
        said = _said(model, item, others)
        place = next((at for at, (old, _) in enumerate(left) if old == said), None)
        if said is None or place is None:
            result.append(item)
        else:
            _, old = left.pop(place)
            result.append({**item, **{name: old[name] for name in owned if name in old}})
    return result


def _said(model: Model, item: Any, owned: set[str]) -> Any:
    """What a client said of the item; None where it is not a fit one, which others will tell."""
    try:
        return model.model_validate(item).model_dump(exclude=owned)
    except ValidationError:
        return None


def _embedded(kind: Any) -> Model | None:
    """The model that the field holds directly."""
    for each in _choices(kind):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None


def _inside(kind: Any, container: type) -> Model | None:
    """The model of the items of a list, or of the values of a map."""
    for each in _choices(kind):
        if get_origin(each) is container:
            return _embedded(get_args(each)[-1])
    return None


def _choices(kind: Any) -> Iterator[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _choices(get_args(kind)[0])
    elif origin in (Union, UnionType):
        for each in get_args(kind):
            yield from _choices(each)
    elif kind is not NoneType:
        yield kind
