"""`include=`: the records that a record names, answered along with it, one level deep."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from orjson import Fragment

from app.core.access import Access
from app.core.actor import Actor, demand
from app.core.answer import as_days, public
from app.core.errors import BadQuery
from app.core.fields import Fields
from app.core.holding import Holding
from app.core.parts import Parts
from documents.base import Record, Scope, StoredDocument, within
from documents.references import EACH, ReferencePath, references
from documents.values import Id

Shown: TypeAlias = StoredDocument | Fragment
"""A record as it is answered along with another."""


@dataclass(frozen=True, slots=True)
class Served:
    """A collection that has plain routes, as it is answered there."""

    access: Access
    fields: Fields
    holding: Holding | None = None
    """None: nothing of it is held in memory."""


SERVED: Final[dict[str, Served]] = {}
"""By collection; each resource adds its own."""


class Including:
    """What `include=` may name in a collection: its references, called without `_id`.

    `project_id` is included as `project`, `character_ids` as `characters`. What the actor does not
    reach is null, or left out of a list.
    """

    def __init__(self, model: type[Record], readable: Iterable[str]) -> None:
        self._model = model
        self._paths = {
            name: path
            for path in references(model)
            if path.field.dotted in readable and (name := _name(path, model))
        }

    @property
    def names(self) -> list[str]:
        """All that may be included."""
        return sorted(self._paths)

    def asked(self, given: str | None) -> list[str]:
        """The names of `include=`. Raises BadQuery."""
        if given is None:
            return []
        wanted = [*dict.fromkeys(each.strip() for each in given.split(","))]
        if unknown := {*wanted} - {*self.names}:
            raise BadQuery(
                f"`include` names what cannot be included: {', '.join(sorted(unknown))[:200]}.",
                allowed=self.names,
            )
        return wanted

    def fields(self, names: Iterable[str]) -> set[str]:
        """The fields that hold the ids of these."""
        return {self._paths[name].field.dotted for name in names}

    async def add(
        self, rows: Sequence[StoredDocument], names: Iterable[str], actor: Actor, parts: Parts
    ) -> None:
        """Put what these names stand for into the rows: one query for each name at most.

        Raises ScopeMissing where an API key may not read the collection.
        """
        for name in names:
            path = self._paths[name]
            found = await _found(path, rows, actor, parts)
            for row in rows:
                row[name] = _put(row.get(path.field.dotted), found)


async def _found(
    path: ReferencePath, rows: Sequence[StoredDocument], actor: Actor, parts: Parts
) -> dict[Id, Shown]:
    collection = path.reference.to
    demand(actor, "read", collection)
    served = SERVED[collection]
    ids = {key for row in rows for key in path.ids(row)}
    scope: Scope = served.access.read(actor)
    if not ids or scope is False:
        return {}
    if served.holding is not None and served.holding.serves(scope):
        held = await served.holding.some(ids, scope, parts)
        return {key: Fragment(each.text) for key, each in held.items()}
    query = within(scope, {"_id": {"$in": [*ids]}})
    cursor = parts.reading[collection].find(query, served.fields.plain, hint=[("_id", 1)])
    days = served.fields.days
    return {row["_id"]: public(as_days(row, days)) for row in await cursor.to_list()}


def _put(named: Id | list[Id] | None, found: Mapping[Id, Shown]) -> Shown | list[Shown] | None:
    if isinstance(named, list):
        return [found[key] for key in named if key in found]
    return None if named is None else found.get(named)


def _name(path: ReferencePath, model: type[Record]) -> str | None:
    """What the reference is called where it is included; None where it cannot be."""
    steps = path.field.steps
    if len([each for each in steps if each != EACH]) > 1:
        return None
    stem, _, ending = steps[0].rpartition("_")
    several = f"{stem[:-1]}ies" if stem.endswith("y") else f"{stem}s"
    name = {"id": stem, "ids": several}.get(ending)
    return None if name in model.model_fields else name
