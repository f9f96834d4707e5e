"""Are the records that a document names there, may this actor name them, do they fit together?"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Final, TypeAlias, get_args

from app.core.access import ACCESS
from app.core.actor import Actor
from app.core.deletion import finish
from app.core.errors import Invalid
from app.core.gathering import gathering
from app.core.parts import Parts
from documents.base import Inherited, Record, Session, StoredDocument, mark, within
from documents.references import ReferencePath, references
from documents.registry import COLLECTIONS
from documents.store import Store
from documents.values import Id

BELONGING: Final = ("workspace_id", "project_id", "episode_id")
"""Fields in which a record and what it names must not differ."""
NEVER_REMOVED: Final = frozenset({"users", "workspaces"})
"""Collections whose records are hidden, but stay."""
Targets: TypeAlias = dict[str, dict[Id, StoredDocument]]
"""What the documents name, by collection and id."""


async def follow(
    model: type[Record],
    documents: Sequence[StoredDocument],
    actor: Actor,
    *,
    before: Mapping[str, Any] | None = None,
    prefix: str = "",
    session: Session = None,
    parts: Parts | None = None,
) -> Targets:
    """Check what the documents name, and fill in what they inherit from it, in place.

    With `parts` it is read together with what others read, outside of any transaction: whoever
    writes afterwards has to `look_again`. Answers what they name, but not what `before` (the
    record before a change) named already, which is not checked again. One query for each
    collection named. Raises Invalid, naming the field.
    """
    wanted = _wanted(model, documents, before or {}, prefix)
    found: Targets = {}
    for name, fields in wanted.items():
        found[name] = await _reachable(model, name, [*fields], actor, session, parts)
        if missing := fields.keys() - found[name].keys():
            raise _bad(fields[next(iter(missing))], "missing_reference", "names nothing in reach")
    for path in references(model):
        for key in wanted.get(path.reference.to, {}).keys() & _named(path, documents):
            _check_only(path, found[path.reference.to][key])
    for document in documents:
        _inherit(model, document, found)
    for number, document in enumerate(documents):
        _check_belonging(model, document, found, _prefixed(prefix, number))
    return found


async def look_again(store: Store, named: Targets) -> None:
    """Finish the deletion of what was deleted while it was being named, after the commit.

    See `finish`: what hangs on a deleted record goes with it, or loses its id.
    """
    for name in named.keys() - NEVER_REMOVED:
        wanted = {*named[name]}
        rows = COLLECTIONS[name].collection().find({"_id": {"$in": [*wanted]}}, {"_id": 1})
        if gone := wanted - {row["_id"] async for row in rows}:
            await finish(store, {name: gone})


def _wanted(
    model: type[Record],
    documents: Sequence[StoredDocument],
    before: Mapping[str, Any],
    prefix: str,
) -> dict[str, dict[Id, str]]:
    """The ids to look up by collection, each with the field that names it."""
    wanted: dict[str, dict[Id, str]] = defaultdict(dict)
    for path in references(model):
        if path.field.top in _filled(model):
            continue
        known = path.ids(before)
        for number, document in enumerate(documents):
            for key in path.ids(document) - known:
                field = f"{_prefixed(prefix, number)}{path.field.dotted}"
                wanted[path.reference.to].setdefault(key, field)
    return wanted


def _filled(model: type[Record]) -> set[str]:
    """Fields that the server fills in from what it has checked itself."""
    inherited = {name for name, each in model.model_fields.items() if mark(each, Inherited)}
    return inherited | {"created_by", "user_id"}


async def _reachable(
    model: type[Record],
    collection: str,
    ids: list[Id],
    actor: Actor,
    session: Session,
    parts: Parts | None,
) -> dict[Id, StoredDocument]:
    access = ACCESS.get(collection)
    scope = access.may_name(actor) if access else False
    if scope is False:
        return {}
    copied = [name for name, each in model.model_fields.items() if mark(each, Inherited)]
    asked = [name for path in references(model) for name in path.reference.only]
    projection = dict.fromkeys([*BELONGING, *copied, *asked], 1)
    if parts is not None:
        reads = gathering(parts, collection)
        rows_found = await asyncio.gather(*(reads.one(key, scope, projection) for key in ids))
        return {row["_id"]: row for row in rows_found if row is not None}
    query = within(scope, {"_id": {"$in": ids}})
    rows = COLLECTIONS[collection].collection().find(query, projection, session=session)
    return {row["_id"]: row async for row in rows}


def _inherit(model: type[Record], document: StoredDocument, found: Targets) -> None:
    for name, field in model.model_fields.items():
        if not (inherited := mark(field, Inherited)):
            continue
        path = next(each for each in references(model) if each.field.dotted == inherited.via)
        parent = found.get(path.reference.to, {}).get(document.get(inherited.via))  # type: ignore[arg-type]
        if parent is not None:
            document[name] = parent[name]


def _check_belonging(
    model: type[Record], document: StoredDocument, found: Targets, prefix: str
) -> None:
    for path in references(model):
        targets, collection = found.get(path.reference.to, {}), path.reference.to
        for key in path.ids(document) & targets.keys():
            for name in BELONGING:
                ours, theirs = document.get(name), targets[key].get(name)
                if ours is None or theirs is None or ours == theirs:
                    continue
                if name == "workspace_id" or _always_has(collection, name):
                    raise _bad(
                        f"{prefix}{path.field.dotted}",
                        "foreign_reference",
                        f"names a record of another {name.removesuffix('_id')}",
                    )


def _named(path: ReferencePath, documents: Sequence[StoredDocument]) -> set[Id]:
    return {key for document in documents for key in path.ids(document)}


def _check_only(path: ReferencePath, target: StoredDocument) -> None:
    for name, value in path.reference.only.items():
        if target.get(name) != value:
            raise _bad(path.field.dotted, "wrong_kind", f"names what has no {name} {value!r}")


def _always_has(collection: str, name: str) -> bool:
    """Whether such records belong to one project or episode only, unlike files of the library."""
    field = COLLECTIONS[collection].model_fields[name]
    return NoneType not in get_args(field.annotation)


def _prefixed(prefix: str, number: int) -> str:
    return f"{prefix}.{number}." if prefix else ""


def _bad(field: str, code: str, detail: str) -> Invalid:
    problem = {"location": "body", "field": field, "code": code, "detail": detail}
    return Invalid(f"{field} {detail}.", errors=[problem])
