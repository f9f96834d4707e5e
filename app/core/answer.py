"""From BSON to JSON bytes; no model is built on the way."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import orjson
from bson import Binary, Decimal128, ObjectId
from fastapi.responses import Response

from documents.base import StoredDocument
from documents.references import EACH, VALUES
from documents.values import Id, to_floats

OPTIONS: Final = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY
DAY: Final = slice(0, 10)
STORED: Final = b'{"_id":'
SHOWN: Final = b'{"id":'


def _amount(value: Decimal128) -> str:
    return format(value.to_decimal(), "f")


# orjson wants each type exactly, so the subclass is named as well.
IN_JSON: Final[Mapping[type, Any]] = {
    ObjectId: str,
    Id: str,
    Decimal128: _amount,
    Decimal: lambda value: format(value, "f"),
    Binary: to_floats,
}


def dumps(value: Any) -> bytes:
    """JSON of what the store holds: ids and decimals as strings, times with Z, vectors as lists."""
    return orjson.dumps(value, _in_json, OPTIONS)


def _in_json(value: Any) -> Any:
    return IN_JSON[type(value)](value)


def public(document: StoredDocument) -> StoredDocument:
    """The document under the names that clients know."""
    return {"id": document.pop("_id"), **document}


def record_json(document: StoredDocument) -> bytes:
    """The document as JSON, under the names that clients know."""
    return _renamed_first(dumps(document)) or dumps(public(document))


def list_json(documents: Sequence[StoredDocument]) -> bytes:
    """The documents as a JSON list, under the names that clients know.

    Renaming in the text costs a tenth of building every document anew. The text of a value holds
    no quotation mark that is not escaped, so what is replaced are names, and when there are no
    more of them than documents, which all begin with theirs, there is none inside of a document.
    """
    text = dumps(documents)
    shown = text.replace(STORED, SHOWN)
    replaced = (len(text) - len(shown)) // (len(STORED) - len(SHOWN))
    known = replaced == len(documents) and all(next(iter(each), "") == "_id" for each in documents)
    return shown if known else dumps([public(each) for each in documents])


def _renamed_first(text: bytes) -> bytes | None:
    return SHOWN + text[len(STORED) :] if text.startswith(STORED) else None


def etag(revision: int) -> str:
    """The entity tag of a record in this revision."""
    return f'"{revision}"'


def names(header: str, tag: str) -> bool:
    """Whether an `If-Match` or `If-None-Match` header names this strong tag, or any."""
    return any(each.strip() in ("*", tag) for each in header.split(","))


class Answer(Response):
    """One record or page of records."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The content as JSON, which it may be already."""
        return content if isinstance(content, bytes) else dumps(content)


def as_days(document: StoredDocument, paths: tuple[tuple[str, ...], ...]) -> StoredDocument:
    """Show calendar days, which the store keeps as midnights, as `YYYY-MM-DD`; in place."""
    for *way, last in paths:
        for holder in _at(document, tuple(way)):
            value = holder.get(last)
            if isinstance(value, datetime):
                holder[last] = value.isoformat()[DAY]
    return document


def _at(value: Any, steps: tuple[str, ...]) -> Iterator[StoredDocument]:
    if value is None:
        return
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if step == EACH:
        inner = value
    elif step == VALUES:
        inner = value.values()
    else:
        inner = (value.get(step),)
    for each in inner:
        yield from _at(each, rest)
