"""Approvals: somebody agreed to exactly this content."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from pydantic import Field

from documents.base import Embedded, Reference
from documents.values import Id, Line, Moment

ContentHash = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Approval(Embedded):
    """Holds for one content, told by its hash: a record that says something else has none."""

    content_hash: ContentHash
    revision: Annotated[int | None, Field(ge=1)] = None
    """Of the record, as it was when it was looked at; None where nobody was asked to look."""
    at: Moment
    by: Annotated[Id | None, Reference("users", on_delete="clear")] = None
    """None where nobody was asked to look, because the work was ordered so."""
    note: Line = ""


def content_hash(content: Sequence[Any]) -> str:
    """Tells this content, of plain values, from every other."""
    plain = orjson.dumps(content, option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.blake2b(plain, digest_size=16).hexdigest()
