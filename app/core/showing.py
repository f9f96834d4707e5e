"""Whole records as the plain routes answer them."""

from typing import Final

from app.core.answer import Answer, as_days, etag, public
from app.core.fields import Fields
from documents.base import Record, StoredDocument

_FIELDS: Final[dict[str, Fields]] = {}


def fields_of(model: type[Record]) -> Fields:
    """What of the class is answered."""
    name = model.collection_name()
    if name not in _FIELDS:
        _FIELDS[name] = Fields(model)
    return _FIELDS[name]


def picked(record: Record) -> StoredDocument:
    """The record, but for what is secret or answered on request only."""
    fields = fields_of(type(record))
    return public(as_days(fields.picked(record.stored()), fields.days))


def shown(record: Record, status: int = 200) -> Answer:
    """The same as an answer, with the revision on which a change can be based."""
    return Answer(picked(record), status, headers={"ETag": etag(record.revision)})
