"""What an entry's hash covers, and in which form; docs/audit.md tells it to who checks himself."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson

from app.core.answer import IN_JSON, OPTIONS, public

SEALED: Final = (
    "_id",
    "workspace_id",
    "created_at",
    "subject",
    "action",
    "before",
    "after",
    "actor",
    "request_id",
    "sequence",
    "previous_hash",
)
"""The fields that the hash covers. Others may be added to entries without breaking a chain."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a chain has come: the number and the hash of an entry."""

    sequence: int = 0
    hash: str | None = None


START: Final = Place()


def canonical(entry: Mapping[str, Any]) -> bytes:
    """The sealed fields as the API answers them, with sorted keys and without white space."""
    return canonical_json(public({name: entry.get(name) for name in SEALED}))


def canonical_json(value: Any) -> bytes:
    """JSON as the API writes it, with the keys sorted: one text for each value."""
    return orjson.dumps(value, _in_json, OPTIONS | orjson.OPT_SORT_KEYS)


def entry_hash(entry: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form, as hexadecimal digits."""
    return sha256(canonical(entry)).hexdigest()


def sealed_after(place: Place, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What sealing writes into the entry that comes next after this place."""
    given = {"sequence": place.sequence + 1, "previous_hash": place.hash}
    return {**given, "entry_hash": entry_hash({**entry, **given})}


def _in_json(value: Any) -> Any:
    return IN_JSON[type(value)](value)
