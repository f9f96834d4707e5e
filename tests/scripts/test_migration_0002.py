"""Files from before any was looked at count as not looked at."""

import importlib

from app.settings import Settings
from documents.library import Media
from documents.schema import violations
from documents.store import Store
from scripts.migrations.runner import Migration, run_pending
from tests.factories.records import valid

NAME = "0002_unseen_media"


async def test_old_records_are_as_new_ones(store: Store, settings: Settings) -> None:
    await store.database["schema_migrations"].delete_many({"_id": NAME})
    old = valid(Media).stored()
    for name in ("look_version", "play_version", "derivatives", "picture_prints", "likeness"):
        del old[name]
    await Media.collection().insert_one(old, bypass_document_validation=True)
    seen = await valid(Media, look_version=1).insert()
    module = importlib.import_module(f"scripts.migrations.{NAME}")
    await run_pending(store.database, settings, [Migration(NAME, module.migrate)])
    assert await violations(store.database, Media) == 0
    versions = {each.id: each.look_version for each in await Media.all_in(True, {})}
    assert versions == {old["_id"]: 0, seen.id: 1}
    await store.database["schema_migrations"].delete_many({"_id": NAME})
