"""What every stored record shares: the marks on its fields, the base classes, how it is written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias, TypeVar

from beanie import Document
from bson import ObjectId
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo
from pymongo import IndexModel, ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure

from documents.rules import Rule
from documents.values import Id, Label, Moment, check_keys, now

Scope: TypeAlias = bool | Mapping[str, Any]
"""What an access rule answers: everything, nothing, or a filter."""
Session: TypeAlias = AsyncClientSession | None
StoredDocument: TypeAlias = dict[str, Any]
Mark = TypeVar("Mark")

DOCUMENT_FAILED_VALIDATION = 121


@dataclass(frozen=True, slots=True)
class Reference:
    """This id (or each id of this list) names a record of another collection.

    `on_delete` says what happens here when the target goes: `cascade` (this record goes too: it
    belongs to the target), `clear` (the id is taken out; where it must not be null, the list item
    that holds it) or `restrict` (the target stays). `restrict_while` names states of this record
    that turn `clear` into `restrict`. `found_by` names the indexed array of the same ids, for
    references in map values, which no index can reach. `only` are values that the target must have
    when a client names it.
    """

    to: str
    on_delete: Literal["restrict", "cascade", "clear"] = "restrict"
    restrict_while: Mapping[str, Any] = field(default_factory=dict, hash=False)
    found_by: str | None = None
    only: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class ServerOwned:
    """Clients never write this field."""


@dataclass(frozen=True, slots=True)
class Computed:
    """Made from other fields of the same record, and written together with them."""


@dataclass(frozen=True, slots=True)
class Inherited:
    """Copied from the record that the field `via` names, so that access needs no join."""

    via: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """Given once, at creation."""


@dataclass(frozen=True, slots=True)
class Key:
    """Tells the items of a list apart: one that comes back under its key keeps what the server
    wrote into it, whatever else a client changes there."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Never leaves the store: in no answer and no log."""


@dataclass(frozen=True, slots=True)
class OnRequest:
    """Answered only where `fields=` names it."""


def mark(info: FieldInfo, kind: type[Mark]) -> Mark | None:
    """The mark of this kind that the field carries."""
    return next((each for each in info.metadata if isinstance(each, kind)), None)


def computed(model: type[BaseModel]) -> list[str]:
    """The fields of the class that are made from its other fields."""
    return [name for name, field in model.model_fields.items() if mark(field, Computed)]


class NotUnique(Exception):
    """Another record already holds these values."""

    def __init__(self, collection: str, fields: Sequence[str]) -> None:
        super().__init__(f"{collection}: {', '.join(fields)} must be unique")
        self.collection, self.fields = collection, tuple(fields)


class BrokenCheck(Exception):
    """The store's validator refused the write: a check of the collection would be broken."""

    def __init__(self, collection: str, details: Any) -> None:
        super().__init__(f"{collection}: the document breaks a check")
        self.collection, self.details = collection, details


class Embedded(BaseModel):
    """A sub-document with a known shape."""

    model_config = ConfigDict(extra="ignore")


class Flexible(BaseModel):
    """A sub-document with a known core; keys that it does not know are kept as sent."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="after")
    def _extra_is_storable(self) -> Self:
        check_keys(self.model_extra)
        return self


class Subject(Embedded):
    """The record that something is about, in whatever collection."""

    collection: Label
    id: Id


class Hold(Embedded):
    """Why work stands still although it could go on: a person's pause, or a budget reached."""

    reason: Label
    since: Moment
    by: Annotated[Id | None, Reference("users", on_delete="clear")] = None
    budget_id: Annotated[Id | None, Reference("budgets", on_delete="clear")] = None
    """The budget that was reached; raising it lets the work go on."""


class ImportSource(Embedded):
    """Where a record was before: a row of another system."""

    system: Label
    table: Label
    id: Label


