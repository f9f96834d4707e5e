"""Records of films as the plain routes answer them."""

from typing import Final

from app.core.answer import Answer, as_days, public
from app.core.fields import Fields
from documents.base import Record, StoredDocument
from documents.films import Character, Episode, Project
from documents.reviews import ReviewComment, ReviewLink, ScriptVersion
from documents.scenes import Scene

FIELDS: Final[dict[type[Record], Fields]] = {
    model: Fields(model)
    for model in (Project, Episode, Character, Scene, ScriptVersion, ReviewLink, ReviewComment)
}


def plain(record: Record) -> StoredDocument:
    """What the API shows of the record when nothing is asked for by name."""
    fields = FIELDS[type(record)]
    return public(as_days(fields.picked(record.stored()), fields.days))


def shown(record: Record, status: int = 200) -> Answer:
    """The same as an answer."""
    return Answer(plain(record), status)
