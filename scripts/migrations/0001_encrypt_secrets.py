"""Credentials that were kept plainly are encrypted."""

import re
from typing import Any, Final, TypeGuard

from pymongo import UpdateOne

from app.core.encryption import Encryption
from documents.base import StoredDocument
from scripts.migrations.runner import Run

FIELDS: Final = (
    ("webhooks", "secret"),
    ("webhooks", "previous_secret"),
    ("channels", "youtube_refresh_token"),
    ("publications", "upload_session_url"),
)
ENCRYPTED: Final = re.compile(r"gAAAAA[A-Za-z0-9_-]+={0,2}")


async def migrate(run: Run) -> None:
    """Each field on its own: it is written only where it still is what was read."""
    for collection in dict.fromkeys(name for name, _ in FIELDS):
        fields = [field for name, field in FIELDS if name == collection]
        query = {"$or": [{field: {"$type": "string"}} for field in fields]}
        async for batch in run.batches(collection, query):
            writes = [each for document in batch for each in _plain(run, document, fields)]
            if writes:
                await run.database[collection].bulk_write(
                    writes, ordered=False, bypass_document_validation=True
                )
    connected = {"connections.credentials": {"$type": "string"}}
    async for batch in run.batches("workspaces", connected):
        for workspace in batch:
            await _connections(run, workspace)


def _plain(run: Run, document: StoredDocument, fields: list[str]) -> list[UpdateOne]:
    """The writes that encrypt what is plain in these fields."""
    writes = []
    for field in fields:
        value = document.get(field)
        if _is_plain(value):
            encrypted = Encryption.of(run.settings).encrypt(value)
            query = {"_id": document["_id"], field: value}
            writes.append(UpdateOne(query, {"$set": {field: encrypted}}))
    return writes


async def _connections(run: Run, workspace: StoredDocument) -> None:
    for value in {each.get("credentials") for each in workspace["connections"]}:
        if _is_plain(value):
            encrypted = Encryption.of(run.settings).encrypt(value)
            await run.database["workspaces"].update_one(
                {"_id": workspace["_id"]},
                {"$set": {"connections.$[each].credentials": encrypted}},
                array_filters=[{"each.credentials": value}],
                bypass_document_validation=True,
            )


def _is_plain(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and ENCRYPTED.fullmatch(value) is None
