"""Films from before approvals, takes and outlines are as new ones afterwards."""

import importlib
from typing import Any

from app.settings import Settings
from documents.base import Record, StoredDocument
from documents.films import Character, Episode, Project
from documents.library import Media
from documents.scenes import Scene
from documents.schema import violations
from documents.store import Store
from documents.values import Id
from scripts.migrations.runner import Migration, run_pending
from tests.factories.records import valid

NAME = "0005_films_with_approvals"
NEW: dict[type[Record], tuple[str, ...]] = {
    Project: ("outline", "archived_at"),
    Episode: (
        *("source", "approval", "content_hash", "script.language"),
        "production.review_note",
    ),
    Character: ("visual_design.takes",),
    Scene: (
        *("approval", "content_hash", "production.music_id", "production.takes"),
        *("production.chosen_take", "production.review_note"),
    ),
}


def old(model: type[Record], **given: Any) -> StoredDocument:
    """A record as it was stored before."""
    document = valid(model, **given).stored()
    for path in NEW[model]:
        *way, last = path.split(".")
        holder = document
        for step in way:
            holder = holder[step]
        del holder[last]
    return document


async def test_old_records_are_as_new_ones(store: Store, settings: Settings) -> None:
    await store.database["schema_migrations"].delete_many({"_id": NAME})
    scene = old(Scene, storyboard={"panels": [{"panel_number": 1}]})
    for name in ("character_ids", "takes", "figures"):
        del scene["storyboard"]["panels"][0][name]
    silent = old(Scene, scene_number=2, episode_id=Id())
    before: dict[type[Record], list[StoredDocument]] = {
        **{model: [old(model)] for model in (Project, Episode, Character)},
        Scene: [scene, silent],
    }
    for model, documents in before.items():
        await model.collection().insert_many(documents, bypass_document_validation=True)
    music = await valid(Media, scene_id=scene["_id"], media_type="music_track").insert()
    module = importlib.import_module(f"scripts.migrations.{NAME}")
    await run_pending(store.database, settings, [Migration(NAME, module.migrate)])
    for model in NEW:
        assert await violations(store.database, model) == 0
    found = await Scene.one_in(True, scene["_id"])
    assert found is not None
    assert found.production.music_id == music.id
    assert found.storyboard.panels[0].takes == []
    raw = await Scene.collection().find_one({"_id": silent["_id"]})
    assert raw is not None
    assert (raw["production"]["music_id"], raw["approval"]) == (None, None)
    assert len(raw["content_hash"]) == 32
    await store.database["schema_migrations"].delete_many({"_id": NAME})
