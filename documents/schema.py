"""Indexes and validators: what the declarations ask for, what the store has, and the difference."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from bson import SON
from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import CollectionInvalid, OperationFailure

from documents.base import Record, StoredDocument, index
from documents.references import references
from documents.validation import validator

NAMESPACE_EXISTS = 48
PRE_IMAGES = "changeStreamPreAndPostImages"
PRE_IMAGE_SECONDS = 3_600
"""Longer than live views look back. Where it cannot be set, pre-images go with the oplog."""
COMPARED_OPTIONS = ("unique", "partialFilterExpression", "default_language", "expireAfterSeconds")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which the store is not as declared."""

    collection: str
    what: Literal["collection", "index", "validator", "pre-images", "migration"]
    name: str
    state: Literal["missing", "changed", "unknown"]


def indexes(model: type[Record]) -> list[IndexModel]:
    """The declared indexes, and one for every reference that none of them begins with."""
    settings: Any = model.Settings
    found: list[IndexModel] = [*settings.indexes]
    leading = {next(iter(each.document["key"])) for each in found if not _partial(each)}
    for path in references(model):
        if path.indexed_by not in leading:
            leading.add(path.indexed_by)
            found.append(index(path.indexed_by))
    found.append(
        index(
            "imported_from.system",
            "imported_from.table",
            "imported_from.id",
            unique=True,
            where={"imported_from.id": {"$type": "string"}},
        )
    )
    found.append(index("deleted_at", where={"deleted_at": {"$type": "date"}}))
    return found


async def differences(
    database: AsyncDatabase[StoredDocument], models: Iterable[type[Record]]
) -> list[Difference]:
    """In what the store differs from the declarations; empty means that nothing drifted."""
    drift: list[Difference] = []
    options = await _options(database)
    for model in models:
        name = model.collection_name()
        if name not in options:
            drift.append(Difference(name, "collection", name, "missing"))
            continue
        if options[name].get("validator") != validator(model):
            state: Literal["missing", "changed", "unknown"] = (
                "changed" if "validator" in options[name] else "missing"
            )
            drift.append(Difference(name, "validator", name, state))
        if keeps_pre_images(model) != options[name].get(PRE_IMAGES, {}).get("enabled", False):
            state = "missing" if keeps_pre_images(model) else "unknown"
            drift.append(Difference(name, "pre-images", name, state))
        drift += await _index_differences(database, model)
    return drift


async def apply(
    database: AsyncDatabase[StoredDocument], models: Iterable[type[Record]]
) -> list[Difference]:
    """Make the store as declared and answer what was changed; safe to run again.

    An index that no declaration knows is dropped: it would be paid for at every write.
    """
    done = await differences(database, models)
    declared = {model.collection_name(): model for model in models}
    for each in done:
        model = declared[each.collection]
        if each.what == "collection":
            await _create(database, each.collection)
            await _set_validator(database, model)
            if keeps_pre_images(model):
                await _set_pre_images(database, model)
            await database[each.collection].create_indexes(indexes(model))
        elif each.what == "validator":
            await _set_validator(database, model)
        elif each.what == "pre-images":
            await _set_pre_images(database, model)
        elif each.state != "missing":
            await database[each.collection].drop_index(each.name)
    for name in {each.collection for each in done if each.what == "index"}:
        await database[name].create_indexes(indexes(declared[name]))
    return done


def keeps_pre_images(model: type[Record]) -> bool:
    """Whether the store keeps documents as they were before each change, for a while.

    Where `pre_images` is declared: who follows what a record belongs to is told of its deletion,
    and only its last state says what that was.
    """
    return getattr(model.Settings, "pre_images", False)


async def violations(database: AsyncDatabase[StoredDocument], model: type[Record]) -> int:
    """How many stored documents break the declared checks."""
    query = {"$nor": [validator(model)]}
    return await database[model.collection_name()].count_documents(query)


async def _create(database: AsyncDatabase[StoredDocument], name: str) -> None:
    """Make the collection, unless another process did so in this moment."""
    try:
        await database.create_collection(name)
    except CollectionInvalid:
        return
    except OperationFailure as exc:
        if exc.code != NAMESPACE_EXISTS:
            raise


async def _set_validator(database: AsyncDatabase[StoredDocument], model: type[Record]) -> None:
    await database.command(
        "collMod",
        model.collection_name(),
        validator=validator(model),
        validationLevel="strict",
        validationAction="error",
    )


async def _set_pre_images(database: AsyncDatabase[StoredDocument], model: type[Record]) -> None:
    wanted = {"enabled": keeps_pre_images(model)}
    await database.command({"collMod": model.collection_name(), PRE_IMAGES: wanted})
    expiry = {"preAndPostImages": {"expireAfterSeconds": PRE_IMAGE_SECONDS}}
    with suppress(OperationFailure):  # it is the whole cluster's, and may be its owner's alone
        await database.client.admin.command(
            {"setClusterParameter": {"changeStreamOptions": expiry}}
        )


async def _options(database: AsyncDatabase[StoredDocument]) -> dict[str, StoredDocument]:
    cursor = await database.list_collections()
    return {each["name"]: each.get("options", {}) async for each in cursor}


async def _index_differences(
    database: AsyncDatabase[StoredDocument], model: type[Record]
) -> list[Difference]:
    name = model.collection_name()
    present = {
        each["name"]: each
        async for each in await database[name].list_indexes()
        if each["name"] != "_id_"
    }
    drift = []
    for wanted in indexes(model):
        key = wanted.document["name"]
        there = present.pop(key, None)
        if there is None:
            drift.append(Difference(name, "index", key, "missing"))
        elif _compared(there) != _compared(wanted.document):
            drift.append(Difference(name, "index", key, "changed"))
    drift += [Difference(name, "index", key, "unknown") for key in present]
    return drift


def _compared(description: Mapping[str, Any]) -> dict[str, Any]:
    """What makes two indexes the same; the server tells a text index by its weights."""
    if "weights" in description:
        keys: Any = sorted(description["weights"])
    else:
        keys = [*SON(description["key"]).items()]
        if any(kind == "text" for _, kind in keys):
            keys = sorted(name for name, _ in keys)
    options = {each: description[each] for each in COMPARED_OPTIONS if description.get(each)}
    return {"keys": keys, **options}


def _partial(wanted: IndexModel) -> bool:
    return "partialFilterExpression" in wanted.document
