"""Deleting several records and what belongs to them as one."""

from collections import defaultdict
from collections.abc import Iterable

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.deletion import removal_of
from app.core.errors import TooLarge
from documents.base import Record
from documents.deletion import SMALL, Tree, check_restrictions, remove, size, tree_of
from documents.values import Id


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
