"""Whoever goes round the application is found out."""

import asyncio
import json
from hashlib import sha256
from typing import Any

import pytest
from pymongo.errors import WriteError

from app.audit import verification
from app.audit.hashing import SEALED, entry_hash
from app.audit.verification import verify
from documents.base import StoredDocument
from documents.identity import AuditChain, AuditEntry
from documents.store import Store
from documents.values import Id
from tests.app.audit.support import made_chain, made_entries, problems

LENGTH = 6


async def rewritten(entry: StoredDocument, **fields: Any) -> None:
    await AuditEntry.collection().update_one({"_id": entry["_id"]}, {"$set": fields})


@pytest.fixture
async def chain(store: Store) -> list[StoredDocument]:
    return await made_chain(store, Id(), LENGTH)


@pytest.fixture
def workspace(chain: list[StoredDocument]) -> Id:
    key: Id = chain[0]["workspace_id"]
    return key


async def test_a_whole_chain_is_whole(chain: list[StoredDocument], workspace: Id) -> None:
    found = await verify(workspace)
    assert found.is_whole
    assert (found.entries, found.end.sequence) == (LENGTH, LENGTH)
    assert found.end.hash == chain[-1]["entry_hash"]


async def test_an_empty_chain_is_whole(store: Store) -> None:
    found = await verify(Id())
    assert (found.is_whole, found.entries, found.end.hash) == (True, 0, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"after.title": "Another"},
        {"before": {"title": "Another"}},
        {"actor.id": Id()},
        {"actor.kind": "system"},
        {"action": "delete"},
        {"subject.id": Id()},
        {"request_id": "another"},
    ],
    ids=lambda fields: next(iter(fields)),
)
async def test_a_changed_field_is_found(
    chain: list[StoredDocument], workspace: Id, fields: dict[str, Any]
) -> None:
    await rewritten(chain[2], **fields)
    assert await problems(workspace) == [("wrong_hash", 3, 3)]


async def test_a_changed_entry_with_a_new_hash_breaks_its_link(
    chain: list[StoredDocument], workspace: Id
) -> None:
    forged = {**chain[2], "action": "delete"}
    await rewritten(chain[2], action="delete", entry_hash=entry_hash(forged))
    assert await problems(workspace) == [("broken_link", 4, 4)]


async def test_a_deleted_entry_is_missing(chain: list[StoredDocument], workspace: Id) -> None:
    await AuditEntry.collection().delete_many({"_id": {"$in": [chain[1]["_id"], chain[2]["_id"]]}})
    assert await problems(workspace) == [("missing", 2, 3)]


async def test_a_missing_beginning_is_found(chain: list[StoredDocument], workspace: Id) -> None:
    await AuditEntry.collection().delete_one({"_id": chain[0]["_id"]})
    assert await problems(workspace) == [("missing", 1, 1)]


async def test_a_missing_end_is_found_now_and_later(
    store: Store, chain: list[StoredDocument], workspace: Id
) -> None:
    await AuditEntry.collection().delete_many({"_id": {"$in": [e["_id"] for e in chain[4:]]}})
    assert await problems(workspace) == [("missing", 5, 6)]
    await AuditChain.collection().update_many({}, {"$set": {"leased_until": None}})
    await made_chain(store, workspace, 1)
    assert await problems(workspace) == [("missing", 5, 6)]


async def test_swapped_entries_are_found(chain: list[StoredDocument], workspace: Id) -> None:
    second, third = chain[1], chain[2]
    await rewritten(second, sequence=99)
    await rewritten(third, sequence=2)
    await rewritten(second, sequence=3)
    assert {each[1] for each in await problems(workspace)} == {2, 3, 4}


async def test_a_forged_entry_in_the_place_of_another_is_found(
    chain: list[StoredDocument], workspace: Id
) -> None:
    await AuditEntry.collection().delete_one({"_id": chain[3]["_id"]})
    forged = {**chain[3], "_id": Id(), "action": "delete"}
    forged["entry_hash"] = entry_hash(forged)
    await AuditEntry.collection().insert_one(forged)
    assert await problems(workspace) == [("broken_link", 5, 5)]


async def test_a_forged_entry_before_the_first_is_found(
    chain: list[StoredDocument], workspace: Id
) -> None:
    await AuditEntry.collection().insert_one({**chain[0], "_id": Id(), "sequence": 0})
    assert await problems(workspace) == [("not_a_place", 0, 0)]


async def test_an_entry_of_another_workspace_is_no_part_of_this_chain(
    store: Store, chain: list[StoredDocument], workspace: Id
) -> None:
    elsewhere = Id()
    await rewritten(chain[5], workspace_id=elsewhere)
    assert await problems(workspace) == [("missing", 6, 6)]
    assert ("wrong_hash", 6, 6) in await problems(elsewhere)


async def test_an_entry_taken_back_into_the_tail_is_missing(
    chain: list[StoredDocument], workspace: Id
) -> None:
    await rewritten(chain[3], sequence=None)
    found = await verify(workspace)
    assert [(each.kind, each.sequence) for each in found.problems] == [("missing", 4)]
    assert found.tail.count == 1


async def test_a_hidden_entry_is_found(chain: list[StoredDocument], workspace: Id) -> None:
    await rewritten(chain[0], deleted_at=chain[0]["created_at"])
    assert await problems(workspace) == [("hidden", 1, 1)]


async def test_more_problems_than_fit_are_counted(
    chain: list[StoredDocument], workspace: Id, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "MOST_PROBLEMS", 2)
    await AuditEntry.collection().update_many({}, {"$set": {"request_id": "another"}})
    found = await verify(workspace)
    assert (len(found.problems), found.problem_count) == (2, LENGTH)


async def test_the_unsealed_tail_is_reported(store: Store, workspace: Id) -> None:
    await made_entries(store, workspace, 2)
    found = await verify(workspace)
    assert (found.is_whole, found.tail.count) == (True, 2)
    assert found.tail.age_seconds is not None


async def test_a_chain_longer_than_a_batch_is_walked_to_its_end(
    chain: list[StoredDocument], workspace: Id, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "BATCH", 2)
    await rewritten(chain[-1], request_id="another")
    assert await problems(workspace) == [("wrong_hash", LENGTH, LENGTH)]


async def test_a_walk_is_right_while_others_write(
    store: Store, chain: list[StoredDocument], workspace: Id
) -> None:
    await AuditChain.collection().update_many({}, {"$set": {"leased_until": None}})
    writing = asyncio.create_task(made_chain(store, workspace, 100))
    walks = await asyncio.gather(*(verify(workspace) for _ in range(5)))
    await writing
    assert all(each.is_whole for each in walks)


async def test_sealed_fields_can_be_named_only(chain: list[StoredDocument]) -> None:
    """The validator keeps what is not an entry out, so that each can be hashed."""
    with pytest.raises(WriteError, match="failed validation"):
        await rewritten(chain[0], action="nothing")


def as_answered(entry: StoredDocument) -> dict[str, Any]:
    moment = entry["created_at"].isoformat(timespec="microseconds")
    shown: dict[str, Any] = json.loads(json.dumps({n: entry[n] for n in SEALED}, default=str))
    return {**shown, "created_at": moment.replace("+00:00", "Z"), "id": shown.pop("_id")}


async def test_the_hash_can_be_checked_without_our_code(chain: list[StoredDocument]) -> None:
    for entry in chain:
        shown = as_answered(entry)
        del shown["_id"]
        text = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert sha256(text.encode()).hexdigest() == entry["entry_hash"]