class Record(Document):
    """A document with an identity, its dates and a revision.

    `revision` is raised by what people write (it is the ETag), `updated_at` by every write.
    A record whose `deleted_at` is set is seen by nobody: it can be restored until it is purged.
    """

    rules: ClassVar[tuple[Rule, ...]] = ()

    id: Annotated[Id, ServerOwned()] = Field(default_factory=Id, alias="_id")
    created_at: Annotated[Moment, ServerOwned()] = Field(default_factory=now)
    updated_at: Annotated[Moment, ServerOwned()] = Field(default_factory=now)
    revision: Annotated[int, ServerOwned(), Field(ge=1)] = 1
    deleted_at: Annotated[Moment | None, ServerOwned(), OnRequest()] = None
    imported_from: Annotated[
        list[ImportSource], ServerOwned(), OnRequest(), Field(max_length=20)
    ] = []
    revision_id: Annotated[None, ServerOwned(), Secret()] = Field(None, exclude=True)  # Beanie's

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        for rule in self.rules:
            if problem := rule.problem(self):
                raise ValueError(problem)
        return self

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Without secrets, so that none reaches a log."""
        fields = type(self).model_fields
        return [
            (name, value)
            for name, value in super().__repr_args__()
            if name not in fields or mark(fields[name], Secret) is None
        ]

    @classmethod
    def collection_name(cls) -> str:
        return str(cls.Settings.name)

    @classmethod
    def collection(cls) -> AsyncCollection[StoredDocument]:
        return cls.get_pymongo_collection()

    def stored(self) -> StoredDocument:
        """The document as the store keeps it."""
        document: StoredDocument = self.model_dump(by_alias=True)
        return document

    async def insert(self, *, session: Session = None, **_: Any) -> Self:
        """Write the new record. Raises NotUnique or BrokenCheck."""
        with refusals(self.collection_name()):
            await self.collection().insert_one(self.stored(), session=session)
        return self

    async def insert_unless(self, query: Mapping[str, Any]) -> Self:
        """The record that the query finds, if there is one, or else this one, written now.

        Of two at once that find none one is written, where a unique key says so, and found by the
        other. Raises NotUnique where the query does not find what holds the key, and BrokenCheck.
        """
        try:
            with refusals(self.collection_name()):
                document = await self.collection().find_one_and_update(
                    query,
                    {"$setOnInsert": self.stored()},
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
        except NotUnique:
            if (document := await self.collection().find_one(query)) is None:
                raise
        assert document is not None  # it is there now
        return self if document["_id"] == self.id else type(self).model_validate(document)

    @classmethod
    async def insert_all(cls, records: Iterable[Self], session: Session = None) -> None:
        """Write new records in one round trip. Raises NotUnique or BrokenCheck."""
        if documents := [record.stored() for record in records]:
            with refusals(cls.collection_name()):
                await cls.collection().insert_many(documents, session=session)

    @classmethod
    async def one_in(cls, scope: Scope, key: Id, session: Session = None) -> Self | None:
        """The record with this id, or None where the scope does not reach it."""
        return await cls.first_in(scope, {"_id": key}, session)

    @classmethod
    async def first_in(
        cls, scope: Scope, query: Mapping[str, Any], session: Session = None
    ) -> Self | None:
        """The record that the query finds within the scope, if there is one."""
        if scope is False:
            return None
        document = await cls.collection().find_one(within(scope, query), session=session)
        return None if document is None else cls.model_validate(document)

    @classmethod
    async def all_in(
        cls,
        scope: Scope,
        query: Mapping[str, Any],
        *,
        sort: Sequence[tuple[str, int]] = (),
        limit: int = 0,
        session: Session = None,
    ) -> list[Self]:
        """The records that the query finds within the scope."""
        if scope is False:
            return []
        cursor = cls.collection().find(
            within(scope, query), sort=list(sort) or None, limit=limit, session=session
        )
        return [cls.model_validate(document) async for document in cursor]

    @classmethod
    async def write_one(
        cls, query: Mapping[str, Any], update: Mapping[str, Any], session: Session = None
    ) -> Self | None:
        """A person's change of the one record found, as it is afterwards; raises `revision`."""
        return await cls._update(query, raised(update), session)

    @classmethod
    async def advance_one(
        cls, query: Mapping[str, Any], update: Mapping[str, Any], session: Session = None
    ) -> Self | None:
        """A change of server-owned fields: nobody's `If-Match` loses against it."""
        return await cls._update(query, touched(update), session)

    @classmethod
    async def _update(
        cls, query: Mapping[str, Any], update: Mapping[str, Any], session: Session
    ) -> Self | None:
        with refusals(cls.collection_name()):
            document = await cls.collection().find_one_and_update(
                query, update, return_document=ReturnDocument.AFTER, session=session
            )
        return None if document is None else cls.model_validate(document)


