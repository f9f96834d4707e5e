"""What of a change is written down: the fields that differ, without secrets, and never much."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, Final, Literal, TypeAlias, get_args

from bson import Binary, Decimal128

from app.audit.hashing import canonical_json
from documents.base import Record, Secret, StoredDocument, mark
from documents.references import EACH, VALUES, field_paths

MASK: Final = "•••"
LONGEST_TEXT: Final = 2_000
MOST_ITEMS: Final = 50
LARGEST_FIELD: Final = 8_192
"""Bytes of JSON that one field may take; beyond it and the two above stands a summary."""
DEEPEST: Final = 12
HOUSEKEEPING: Final = frozenset(
    {"_id", "created_at", "updated_at", "revision", "revision_id", "imported_from"}
)
Summarised: TypeAlias = Literal["text", "list", "map", "bytes"]
Ways: TypeAlias = dict[str, Any]
"""By field name what is hidden in it: `HIDDEN`, `LEFT_OUT`, or further ways."""

HIDDEN: Final = "hidden"
LEFT_OUT: Final = "left out"
_ABSENT: Final = object()
_OPEN: Final[Ways] = {}
_WAYS: Final[dict[type[Record], Ways]] = {}


def differences(
    model: type[Record], before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[StoredDocument, StoredDocument]:
    """The fields that differ, as they were and as they are.

    Secrets are masked wherever they stand, vectors are left out, and what is long is summarised by
    its length and SHA-256. Of a map that is there on both sides only the differing keys are given.
    What is new but empty, or was empty and is gone, does not count.
    """
    if model not in _WAYS:
        _WAYS[model] = _ways(model)
    old, new = _differing(before, after, _WAYS[model], HOUSEKEEPING, 0)
    return _bounded(old), _bounded(new)


def _differing(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    ways: Ways,
    ignored: Iterable[str],
    depth: int,
) -> tuple[StoredDocument, StoredDocument]:
    old_values: StoredDocument = {}
    new_values: StoredDocument = {}
    for name in dict.fromkeys((*before, *after)):
        way: Any = ways.get(name, ways.get(VALUES, _OPEN))
        old, new = before.get(name, _ABSENT), after.get(name, _ABSENT)
        if name in ignored or way == LEFT_OUT or _same(old, new):
            continue
        if isinstance(old, dict) and isinstance(new, dict) and way != HIDDEN and depth < DEEPEST:
            old_values[name], new_values[name] = _differing(old, new, way, (), depth + 1)
            continue
        if old is not _ABSENT:
            old_values[name] = _shown(old, way, depth + 1)
        if new is not _ABSENT:
            new_values[name] = _shown(new, way, depth + 1)
    return old_values, new_values


def _shown(value: Any, way: Any, depth: int) -> Any:
    """The value as an entry may keep it."""
    if way == HIDDEN:
        return None if value is None else MASK
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else _summary("text", value, len(value))
    if isinstance(value, bytes):
        return _summary("bytes", value, len(value))
    if isinstance(value, dict):
        inside = {name: way.get(name, way.get(VALUES, _OPEN)) for name in value}
        shown = {
            name: _shown(inner, inside[name], depth + 1)
            for name, inner in value.items()
            if inside[name] != LEFT_OUT
        }
        return _within_limits("map", shown, depth)
    if isinstance(value, list):
        items = [_shown(each, way.get(EACH, _OPEN), depth + 1) for each in value]
        return _within_limits("list", items, depth)
    return _plain(value)


def _within_limits(kind: Summarised, value: Any, depth: int) -> Any:
    if len(value) <= MOST_ITEMS and depth <= DEEPEST:
        return value
    return _summary(kind, value, len(value))


def _bounded(fields: StoredDocument) -> StoredDocument:
    for name, value in fields.items():
        if isinstance(value, dict | list) and len(canonical_json(value)) > LARGEST_FIELD:
            kind: Summarised = "map" if isinstance(value, dict) else "list"
            fields[name] = _summary(kind, value, len(value))
    return fields


def _summary(kind: Summarised, value: Any, length: int) -> StoredDocument:
    if isinstance(value, str):
        raw = value.encode()
    else:
        raw = value if isinstance(value, bytes) else canonical_json(value)
    return {"summary": kind, "length": length, "sha256": sha256(raw).hexdigest()}


def _same(old: Any, new: Any) -> bool:
    """Whether both are the same in the store; what is absent is the same as what is empty."""
    if old is _ABSENT or new is _ABSENT:
        return (new if old is _ABSENT else old) in (None, [], {})
    if old == new and type(old) is type(new):
        return True
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same(old[name], new[name]) for name in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    old, new = _plain(old), _plain(new)
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)


def _plain(value: Any) -> Any:
    """One form for what Python and the store's driver hold in several."""
    match value:
        case Decimal128():
            return value.to_decimal()
        case datetime():
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        case date():
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value


def _ways(model: type[Record]) -> Ways:
    """The ways to all that is secret or a vector in the documents of this class."""
    root: Ways = {}
    for path in field_paths(model):
        fate = _fate(path.info)
        if fate is None or path.top == "revision_id":
            continue
        *outer, last = path.steps
        ways = root
        for step in outer:
            ways = ways.setdefault(step, {})
            if not isinstance(ways, dict):
                break  # hidden with all that lies in it
        else:
            ways[last] = fate
    return root


def _fate(info: Any) -> str | None:
    if mark(info, Secret):
        return HIDDEN
    return LEFT_OUT if _holds_vectors(info.annotation) else None


def _holds_vectors(kind: Any) -> bool:
    return kind is Binary or any(_holds_vectors(each) for each in get_args(kind))
