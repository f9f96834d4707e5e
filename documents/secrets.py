"""Secrets that have to be readable again: the store holds them encrypted, and nothing else.

Passwords, tokens and keys that are only compared are kept as hashes; these are for the others.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias

from pydantic import Field

from documents.base import Record, Secret, StoredDocument, mark, touched
from documents.references import EACH, FieldPath, field_paths

CIPHERTEXT: Final = r"^gAAAAA[A-Za-z0-9_-]+={0,2}$"
"""A token of Fernet: its version and the beginning of its time, which hold until 2106."""
LONGEST: Final = 16_384
ITEM: Final = "item"


@dataclass(frozen=True, slots=True)
class Encrypted:
    """The field holds what `app.core.encryption` made of a text."""


Ciphertext: TypeAlias = Annotated[
    str, Secret(), Encrypted(), Field(pattern=CIPHERTEXT, max_length=LONGEST)
]
"""An encrypted text. The pattern also stands in the store's validator: plain ones are refused."""
CiphertextOrNone: TypeAlias = Annotated[
    str | None, Secret(), Encrypted(), Field(pattern=CIPHERTEXT, max_length=LONGEST)
]


def encrypted_fields(model: type[Record]) -> tuple[FieldPath, ...]:
    """The encrypted fields of the class and of what is embedded in it, at most one list deep."""
    return tuple(path for path in field_paths(model) if mark(path.info, Encrypted))


async def rewrite(model: type[Record], change: Callable[[str], str]) -> int:
    """Write every encrypted value of the collection anew where `change` answers another one.

    Answers how many. A value that somebody else writes meanwhile stays as he wrote it.
    """
    count = 0
    for path in encrypted_fields(model):
        query: StoredDocument = {path.dotted: {"$type": "string"}}
        async for document in model.collection().find(query, {path.dotted: 1}):
            for value in _values(document, path.steps):
                if (changed := change(value)) != value:
                    count += await _replace(model, document["_id"], path, value, changed)
    return count


async def _replace(model: type[Record], key: Any, path: FieldPath, value: str, changed: str) -> int:
    outer, each, inner = _split(path.steps)
    query: StoredDocument = {"_id": key, path.dotted: value}
    place = f"{outer}.$[{ITEM}].{inner}" if each else outer
    filters = [{f"{ITEM}.{inner}": value}] if each else None
    update = touched({"$set": {place: changed}})
    result = await model.collection().update_one(query, update, array_filters=filters)
    return result.modified_count


def _split(steps: tuple[str, ...]) -> tuple[str, bool, str]:
    """The path up to the list that it goes through, whether there is one, and the path in it."""
    if EACH not in steps:
        return ".".join(steps), False, ""
    place = steps.index(EACH)
    return ".".join(steps[:place]), True, ".".join(steps[place + 1 :])


def _values(value: Any, steps: tuple[str, ...]) -> Iterator[str]:
    if not steps:
        if isinstance(value, str):
            yield value
    elif steps[0] == EACH:
        for each in value or ():
            yield from _values(each, steps[1:])
    elif isinstance(value, dict):
        yield from _values(value.get(steps[0]), steps[1:])
