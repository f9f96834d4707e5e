"""Deleting a record and what hangs on it, as the declared references say.

A small tree goes in one transaction. A large one is marked deleted, root first, so that nobody
sees it any more, and is then purged in batches from its leaves to its root: whoever goes on after
a kill finds the rest from the root, which goes last.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from bson import ObjectId
from pydantic import ValidationError

from documents.base import Record, Session, StoredDocument, computed, raised, touched
from documents.references import ReferencePath, references
from documents.registry import COLLECTIONS
from documents.values import Id, now

SMALL: Final = 1_000
"""Trees of up to this many documents go in one transaction."""
BATCH: Final = 500
Tree: TypeAlias = dict[str, set[Id]]
"""Ids by collection."""
OBJECT_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "media": ("storage_key", "thumbnail_key", "derivatives.key"),
    "uploads": ("staging_key", "storage_key"),
}
"""The fields that name objects of the file store, which go after their records."""


class StillReferenced(Exception):
    """A record that stays holds on to one that should go."""

    def __init__(self, collection: str, field: str) -> None:
        super().__init__(f"still named by {collection}.{field}")
        self.collection, self.field = collection, field


@dataclass(frozen=True, slots=True)
class Incoming:
    """A declared reference that points at some of the doomed records."""

    collection: str
    path: ReferencePath
    ids: set[Id]

    @property
    def model(self) -> type[Record]:
        return COLLECTIONS[self.collection]

    def query(self, doomed: Tree) -> StoredDocument:
        """The documents that stay and hold one of these ids."""
        query: StoredDocument = {self.path.indexed_by: {"$in": [*self.ids]}}
        if staying := doomed.get(self.collection):
            query["_id"] = {"$nin": [*staying]}
        return query


async def tree_of(
    model: type[Record], key: Id, session: Session = None, limit: int | None = None
) -> Tree:
    """The record and all that goes with it; stops soon after `limit` documents."""
    return await grown({model.collection_name(): {key}}, session, limit)


async def grown(roots: Tree, session: Session = None, limit: int | None = None) -> Tree:
    """These records, which may be gone already, and all that goes with them."""
    doomed: Tree = defaultdict(set)
    fresh = roots
    while fresh:
        for name, ids in fresh.items():
            doomed[name] |= ids
        if limit is not None and size(doomed) > limit:
            break
        found: Tree = defaultdict(set)
        for each in _incoming(fresh):
            if each.path.reference.on_delete == "cascade":
                source = each.model.collection()
                query = {each.path.indexed_by: {"$in": [*each.ids]}}
                rows = source.find(query, {"_id": 1}, session=session)
                found[each.collection] |= {row["_id"] async for row in rows}
        fresh = {name: new for name, ids in found.items() if (new := ids - doomed.get(name, set()))}
    return dict(doomed)


async def pointed_at(gone: Tree) -> bool:
    """Whether a declared reference leads to one of these records, which are gone."""
    for each in _incoming(gone):
        if await each.model.collection().find_one(each.query(gone), {"_id": 1}):
            return True
    return False


def size(tree: Tree) -> int:
    return sum(len(ids) for ids in tree.values())


async def check_restrictions(doomed: Tree, session: Session = None) -> None:
    """Raise StillReferenced where a record that stays restricts the deletion."""
    for each in _incoming(doomed):
        reference = each.path.reference
        if reference.on_delete == "restrict":
            condition: Mapping[str, Any] = {}
        elif reference.restrict_while:
            condition = reference.restrict_while
        else:
            continue
        query = {**each.query(doomed), **condition}
        if await each.model.collection().find_one(query, {"_id": 1}, session=session):
            raise StillReferenced(each.collection, each.path.field.dotted)


async def remove(doomed: Tree, session: Session = None) -> set[str]:
    """Clear what points at these records, delete them, and answer the objects they named."""
    await _clear(doomed, session)
    objects: set[str] = set()
    for name, ids in doomed.items():
        source, query = COLLECTIONS[name].collection(), {"_id": {"$in": [*ids]}}
        if fields := OBJECT_KEYS.get(name):
            async for row in source.find(query, dict.fromkeys(fields, 1), session=session):
                objects |= {key for field in fields for key in _at(row, field) if key}
        await source.delete_many(query, session=session)
    return objects


def _at(document: StoredDocument, path: str) -> list[Any]:
    """The values at a dotted path, which may lead through a list."""
    top, _, rest = path.partition(".")
    value = document.get(top)
    if not rest:
        return [value]
    inner = value if isinstance(value, list) else [value or {}]
    return [each for one in inner for each in _at(one, rest)]


async def mark(root: type[Record], key: Id) -> int:
    """Mark the tree deleted, root first; answers how many documents. Safe to run again."""
    moment = now()
    await root.collection().update_one(
        {"_id": key, "deleted_at": None}, raised({"$set": {"deleted_at": moment}})
    )
    tree = await tree_of(root, key)
    for name, ids in tree.items():
        for batch in _batches(ids):
            query = {"_id": {"$in": batch}, "deleted_at": None}
            update = touched({"$set": {"deleted_at": moment}})
            await COLLECTIONS[name].collection().update_many(query, update)
    return size(tree)


async def purge_batches(root: type[Record], key: Id) -> Iterator[Tree]:
    """The tree in batches for `remove`, leaves first and the root last."""
    tree = await tree_of(root, key)
    return _purge_order(tree, root.collection_name())


def _purge_order(tree: Tree, root: str) -> Iterator[Tree]:
    for name in reversed([*tree]):
        for batch in _batches(tree[name]):
            if name != root:
                yield {name: set(batch)}
    yield {root: tree[root]}


async def unused(objects: set[str]) -> set[str]:
    """Those of the objects that no record names any more."""
    left = set(objects)
    for name, fields in OBJECT_KEYS.items():
        for field in fields:
            query = {field: {"$in": [*left]}}
            left -= set(await COLLECTIONS[name].collection().distinct(field, query))
    return left


async def _clear(doomed: Tree, session: Session) -> None:
    """Take the ids of the doomed records out of those that stay."""
    pointing: dict[tuple[str, ObjectId], list[Incoming]] = defaultdict(list)
    for each in _incoming(doomed):
        if each.path.reference.on_delete == "clear":
            rows = each.model.collection().find(each.query(doomed), {"_id": 1}, session=session)
            async for row in rows:
                pointing[each.collection, row["_id"]].append(each)
    for (name, key), incoming in pointing.items():
        model = COLLECTIONS[name]
        source = model.collection()
        fields = {each.path.field.top for each in incoming}
        shown = None if computed(model) else dict.fromkeys(fields, 1)
        document = await source.find_one({"_id": key}, shown, session=session)
        if document is None:
            continue
        for each in incoming:
            each.path.without(document, each.ids)
        values = {field: document[field] for field in fields if field in document}
        values |= _computed(model, document)
        await source.update_one({"_id": key}, raised({"$set": values}), session=session)


def _computed(model: type[Record], document: StoredDocument) -> StoredDocument:
    """What follows from the document's fields, which say something else than before."""
    if not (names := computed(model)):
        return {}
    try:
        whole = model.model_validate(document).stored()
    except ValidationError:
        # A document that its class would not take any more stands in the way of no deletion.
        return {}
    return {name: whole[name] for name in names}


def _incoming(targets: Tree) -> list[Incoming]:
    """The declared references that point at one of these records."""
    return [
        Incoming(name, path, targets[path.reference.to])
        for name, model in COLLECTIONS.items()
        for path in references(model)
        if targets.get(path.reference.to)
    ]


def _batches(ids: set[Id]) -> Iterator[list[Id]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]
