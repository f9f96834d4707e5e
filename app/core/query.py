"""Reading a list's query string: only what an index serves is let through."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import NoneType
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args, get_origin

from bson import ObjectId
from pydantic import AwareDatetime, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from app.core.cursors import Cursors
from app.core.errors import BadQuery
from app.core.fields import Fields, Projection, stored_name
from app.core.including import Including
from app.core.plans import UNORDERED, Indexes, Order, PlainIndex, Served
from app.core.schemas import is_number
from app.core.searching import ORDER as BEST_FIRST
from app.core.searching import PARAMETER as SEARCH
from app.core.searching import SCORE, text_fields, words
from documents.base import Record, StoredDocument
from documents.references import field_paths

RANGES: Final = ("gt", "gte", "lt", "lte")
PAGING: Final = ("fields", "include", "sort", "limit", "after", "count")
MOST: Final = 100
USUAL: Final = 20
LARGEST: Final = 2**63
MOMENTS: Final = (datetime, AwareDatetime, date)
"""What a field is annotated with whose values follow each other in time."""
MOST_CHOICES: Final = 20
"""Values of `[in]`: the store merges one index scan for each."""
MOST_TENANTS: Final = 200
"""Beyond so many workspaces in one filter the store would sort instead of merging."""

Reach: TypeAlias = Literal["all", "scoped"]
"""Whether the actor sees the whole collection, or what the access rule's field narrows."""
Combination: TypeAlias = tuple[frozenset[str], str]
"""Fields tested for equality, and the sort that an index then gives."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page to fetch; `query` still has to be narrowed to what the actor reaches."""

    query: StoredDocument
    filters: StoredDocument
    """The query without the place where the page begins: what `count` counts."""
    sort: str
    order: Order
    equal: frozenset[str]
    """The fields tested for equality."""
    served: Served
    limit: int
    projection: Projection
    extra: frozenset[str]
    """Fetched for the cursor only, not to be answered."""
    listing: str
    """Tells this list from every other: its path, filters and sort."""
    counted: bool
    included: list[str]
    """What goes along with each row."""
    searched: bool = False
    """Whether it is a text search, by score."""
    behind: list[Any] | None = None
    """Where a page of a search begins."""

    def place(self, last: Mapping[str, Any]) -> list[Any]:
        """Where the next page begins: behind this row."""
        return [last[self.sort], last["_id"]]


@dataclass(frozen=True, slots=True)
class Filter:
    """One field by which the list can be cut down."""

    name: str
    info: FieldInfo
    values: TypeAdapter[Any]
    ranged: bool


