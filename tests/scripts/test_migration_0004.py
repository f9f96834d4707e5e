"""Files that were made before they said of what say that nothing is known."""

import importlib

from app.settings import Settings
from documents.library import GenerationMetadata, Media
from documents.schema import violations
from documents.store import Store
from documents.values import Id
from scripts.migrations.runner import Migration, run_pending
from tests.factories.records import valid

NAME = "0004_media_lineage"


async def test_old_records_are_as_new_ones(store: Store, settings: Settings) -> None:
    await store.database["schema_migrations"].delete_many({"_id": NAME})
    old = valid(Media, generation_metadata=GenerationMetadata(seed=7)).stored()
    for name in ("input_ids", "take", "recipe"):
        del old["generation_metadata"][name]
    await Media.collection().insert_one(old, bypass_document_validation=True)
    source = Id()
    made = await valid(
        Media, generation_metadata=GenerationMetadata(input_ids=[source], take=2)
    ).insert()
    brought = await valid(Media).insert()
    module = importlib.import_module(f"scripts.migrations.{NAME}")
    await run_pending(store.database, settings, [Migration(NAME, module.migrate)])
    assert await violations(store.database, Media) == 0
    found = {each.id: each.generation_metadata for each in await Media.all_in(True, {})}
    assert found == {
        old["_id"]: GenerationMetadata(seed=7),
        made.id: GenerationMetadata(input_ids=[source], take=2),
        brought.id: None,
    }
    await store.database["schema_migrations"].delete_many({"_id": NAME})
