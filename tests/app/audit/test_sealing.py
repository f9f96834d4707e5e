"""Chains grow without a gap, whoever seals them and whatever happens to him."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from datetime import timedelta
from typing import Any

import pytest

from app.audit import sealing
from app.audit.hashing import entry_hash
from app.audit.sealing import Sealer
from app.settings import Settings
from documents.base import Record
from documents.identity import AuditChain, AuditEntry
from documents.store import Store
from documents.values import Id
from tests.app.audit.support import chain_of, made_chain, made_entries, problems, seal_all, unsealed

COUNT = 40


class Killed(BaseException):
    """What a process that is killed does not even see."""


async def until_sealed() -> None:
    while await unsealed():
        await asyncio.sleep(0.05)


async def test_entries_are_numbered_and_chained_in_the_order_of_their_making(store: Store) -> None:
    workspace = Id()
    chain = await made_chain(store, workspace, 5)
    assert [each["sequence"] for each in chain] == [1, 2, 3, 4, 5]
    hashes = [None, *(each["entry_hash"] for each in chain)]
    assert [each["previous_hash"] for each in chain] == hashes[:-1]
    assert hashes[1:] == [entry_hash(each) for each in chain]
    titles = [each["after"]["title"] for each in chain]
    assert titles == [f"Project {number}" for number in range(5)]


async def test_every_workspace_has_its_own_chain(store: Store) -> None:
    workspaces = [Id(), Id(), None]
    for workspace in (*workspaces, *workspaces):
        await made_entries(store, workspace, 2)
    await seal_all()
    for workspace in workspaces:
        assert [each["sequence"] for each in await chain_of(workspace)] == [1, 2, 3, 4]
        assert await problems(workspace) == []


async def test_a_chain_goes_on_where_it_ended(store: Store) -> None:
    workspace = Id()
    await made_chain(store, workspace, 2)
    await AuditChain.collection().update_many({}, {"$set": {"leased_until": None}})
    chain = await made_chain(store, workspace, 2)
    assert [each["sequence"] for each in chain] == [1, 2, 3, 4]
    assert await problems(workspace) == []


async def test_a_large_backlog_does_not_hold_up_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "BATCH", 5)
    large, small = None, Id()
    await made_entries(store, large, 30)
    await made_entries(store, small, 1)
    sealer = Sealer()
    await sealer.seal()
    await sealer.seal()
    assert len(await chain_of(small)) == 1


async def test_many_sealers_without_any_lease_build_one_chain(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "LEASE", timedelta(0))
    workspace = Id()
    sealers = [Sealer() for _ in range(4)]
    for _ in range(5):
        await made_entries(store, workspace, COUNT)
        await asyncio.gather(
            made_entries(store, workspace, COUNT), *(sealer.seal() for sealer in sealers)
        )
    await seal_all()
    numbers = [each["sequence"] for each in await chain_of(workspace)]
    assert numbers == [*range(1, 10 * COUNT + 1)]
    assert await problems(workspace) == []


async def test_one_sealer_at_a_time_seals_a_workspace(store: Store) -> None:
    workspace = Id()
    await made_chain(store, workspace, 1)
    await made_entries(store, workspace, 1)
    assert await Sealer().seal() == 0
    await AuditChain.collection().update_many({}, {"$set": {"leased_until": None}})
    assert await Sealer().seal() == 1


@pytest.mark.parametrize("written", [0, 3, COUNT])
async def test_a_sealer_killed_between_its_writes_leaves_a_chain_that_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    """It held the lease, had ordered the entries, and had written some of them, or all."""
    workspace = Id()
    await made_entries(store, workspace, COUNT)
    collection = AuditEntry.collection()

    class Dying:
        def __getattr__(self, name: str) -> Any:
            return getattr(collection, name)

        async def bulk_write(self, writes: list[Any], **options: Any) -> None:
            if writes[:written]:
                await collection.bulk_write(writes[:written], **options)
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(AuditEntry, "collection", Dying)
        with pytest.raises(Killed):
            await Sealer().seal()
    assert await unsealed() == COUNT - written
    await made_entries(store, workspace, 2)
    await seal_all()
    assert [each["sequence"] for each in await chain_of(workspace)] == [*range(1, COUNT + 3)]
    assert await problems(workspace) == []


async def test_a_sealer_process_killed_at_any_time_loses_and_doubles_nothing(
    store: Store, settings: Settings
) -> None:
    workspace = Id()
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.app.audit.sealer_process"),
        *(str(settings.mongo_uri), settings.mongo_database),
        stdout=PIPE,
    )
    assert child.stdout is not None
    await made_entries(store, workspace, 200)
    assert await child.stdout.readline() == b"sealed\n"
    await made_entries(store, workspace, 200)
    child.send_signal(signal.SIGKILL)
    await child.wait()
    await seal_all()
    assert [each["sequence"] for each in await chain_of(workspace)] == [*range(1, 401)]
    assert await problems(workspace) == []


async def test_concurrent_writes_are_sealed_in_the_background(store: Store) -> None:
    workspaces = [Id() for _ in range(4)]
    async with sealing.sealing():
        writes = (made_entries(store, workspaces[number % 4], 1) for number in range(200))
        await asyncio.gather(*writes)
        await until_sealed()
    for workspace in workspaces:
        assert [each["sequence"] for each in await chain_of(workspace)] == [*range(1, 51)]
        assert await problems(workspace) == []


async def test_the_store_lets_no_two_entries_have_one_number(store: Store) -> None:
    workspace = Id()
    [first] = await made_chain(store, workspace, 1)
    forged: dict[str, Any] = {**first, "_id": Id()}
    with pytest.raises(Exception, match="E11000"):
        await AuditEntry.collection().insert_one(forged)


async def test_the_waiting_entries_are_found_by_their_own_index(store: Store) -> None:
    names: type[Record] = AuditEntry
    found = await names.collection().index_information()
    assert found[sealing.UNSEALED_INDEX]["partialFilterExpression"] == {"sequence": None}
