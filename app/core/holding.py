"""Records that are often read, held in memory as they are answered.

Held is the plain answer: what is asked for by `fields=` is another one, and comes from the store.
Who reaches a record is decided for each request anew, by the filter of his own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.core.access import reaches
from app.core.answer import as_days, etag, record_json
from app.core.errors import NotFound
from app.core.fields import Fields
from app.core.gathering import BY_ID, gathering, untold
from app.core.parts import Parts
from documents.base import Record, Scope, StoredDocument, within
from documents.references import references
from documents.values import Id

ABSENT: Final = "There is no such record, or none that you may see."
BESIDE: Final = 1024
"""Bytes that a record takes beside its text."""


@dataclass(frozen=True, slots=True)
class Held:
    """A record as it is answered."""

    id: Id
    tag: str
    """Its entity tag."""
    text: bytes
    """As JSON."""
    tested: Mapping[str, Any]
    """What access rules test."""


class Holding:
    """The records of one class."""

    def __init__(self, model: type[Record], fields: Fields) -> None:
        self.name = model.collection_name()
        named = [path.field.top for path in references(model) if "." not in path.field.dotted]
        self._tested = dict.fromkeys(("_id", *named), 1)
        self._fields = fields
        self._projection = {**fields.plain, **self._tested, "revision": 1}

    def serves(self, scope: Scope) -> bool:
        """Whether this filter tests nothing that is not known here."""
        return isinstance(scope, bool) or untold(scope, self._tested) == []

    async def one(self, key: Id, scope: Scope, parts: Parts) -> Held:
        """The record, of this moment for whoever writes by this process. Raises NotFound."""

        async def load() -> Held:
            found = await gathering(parts, self.name).one(key, True, self._projection)
            if found is None:
                raise NotFound(ABSENT)
            return self._held(found)

        if scope is False:
            raise NotFound(ABSENT)
        held = await parts.cache.get(self.name, key, load, _tags, size=_size)
        if not reaches(scope, held.tested):
            raise NotFound(ABSENT)
        return held

    async def some(self, keys: Iterable[Id], scope: Scope, parts: Parts) -> dict[Id, Held]:
        """Those of the records that are there and in reach; one query for all that are missing."""

        async def load(missing: list[Id]) -> dict[Id, Held]:
            query = within(True, {"_id": {"$in": missing}})
            rows = parts.reading[self.name].find(query, self._projection, hint=BY_ID)
            return {row["_id"]: self._held(row) for row in await rows.to_list()}

        if scope is False:
            return {}
        found = await parts.cache.get_all(self.name, keys, load, _tags, size=_size)
        return {key: held for key, held in found.items() if reaches(scope, held.tested)}

    def _held(self, found: StoredDocument) -> Held:
        tested = {name: found[name] for name in self._tested if name in found}
        tag = etag(found["revision"])
        for name in self._projection.keys() - self._fields.plain.keys():
            found.pop(name, None)
        return Held(found["_id"], tag, record_json(as_days(found, self._fields.days)), tested)


def _tags(held: Held) -> tuple[Id]:
    return (held.id,)


def _size(held: Held) -> int:
    return len(held.text) + BESIDE
