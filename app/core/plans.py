"""Which index serves what: worked out once from the declarations, told to the store as hints.

The store would find most of these plans itself, but not all: an `$or` below the top, or a page
that begins behind an id, can lead it through a whole collection.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any, Final, TypeAlias

from documents.base import Record, StoredDocument
from documents.schema import indexes

Order: TypeAlias = list[tuple[str, int]]
UNORDERED: Final = 0


@dataclass(frozen=True, slots=True)
class PlainIndex:
    """An index that holds every living document in the order of its keys."""

    name: str
    keys: tuple[tuple[str, int], ...]
    unique: bool

    def before(self, place: int) -> frozenset[str]:
        """The fields in front of the key at this place."""
        return frozenset(name for name, _ in self.keys[:place])

    def tie(self, place: int) -> int | None:
        """How rows of one value at this place follow each other: `_id` upwards or downwards as
        against the value, None where there are no two such rows, UNORDERED otherwise."""
        (name, direction), after = self.keys[place], self.keys[place + 1 :]
        if name == "_id" and not after:
            return 1
        if [each for each, _ in after] == ["_id"]:
            return direction * after[0][1]
        return None if self.unique and not after else UNORDERED


@dataclass(frozen=True, slots=True)
class Served:
    """How the store answers a combination of filters and sort without sorting."""

    index: str
    anchored: bool
    """The filters alone lead into the index, whatever the actor reaches."""
    tie: int | None

    def order(self, field: str, step: int) -> Order:
        """The sort as the store is told it."""
        if field == "_id" or self.tie is None:
            return [(field, step)]
        return [(field, step), ("_id", step * self.tie)]


class Indexes:
    """The plain indexes of a document class."""

    def __init__(self, model: type[Record]) -> None:
        self._all = (PlainIndex("_id_", (("_id", 1),), True), *_plain(model))

    def __iter__(self) -> Iterator[PlainIndex]:
        return iter(self._all)

    def leading(self, first: str, equal: Iterable[str], order: Order) -> str | None:
        """The index that begins with this field and, if one does, gives the order as well."""
        wanted, (sort, step), usable = {first, *equal}, order[0], None
        for each in self._all:
            if each.keys[0][0] != first:
                continue
            usable = usable or each.name
            names = [name for name, _ in each.keys]
            if sort in names and each.before(names.index(sort)) in (wanted, wanted - {sort}):
                tie = each.tie(names.index(sort))
                given = Served(each.name, False, tie).order(sort, step)
                if tie != UNORDERED and given == order:
                    return each.name
        return usable


async def in_order(sources: Sequence[Any], order: Order) -> AsyncIterator[StoredDocument]:
    """The rows of cursors that have this order each, in this order and none of them twice."""
    heads = {number: await anext(source, None) for number, source in enumerate(sources)}
    key, last = _key(order), None
    while heads := {number: head for number, head in heads.items() if head is not None}:
        number = min(heads, key=lambda each: key(heads[each]))
        row = heads[number]
        heads[number] = await anext(sources[number], None)
        if row is not None and row["_id"] != last:
            last = row["_id"]
            yield row


def _key(order: Order) -> Callable[[Mapping[str, Any] | None], Any]:
    def compared(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
        for name, step in order:
            if one[name] != other[name]:
                return -step if one[name] < other[name] else step
        return 0

    return cmp_to_key(compared)  # type: ignore[arg-type]


def _plain(model: type[Record]) -> Iterator[PlainIndex]:
    for each in indexes(model):
        keys = tuple(each.document["key"].items())
        partial = each.document.get("partialFilterExpression")
        whole = partial is None or partial == {"deleted_at": None}
        if whole and all(direction in (1, -1) for _, direction in keys):
            yield PlainIndex(each.document["name"], keys, bool(each.document.get("unique")))
