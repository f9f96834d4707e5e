"""`backlot migrate`: what drifted is found, told and mended."""

import asyncio
import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.core.encryption import Encryption
from app.settings import Settings
from documents.scenes import Scene
from documents.store import Store
from documents.telling import Webhook
from scripts.migrations.runner import COLLECTION, known, run_pending
from scripts.stack import environment
from tests.factories import valid
from tests.support.backlot import Done, backlot, outside


@pytest.fixture
async def drifted(store: Store) -> str:
    """An index that somebody dropped; its name."""
    information = await Scene.collection().index_information()
    name = next(each for each in information if each != "_id_")
    await Scene.collection().drop_index(name)
    return name


@pytest.fixture
async def migrated_before(store: Store, settings: Settings) -> None:
    """The data migrations have run."""
    await run_pending(store.database, settings)


@pytest.mark.usefixtures("migrated_before")
async def test_drift_is_found_and_mended(drifted: str, settings: Settings, tmp_path: Path) -> None:
    async def migrate(*options: str) -> Done:
        variables = outside(**environment(settings))
        return await asyncio.to_thread(backlot, "migrate", *options, cwd=tmp_path, env=variables)

    difference = {"collection": "scenes", "what": "index", "name": drifted, "state": "missing"}
    found = await migrate("--check", "--json")
    assert (found.returncode, json.loads(found.stdout)) == (1, [difference])
    found = await migrate("--check")
    assert found.returncode == 1
    assert "1 differences found" in found.stdout
    assert drifted not in await Scene.collection().index_information()

    mended = await migrate("--json")
    assert (mended.returncode, json.loads(mended.stdout)) == (0, [difference])
    assert drifted in await Scene.collection().index_information()
    checked = await migrate("--check")
    assert (checked.returncode, checked.stdout) == (0, "The store is as declared.\n")


async def test_pending_migrations_are_told_and_run(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    await store.database[COLLECTION].delete_many({})
    webhook = {**valid(Webhook).stored(), "secret": "whsec_plain"}
    await Webhook.collection().insert_one(webhook, bypass_document_validation=True)
    variables = outside(**environment(settings))

    async def told(*options: str) -> Done:
        return await asyncio.to_thread(backlot, *options, cwd=tmp_path, env=variables)

    wanted = [
        {"collection": COLLECTION, "what": "migration", "name": each.name, "state": "missing"}
        for each in known()
    ]
    doctor = await told("doctor", "--json")
    assert doctor.returncode == 1
    assert "backlot migrate" in doctor.stdout
    found = await told("migrate", "--check", "--json")
    assert (found.returncode, json.loads(found.stdout)) == (1, wanted)
    mended = await told("migrate", "--json")
    assert (mended.returncode, json.loads(mended.stdout)) == (0, wanted)
    stored = await Webhook.one_in(True, webhook["_id"])
    assert stored is not None
    assert Encryption.of(settings).decrypt(stored.secret) == "whsec_plain"
    assert (await told("migrate", "--check")).returncode == 0


async def test_exchanged_key_takes_over_with_the_next_migration(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    old = Encryption.of(settings)
    assert settings.encryption_key is not None
    webhook = await valid(Webhook, secret=old.encrypt("whsec_kept")).insert()
    new = SecretStr("another key of the tests, long enough")
    exchanged = {"encryption_key": new, "encryption_keys_old": settings.encryption_key}
    variables = outside(**environment(settings.model_copy(update=exchanged)))
    done = await asyncio.to_thread(backlot, "migrate", cwd=tmp_path, env=variables)
    assert done.returncode == 0, done.stdout
    stored = await Webhook.one_in(True, webhook.id)
    assert stored is not None
    assert Encryption(new.get_secret_value().encode()).decrypt(stored.secret) == "whsec_kept"
