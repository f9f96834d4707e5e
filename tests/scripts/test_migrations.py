"""Numbered data migrations: each once, in batches, going on where a killed one was left."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from app.core.encryption import Encryption
from app.settings import Settings
from documents.base import StoredDocument
from documents.store import Store
from scripts.migrations import runner
from scripts.migrations.runner import (
    COLLECTION,
    Database,
    Migration,
    MigrationOvertaken,
    Run,
    known,
    pending,
    run_pending,
)

NAMES = "migrated_things"
SECRET = "1//refresh-token"


@pytest.fixture
async def database(store: Store, settings: Settings) -> AsyncIterator[Database]:
    """A database of its own, without declarations."""
    name = f"{settings.mongo_database}_migrations"
    yield store.client[name]
    await store.client.drop_database(name)


async def fill(database: Database, count: int = 10) -> None:
    await database[NAMES].insert_many([{"number": number} for number in range(count)])


class Doubling:
    """Adds a field, three documents at a time; `breaks_at` is the batch in which it dies."""

    def __init__(self, breaks_at: int | None = None) -> None:
        self.breaks_at = breaks_at
        self.batches: list[list[int]] = []

    async def __call__(self, run: Run) -> None:
        async for batch in run.batches(NAMES, {}, size=3):
            numbers = [each["number"] for each in batch]
            self.batches.append(numbers)
            for each in batch:
                double = {"$set": {"double": 2 * each["number"]}}
                await run.database[NAMES].update_one({"_id": each["_id"]}, double)
            if len(self.batches) == self.breaks_at:
                raise RuntimeError("killed")

    def named(self, name: str = "0001_double") -> list[Migration]:
        return [Migration(name, self)]


async def row(database: Database, name: str = "0001_double") -> StoredDocument:
    found = await database[COLLECTION].find_one({"_id": name})
    assert found is not None
    return found


async def test_each_runs_once_and_leaves_a_row(database: Database, settings: Settings) -> None:
    await fill(database)
    doubling = Doubling()
    both = [*doubling.named(), *doubling.named("0002_again")]
    assert await pending(database, both) == ["0001_double", "0002_again"]
    assert await run_pending(database, settings, both) == ["0001_double", "0002_again"]
    assert await run_pending(database, settings, both) == []
    assert await pending(database, both) == []
    assert await database[NAMES].count_documents({"double": {"$exists": True}}) == 10
    assert doubling.batches[:4] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]
    written = await row(database)
    assert written["documents"] == 10
    assert written["started_at"] <= written["finished_at"]
    assert written["seconds"] >= 0


async def test_later_one_waits_for_the_one_before(database: Database, settings: Settings) -> None:
    await fill(database)
    broken, later = Doubling(breaks_at=1), Doubling()
    both = [*broken.named(), *later.named("0002_later")]
    with pytest.raises(RuntimeError, match="killed"):
        await run_pending(database, settings, both)
    assert later.batches == []
    assert await pending(database, both) == ["0001_double", "0002_later"]


async def test_killed_one_goes_on_with_the_batch_that_was_not_finished(
    database: Database, settings: Settings
) -> None:
    await fill(database)
    killed, again = Doubling(breaks_at=2), Doubling()
    with pytest.raises(RuntimeError, match="killed"):
        await run_pending(database, settings, killed.named())
    assert await run_pending(database, settings, again.named()) == ["0001_double"]
    assert again.batches == [[3, 4, 5], [6, 7, 8], [9]]
    assert (await row(database))["documents"] == 10


async def test_two_processes_share_one_run(database: Database, settings: Settings) -> None:
    await fill(database)
    one, other = Doubling(), Doubling()
    ended = await asyncio.gather(
        run_pending(database, settings, one.named()),
        run_pending(database, settings, other.named()),
    )
    assert sorted(ended) == [[], ["0001_double"]]
    assert len(one.batches + other.batches) == 4


async def test_lease_of_a_dead_process_runs_out(database: Database, settings: Settings) -> None:
    await fill(database)
    begun = asyncio.Event()

    async def hang(run: Run) -> None:
        async for _ in run.batches(NAMES, {}, size=3):
            begun.set()
            await asyncio.sleep(3600)

    dead = asyncio.create_task(
        run_pending(database, settings, [Migration("0001_double", hang)], lease_seconds=0.2)
    )
    await begun.wait()
    again = Doubling()
    assert await run_pending(database, settings, again.named()) == ["0001_double"]
    assert len(again.batches) == 4
    dead.cancel()
    with suppress(asyncio.CancelledError, MigrationOvertaken):
        await dead
    assert await pending(database, again.named()) == []


async def test_one_that_was_overtaken_stops(database: Database, settings: Settings) -> None:
    await fill(database)
    doubling = Doubling()

    async def slow(run: Run) -> None:
        async for _ in run.batches(NAMES, {}, size=3):
            await database[COLLECTION].update_one(
                {"_id": run.name}, {"$set": {"holder": "another"}}
            )

    with pytest.raises(MigrationOvertaken, match="backlot migrate"):
        await run_pending(database, settings, [Migration("0001_double", slow)])
    await database[COLLECTION].update_one({}, {"$set": {"lease_until": runner.LONG_AGO}})
    assert await run_pending(database, settings, doubling.named()) == ["0001_double"]


def test_numbers_are_given_once_and_files_say_what_they_do() -> None:
    names = [each.name for each in known()]
    assert names == sorted(names)
    assert len({name[:4] for name in names}) == len(names) > 0
    assert all(re.fullmatch(r"\d{4}_[a-z][a-z0-9_]*", name) for name in names)


async def test_plain_credentials_are_encrypted(database: Database, settings: Settings) -> None:
    encryption = Encryption.of(settings)
    kept = encryption.encrypt("kept")
    await database["webhooks"].insert_many(
        [{"secret": "whsec_a", "previous_secret": None}, {"secret": kept}]
    )
    await database["channels"].insert_one({"youtube_refresh_token": SECRET})
    await database["publications"].insert_one({"upload_session_url": "https://upload/1"})
    connections = [{"account_id": str(n), "credentials": f"c{n}"} for n in range(3)]
    await database["workspaces"].insert_one({"connections": connections})
    first = known()[:1]
    assert await run_pending(database, settings, first) == ["0001_encrypt_secrets"]

    one, other = await database["webhooks"].find({}, sort=[("_id", 1)]).to_list()
    assert encryption.decrypt(one["secret"]) == "whsec_a"
    assert one["previous_secret"] is None
    assert other["secret"] == kept
    channel = await database["channels"].find_one({})
    publication = await database["publications"].find_one({})
    workspace = await database["workspaces"].find_one({})
    assert channel is not None
    assert publication is not None
    assert workspace is not None
    assert encryption.decrypt(channel["youtube_refresh_token"]) == SECRET
    assert encryption.decrypt(publication["upload_session_url"]) == "https://upload/1"
    opened = [encryption.decrypt(each["credentials"]) for each in workspace["connections"]]
    assert opened == ["c0", "c1", "c2"]