class Listing:
    """The filters and sorts of one collection, and which of them its indexes serve together."""

    def __init__(
        self,
        model: type[Record],
        *,
        by: str,
        filters: Iterable[str],
        sorts: Iterable[str],
        fields: Fields,
    ) -> None:
        self.model, self.by, self.fields, self.indexes = model, by, fields, Indexes(model)
        self.including = Including(model, fields.readable)
        self.searched = text_fields(model)
        self.paging = (*PAGING, SEARCH) if self.searched else PAGING
        self.sorts = {stored_name(each) for each in sorts} | {"_id"}
        wanted = {stored_name(each) for each in filters}
        known = {each.dotted: each for each in field_paths(model) if each.dotted in fields.readable}
        if missing := (wanted | self.sorts) - known.keys():
            raise TypeError(f"{model.__name__} has no readable {sorted(missing)}")
        self.filters = {
            name: Filter(name, path.info, TypeAdapter(_tested(path.info)), name in self.sorts)
            for name, path in known.items()
            if name in wanted | self.sorts
        }
        self.equal = wanted
        self.served: dict[Reach, dict[Combination, Served]] = {
            "all": self._served("all"),
            "scoped": self._served("scoped"),
        }
        self.names = {_shown(name): (name, "eq") for name in sorted(self.equal)}
        self.names |= {f"{_shown(name)}[in]": (name, "in") for name in sorted(self.equal)}
        self.names |= {
            f"{_shown(name)}[{each}]": (name, each)
            for name in sorted(self.sorts - {"_id"})
            for each in RANGES
        }
        self._check()

    def page(self, asked: Iterable[tuple[str, str]], reach: Reach, cursors: Cursors) -> Page:
        """What a query string asks for. Raises BadQuery for all that is not offered."""
        given = self._given(asked)
        tests = self._tests(given)
        ranged = {name for name, test in tests.items() if not test.keys() & {"$eq", "$in"}}
        equal = frozenset(tests.keys() - ranged)
        if SEARCH in given:
            if ranged or "sort" in given:
                raise BadQuery(f"`{SEARCH}` goes with exact filters, and sorts by itself.")
            return self._search(given, tests, equal, cursors)
        field, step = self._sort(given.get("sort"), equal, ranged, reach)
        if (equal, field) not in self.served[reach] or ranged - {field}:
            raise self._refusal(reach)
        served = self.served[reach][equal, field]
        order = served.order(field, step)
        listing = _fingerprint(self.model.collection_name(), tests, order)
        query: StoredDocument = tests
        if (cursor := given.get("after")) is not None:
            behind = _behind(order, cursors.read(listing, cursor))
            query = {"$and": [tests, behind]} if tests else behind
        return Page(
            query=query,
            filters=tests,
            sort=field,
            order=order,
            equal=equal,
            served=served,
            listing=listing,
            **self._shape(given, field),
        )

    def _search(
        self,
        given: Mapping[str, str],
        tests: StoredDocument,
        equal: frozenset[str],
        cursors: Cursors,
    ) -> Page:
        query = {**words(given[SEARCH]), **tests}
        order = [*BEST_FIRST]
        listing = _fingerprint(self.model.collection_name(), query, order)
        cursor = given.get("after")
        return Page(
            query=query,
            filters=query,
            sort=SCORE,
            order=order,
            equal=equal,
            served=Served("text", True, None),
            listing=listing,
            searched=True,
            behind=None if cursor is None else cursors.read(listing, cursor),
            **self._shape(given, SCORE),
        )

    def _shape(self, given: Mapping[str, str], sort: str) -> dict[str, Any]:
        """How the rows are answered: how many, and what of them."""
        included = self.including.asked(given.get("include"))
        named = self.fields.named(given.get("fields"))
        extra = frozenset({sort, *self.including.fields(included)} - {*named, "_id"})
        return {
            "limit": _limit(given.get("limit")),
            "projection": {**named, **dict.fromkeys(extra, 1)},
            "extra": extra,
            "counted": _flag(given.get("count")),
            "included": included,
        }

    def allowed(self, reach: Reach) -> list[str]:
        """Every combination of filters and sort, in words."""
        return sorted(
            "&".join([*(_shown(name) for name in sorted(equal)), f"sort={_shown(field)}"])
            for equal, field in self.served[reach]
        )

    def _given(self, asked: Iterable[tuple[str, str]]) -> dict[str, str]:
        given: dict[str, str] = {}
        for name, value in asked:
            if name not in self.names and name not in self.paging:
                allowed = [*self.paging, *self.names]
                raise BadQuery(f"This list does not know {name[:64]!r}.", allowed=allowed)
            if name in given:
                raise BadQuery(f"`{name}` is given twice.")
            given[name] = value
        return given

    def _tests(self, given: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        tests: dict[str, dict[str, Any]] = {}
        for name in given.keys() & self.names.keys():
            field, operator = self.names[name]
            value: Any = given[name]
            if operator == "in":
                choices = value.split(",")
                if len(choices) > MOST_CHOICES:
                    raise BadQuery(f"`{name}` takes up to {MOST_CHOICES} values.")
                value = [self._typed(field, each) for each in dict.fromkeys(choices)]
            else:
                value = self._typed(field, value)
            tests.setdefault(field, {})[f"${operator}"] = value
        if mixed := [name for name, test in tests.items() if len(test) > 1 and _is_exact(test)]:
            raise BadQuery(f"`{_shown(mixed[0])}` is tested for values and for a range at once.")
        return dict(sorted(tests.items()))

    def _sort(
        self, asked: str | None, equal: frozenset[str], ranged: set[str], reach: Reach
    ) -> tuple[str, int]:
        """The field and direction; without `sort=`, what suits the filters, newest first."""
        if asked is not None:
            field = stored_name(asked.removeprefix("-"))
            if field not in self.sorts:
                allowed = sorted(map(_shown, self.sorts))
                raise BadQuery(f"This list is not sorted by {asked[:64]!r}.", allowed=allowed)
            return field, -1 if asked.startswith("-") else 1
        if ranged:
            return min(ranged), -1
        others = sorted(field for fields, field in self.served[reach] if fields == equal)
        if "_id" in others or not others:
            return "_id", -1
        is_moment = self.model.model_fields[others[0]].annotation in MOMENTS
        return others[0], -1 if is_moment else 1

    def _typed(self, name: str, value: str) -> Any:
        try:
            typed = self.filters[name].values.validate_strings(value)
            if isinstance(typed, int | float) and not abs(typed) < LARGEST:
                raise ValueError("beyond what the store can compare")
            if isinstance(typed, date) and is_number(value):
                raise ValueError("a number, which is no date")
        except (ValidationError, ValueError, OverflowError) as exc:
            raise BadQuery(f"Not a value of `{_shown(name)}`: {value[:64]!r}.") from exc
        return typed

    def _refusal(self, reach: Reach) -> BadQuery:
        detail = "No index serves these filters with this sort; these combinations are served."
        return BadQuery(detail, allowed=self.allowed(reach))

    def _served(self, reach: Reach) -> dict[Combination, Served]:
        """Every combination that an index gives in order."""
        found: dict[Combination, Served] = {}
        for index in self.indexes:
            for place, (sort, _) in enumerate(index.keys):
                before, tie = index.before(place), index.tie(place)
                if sort not in self.sorts or tie == UNORDERED:
                    continue
                if reach == "scoped" and not self._narrowed(index, place):
                    continue
                if before <= self.equal:
                    anchored = reach == "all" or bool(before)
                    found.setdefault((before, sort), Served(index.name, anchored, tie))
                rest = before - {self.by}
                if reach == "scoped" and rest <= self.equal and (tie or self._one_tenant(rest)):
                    # Here the access rule gives the field that the filters do not.
                    found.setdefault((rest, sort), Served(index.name, False, tie))
        return found

    def _narrowed(self, index: PlainIndex, place: int) -> bool:
        """Whether the index leads to what the actor reaches without reading much else."""
        if self.by in index.before(place) or (self.by == "_id" and index.name == "_id_"):
            return True
        first = self.filters.get(index.keys[0][0]) if place else None
        return first is not None and _names_records(first.info)

    def _one_tenant(self, equal: Iterable[str]) -> bool:
        """Whether one of the filters names a record, so that all rows are of one workspace and
        what is unique there is unique in the list."""
        return any(_names_records(self.filters[name].info) for name in equal)

    def _check(self) -> None:
        combinations = [each for served in self.served.values() for each in served]
        useful = {name for equal, sort in combinations for name in (*equal, sort)}
        if unserved := (self.equal | self.sorts) - useful:
            raise TypeError(f"{self.model.__name__}: no index serves {sorted(unserved)}")
        for name in self.sorts - {"_id"}:
            if NoneType in get_args(self.filters[name].info.annotation) or "." in name:
                raise TypeError(f"{self.model.__name__} cannot be sorted by {name}")


def _behind(order: Order, place: list[Any]) -> StoredDocument:
    """The rows behind a place; the outer bound keeps the index scan short."""
    (field, step), value, key = order[0], *place
    if field == "_id":
        return {"_id": {_past(step): key}}
    if len(order) == 1:
        return {field: {_past(step): value}}
    ties = {field: value, "_id": {_past(order[1][1]): key}}
    return {field: {f"{_past(step)}e": value}, "$or": [{field: {_past(step): value}}, ties]}


def _past(step: int) -> str:
    return "$gt" if step > 0 else "$lt"


def _fingerprint(collection: str, tests: Mapping[str, Any], order: Order) -> str:
    return repr((collection, [*tests.items()], order))


def _limit(asked: str | None) -> int:
    if asked is None:
        return USUAL
    if not (asked.isascii() and asked.isdecimal() and len(asked) <= 3 and 1 <= int(asked) <= MOST):
        raise BadQuery(f"`limit` goes from 1 to {MOST}.")
    return int(asked)


def _flag(asked: str | None) -> bool:
    if asked not in (None, "true", "false"):
        raise BadQuery("`count` is true or false.")
    return asked == "true"


def _is_exact(test: Mapping[str, Any]) -> bool:
    return bool(test.keys() & {"$eq", "$in"})


def _shown(name: str) -> str:
    return "id" if name == "_id" else name


def _tested(info: FieldInfo) -> Any:
    """The type of a value in a filter: of a list, that of its items."""
    kinds = [each for each in get_args(info.annotation) or () if each is not NoneType]
    if get_origin(info.annotation) is list:
        return kinds[0]
    return Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation


def _names_records(info: FieldInfo) -> bool:
    """Whether the field holds an id: a value that few documents share."""
    waiting: list[Any] = [info.annotation]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, ObjectId):
            return True
        waiting += get_args(kind)
    return False