def within(scope: Scope, query: Mapping[str, Any]) -> StoredDocument:
    """The query cut down to what the scope reaches and to what is not deleted."""
    visible = {"deleted_at": None, **query}
    if isinstance(scope, bool):
        return visible if scope else {"_id": {"$in": []}}
    return {"$and": [visible, scope]}


def touched(update: Mapping[str, Any]) -> StoredDocument:
    """The update, also moving `updated_at`."""
    return {**update, "$set": {**update.get("$set", {}), "updated_at": now()}}


def raised(update: Mapping[str, Any]) -> StoredDocument:
    """The update, also moving `updated_at` and raising the revision."""
    return {**touched(update), "$inc": {**update.get("$inc", {}), "revision": 1}}


@contextmanager
def refusals(collection: str) -> Iterator[None]:
    """The store's refusals as ours."""
    try:
        yield
    except DuplicateKeyError as exc:
        raise NotUnique(collection, _key_fields(exc.details)) from exc
    except BulkWriteError as exc:
        first = exc.details["writeErrors"][0]
        if first["code"] == DOCUMENT_FAILED_VALIDATION:
            raise BrokenCheck(collection, first.get("errInfo")) from exc
        if first["code"] in (11000, 11001):
            raise NotUnique(collection, _key_fields(first)) from exc
        raise
    except OperationFailure as exc:  # a WriteError, or what findAndModify raises
        if exc.code == DOCUMENT_FAILED_VALIDATION:
            raise BrokenCheck(collection, (exc.details or {}).get("errInfo")) from exc
        raise


def _key_fields(details: Mapping[str, Any] | None) -> list[str]:
    return [*(details or {}).get("keyPattern", {"_id": 1})]


def index(
    *fields: str,
    unique: bool = False,
    where: Mapping[str, Any] | None = None,
    expire_after: int | None = None,
) -> IndexModel:
    """An index over these fields; `-name` goes downwards; `where` makes it partial.

    With `expire_after` the store deletes a record so many seconds after the moment of its field,
    looking once a minute: for what nobody misses and nothing refers to.
    """
    keys = [(each.removeprefix("-"), -1 if each.startswith("-") else 1) for each in fields]
    options: dict[str, Any] = {"unique": True} if unique else {}
    if expire_after is not None:
        options["expireAfterSeconds"] = expire_after
    if where is not None:
        options["partialFilterExpression"] = dict(where)
        # Two partial indexes over the same keys need names of their own.
        options["name"] = "_".join((*(f"{n}_{d}" for n, d in keys), "where", *where))
    return IndexModel(keys, **options)


def unique_among_living(*fields: str) -> IndexModel:
    """A unique key of what is not deleted."""
    return index(*fields, unique=True, where={"deleted_at": None})


def unique_where_given(
    *fields: str, given: str, kind: Literal["string", "number", "objectId"] = "string"
) -> IndexModel:
    """A unique key that counts only where the nullable field `given` has a value.

    It is declared by a comparison, which an equality implies, so that it serves look-ups too.
    """
    least: Any = {"string": "", "number": -(2**53), "objectId": ObjectId("0" * 24)}[kind]
    return index(*fields, unique=True, where={given: {"$gte": least}})


def text_index(*fields: str) -> IndexModel:
    """A text index that stems no language and that no field called `language` can change."""
    return IndexModel(
        [(each, "text") for each in fields],
        default_language="none",
        language_override="_text_language",
    )


def wildcard_index(name: str) -> IndexModel:
    """Every path below this field: the counterpart of GIN on JSONB."""
    return IndexModel([(f"{name}.$**", 1)])
