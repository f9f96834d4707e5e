"""Several records at once: deleted as one with what belongs to them, or each by itself."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel
from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.deletion import removal_of
from app.core.errors import Refusal, TooLarge, refusal_for
from documents.base import BrokenCheck, NotUnique, Record
from documents.deletion import (
    SMALL,
    StillReferenced,
    Tree,
    check_restrictions,
    remove,
    size,
    tree_of,
)
from documents.references import MissingReference
from documents.values import Id

REFUSED_ALONE: Final = (Refusal, NotUnique, BrokenCheck, MissingReference, StillReferenced)
"""What is wrong with one record says nothing about the others."""


class RefusedAlone(BaseModel):
    """Why one of several records was refused: what a request for it alone would be answered."""

    status: int
    code: str
    detail: str
    errors: list[dict[str, str]] | None = None


class NotCreated(RefusedAlone):
    """A record that was not made."""

    index: int
    """Its place in the request, from 0."""


class NotDeleted(RefusedAlone):
    """A record that was not deleted."""

    id: Id


class DeletedEach(BaseModel):
    """What became of the records."""

    deleted: list[Id]
    refused: list[NotDeleted]


def told_in_bulk(error: Exception) -> dict[str, Any]:
    """The refusal of one record, as `RefusedAlone` has it; what is no refusal is raised on."""
    refusal = refusal_for(error)
    if refusal is None or refusal.status >= 500:
        raise error
    told = {"status": refusal.status, "code": refusal.code, "detail": str(refusal)}
    fields = refusal.members.get("errors")
    return told if fields is None else {**told, "errors": fields}


async def delete_together(
    model: type[Record], keys: Iterable[Id], session: AsyncClientSession
) -> Tree:
    """Delete the records within the transaction; answers all that is gone, for `finish`.

    Raises StillReferenced, or TooLarge beyond 1,000 documents: such trees go one by one.
    """
    doomed: Tree = defaultdict(set)
    for key in keys:
        for name, ids in (await tree_of(model, key, session, limit=SMALL)).items():
            doomed[name] |= ids
        if size(doomed) > SMALL:
            raise TooLarge(
                f"More than {SMALL:,} documents would go with these records; "
                "delete the large ones one by one."
            )
    await check_restrictions(doomed, session)
    if objects := await remove(doomed, session):
        await removal_of(objects).insert(session=session)
    return doomed
