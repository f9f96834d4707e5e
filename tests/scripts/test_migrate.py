"""`backlot migrate`: what drifted is found, told and mended."""

import asyncio
import json
from pathlib import Path

import pytest

from app.settings import Settings
from documents.films import Scene
from documents.store import Store
from scripts.stack import environment
from tests.support.backlot import Done, backlot, outside


@pytest.fixture
async def drifted(store: Store) -> str:
    """An index that somebody dropped; its name."""
    information = await Scene.collection().index_information()
    name = next(each for each in information if each != "_id_")
    await Scene.collection().drop_index(name)
    return name


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
