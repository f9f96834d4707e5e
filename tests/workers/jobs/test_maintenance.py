"""Keeping house: large trees go in batches, files after their records, budgets are set right."""

from pathlib import Path

from app.core.deletion import PURGE_TREE, delete
from app.production.kinds import ARCHIVE_TASKS, REPAIR_LEDGER, ArchiveTasks, RepairLedger
from app.production.tasks import Ownership, add, new_task
from documents.deletion import SMALL
from documents.films import Episode, Project
from documents.library import Media
from documents.production import Task
from documents.scenes import Scene
from tests.factories.films import make_film, make_media
from tests.workers.conftest import Working, ended, until
from workers.runtime import claims
from workers.runtime.context import Resources


async def test_large_tree_is_purged_with_its_files_though_a_worker_dies(
    working: Working, resources: Resources, tmp_path: Path
) -> None:
    film = await make_film(scenes=SMALL + 10)
    path = tmp_path / "picture.txt"
    path.write_text("a picture")
    prefix = str(film.workspace.id)
    stored = await resources.storage.put_file(path, prefix=prefix, content_type="text/plain")
    await make_media(film, scene_id=film.scenes[0].id, storage_key=stored.key)

    await delete(resources.store, Project, film.project.id)
    [purge] = await Task.all_in(True, {"kind": PURGE_TREE.name})
    [taken] = await claims.claim("a worker that dies", {"light": 1}, 0)
    assert taken.id == purge.id

    async def gone() -> bool:
        return not await resources.storage.exists(stored.key)

    async with working():
        await until(gone, patience=60)
        [done] = await ended(purge)
    assert done.status == "completed"
    for model in (Project, Episode, Scene, Media):
        assert await model.collection().count_documents({}) == 0


async def test_file_that_another_record_names_stays(
    working: Working, resources: Resources, tmp_path: Path
) -> None:
    going, staying = await make_film(scenes=1), await make_film(scenes=1)
    path = tmp_path / "shared.txt"
    path.write_text("shared")
    stored = await resources.storage.put_file(path, prefix="shared", content_type="text/plain")
    for film in (going, staying):
        await make_media(film, storage_key=stored.key)
    await delete(resources.store, Project, going.project.id)

    async def settled() -> bool:
        unfinished = {"status": {"$in": ["queued", "processing"]}}
        return await Task.collection().count_documents(unfinished) == 0

    async with working():
        await until(settled)
    assert await resources.storage.exists(stored.key)


async def test_daily_work_completes(working: Working) -> None:
    daily = [
        new_task(ARCHIVE_TASKS, ArchiveTasks(), Ownership()),
        new_task(REPAIR_LEDGER, RepairLedger(), Ownership()),
    ]
    await add(daily)
    async with working():
        done = await ended(*daily)
    assert [task.output.result for task in done if task.output] == [{"archived": 0}, {"mended": []}]
