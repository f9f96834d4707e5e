"""The declarations of all collections, walked: what each promises has to hold."""

from collections.abc import Iterator
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from bson import ObjectId
from pymongo.errors import WriteError

from documents.base import Inherited, Record, Reference, mark
from documents.references import field_paths, references
from documents.registry import COLLECTIONS, MODELS
from documents.schema import differences, indexes
from documents.store import Store
from documents.validation import validator
from tests.factories import valid

EVERY = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.collection_name())


@EVERY
def test_references_name_known_collections(model: type[Record]) -> None:
    unknown = {path.reference.to for path in references(model)} - COLLECTIONS.keys()
    assert unknown == set()


@EVERY
def test_references_lead_an_index(model: type[Record]) -> None:
    leading = {next(iter(each.document["key"])) for each in indexes(model)}
    assert {path.indexed_by for path in references(model)} <= leading


@EVERY
def test_every_id_is_a_reference_or_says_why_not(model: type[Record]) -> None:
    """An id that nobody checks dangles one day."""
    subjects = {"subject.id", "actor.id", "actor.key_id", "owner.id", "actor_id"}
    plain = {
        path.dotted
        for path in field_paths(model)
        if ("PydanticObjectId" in str(path.info.annotation))
        and path.steps != ("_id",)
        and mark(path.info, Reference) is None
    }
    assert plain <= subjects


@EVERY
def test_inherited_fields_come_by_a_reference(model: type[Record]) -> None:
    named = {path.field.dotted for path in references(model)}
    for info in model.model_fields.values():
        if inherited := mark(info, Inherited):
            assert inherited.via in named
            target = next(p for p in references(model) if p.field.dotted == inherited.via)
            assert target.reference.to in COLLECTIONS


@EVERY
def test_cascades_and_restrictions_are_not_given_up_by_lists(model: type[Record]) -> None:
    """`clear` on a plain field needs a field that may be empty."""
    for path in references(model):
        inside_list = "[]" in path.field.steps
        if path.reference.on_delete == "clear" and not inside_list:
            assert path.nullable, path.field.dotted


async def test_store_is_as_declared_after_applying(store: Store) -> None:
    assert await differences(store.database, MODELS) == []


@EVERY
async def test_valid_document_is_taken(model: type[Record], store: Store) -> None:
    record = valid(model)
    await record.insert()
    stored = await model.collection().find_one({"_id": record.id})
    assert model.model_validate(stored) == record


@EVERY
async def test_raw_insert_that_breaks_a_check_is_refused(model: type[Record], store: Store) -> None:
    for field, value in broken_values(model):
        document = {**valid(model).stored(), field: value}
        with pytest.raises(WriteError) as refused:
            await model.collection().insert_one(document)
        assert refused.value.code == 121, (field, value)


@EVERY
async def test_raw_insert_without_a_required_field_is_refused(
    model: type[Record], store: Store
) -> None:
    schema = validator(model)
    described = schema.get("$jsonSchema") or schema["$and"][0]["$jsonSchema"]
    for field in set(described["required"]) - {"_id"}:
        document = valid(model).stored()
        del document[field]
        with pytest.raises(WriteError) as refused:
            await model.collection().insert_one(document)
        assert refused.value.code == 121, field


@EVERY
def test_what_must_be_filled_is_checked_by_the_store(model: type[Record]) -> None:
    query = validator(model)
    schema = query["$and"][0]["$jsonSchema"] if "$and" in query else query["$jsonSchema"]
    filled = {
        name
        for name, info in model.model_fields.items()
        if info.is_required() and type(None) not in get_args(info.annotation)
    }
    assert filled <= set(schema["required"])


def broken_values(model: type[Record]) -> list[tuple[str, Any]]:
    """For each top-level field a value that its declaration forbids."""
    broken: list[tuple[str, Any]] = [("revision", 0), ("created_at", "yesterday")]
    for name, info in model.model_fields.items():
        if name in Record.model_fields:
            continue
        leaves = set(_leaves(info.annotation))
        if leaves & {int, float, bool}:
            broken.append((name, "many"))
        elif any(get_origin(each) is Literal for each in leaves):
            broken.append((name, "no such value"))
        elif any(isinstance(each, type) and issubclass(each, ObjectId) for each in leaves):
            broken.append((name, str(ObjectId())))
        elif Decimal in leaves:
            broken.append((name, 0.1))
        elif object not in leaves:
            broken.append((name, 5))
    return broken


def _leaves(kind: Any) -> Iterator[Any]:
    """What a type comes down to, without unions and constraints."""
    if get_origin(kind) is Annotated:
        yield from _leaves(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for each in get_args(kind):
            yield from _leaves(each)
    else:
        yield kind
