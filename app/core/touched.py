"""Which records a write touches, read from the command or from the change stream.

The answer is a set of ids, generous rather than complete to the letter: all ids that the write
mentions, so that it holds the record itself and everybody whom it names. None means that it can't
be told: anything may have changed.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, TypeAlias

from bson import ObjectId

Touched: TypeAlias = frozenset[ObjectId] | None

WRITES: Final = frozenset({"insert", "update", "delete", "findAndModify"})
HIDES: Final = "deleted_at"
"""The field whose removal brings a record back, into answers that don't know its id."""


def by_command(command: Mapping[str, Any]) -> Touched:
    """What a write command touches."""
    found: list[Touched]
    if "documents" in command:
        found = [frozenset(_ids(each)) for each in command["documents"]]
    elif "updates" in command:
        found = [_by_update(each["q"], each["u"]) for each in command["updates"]]
    elif "deletes" in command:
        found = [_by_update(each["q"], {}) for each in command["deletes"]]
    else:
        found = [_by_update(command.get("query", {}), command.get("update", {}))]
    return _together(found)


def by_change(change: Mapping[str, Any]) -> Touched:
    """What an event of a change stream touches."""
    key = frozenset(_ids(change.get("documentKey", {})))
    match change["operationType"]:
        case "insert":
            return key | frozenset(_ids(change["fullDocument"]))
        case "update":
            described = change["updateDescription"]
            updated = described.get("updatedFields", {})
            if HIDES in described.get("removedFields", ()) or updated.get(HIDES, key) is None:
                return None
            return key | frozenset(_ids(updated))
        case "delete":
            return key
    return None


def _by_update(query: Mapping[str, Any], update: Any) -> Touched:
    pinned = _pinned(query)
    if pinned is None or not isinstance(update, Mapping) or _brings_back(update):
        return None
    return frozenset(chain(pinned, _ids(query), _ids(update)))


def _pinned(query: Mapping[str, Any]) -> list[ObjectId] | None:
    """The ids that the query names as the only ones it can find."""
    match query.get("_id"):
        case ObjectId() as key:
            return [key]
        case {"$in": keys} if all(isinstance(each, ObjectId) for each in keys):
            return [*keys]
    for each in query.get("$and", ()):
        if (found := _pinned(each)) is not None:
            return found
    return None


def _brings_back(update: Mapping[str, Any]) -> bool:
    if not all(name.startswith("$") for name in update):
        return True  # a whole document in place of the old one
    return HIDES in update.get("$unset", {}) or update.get("$set", {}).get(HIDES, ()) is None


def _ids(value: Any) -> Iterator[ObjectId]:
    if isinstance(value, ObjectId):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _ids(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _ids(each)


def _together(found: Iterable[Touched]) -> Touched:
    together: set[ObjectId] = set()
    for each in found:
        if each is None:
            return None
        together |= each
    return frozenset(together)
