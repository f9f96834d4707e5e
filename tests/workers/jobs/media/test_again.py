"""The sweep that asks for looks that are missing."""

from datetime import timedelta
from pathlib import Path

from app.library.kinds import LOOK_AGAIN, LOOK_AT_MEDIA, LookAgain
from app.library.looking import AGAIN_AFTER, LOOK_VERSION, PLAY_VERSION, look_task
from app.production import tasks
from app.production.tasks import Ownership, new_task
from documents.library import Media
from documents.production import Task
from documents.values import now
from tests.workers.conftest import Working, ended, until
from tests.workers.jobs.media.material import brought_in
from workers.runtime.context import Resources

OLD = {"created_at": now() - AGAIN_AFTER - timedelta(minutes=1)}


async def swept(working: Working) -> int:
    """How many looks a sweep asked for, once all that was asked for is done."""
    sweep = new_task(LOOK_AGAIN, LookAgain(), Ownership(), key="look")
    await tasks.add([sweep])

    async def quiet() -> bool:
        unfinished = {"status": {"$in": ["queued", "processing"]}}
        return await Task.collection().count_documents(unfinished) == 0

    async with working():
        [done] = await ended(sweep)
        await until(quiet)
    return int(done.output.result["asked"]) if done.output else -1


async def test_what_was_missed_is_looked_at_and_played(
    working: Working, resources: Resources, formats: Path
) -> None:
    missed = await brought_in(resources, formats / "song.wav", **OLD)
    before_looks = await brought_in(resources, formats / "fox.png", **OLD)
    absent = {"look_version": "", "play_version": "", "derivatives": ""}
    await Media.collection().update_one(
        {"_id": before_looks.id}, {"$unset": absent}, bypass_document_validation=True
    )
    fresh = await brought_in(resources, formats / "fox.gif")
    assert await swept(working) == 2
    versions = {
        each.id: (each.look_version, each.play_version) for each in await Media.all_in(True, {})
    }
    done = (LOOK_VERSION, PLAY_VERSION)
    assert versions == {missed.id: done, before_looks.id: done, fresh.id: (0, 0)}
    assert await swept(working) == 0


async def test_a_play_that_was_lost_is_asked_for_again(
    working: Working, resources: Resources, formats: Path
) -> None:
    seen = {"look_version": LOOK_VERSION, "kind": "audio", **OLD}
    media = await brought_in(resources, formats / "song.mp3", **seen)
    assert await swept(working) == 1
    played = await Media.one_in(True, media.id)
    assert played is not None
    assert played.technical_data.loudness is not None


async def test_what_is_asked_for_already_is_not_asked_twice(
    working: Working, resources: Resources, formats: Path
) -> None:
    media = await brought_in(resources, formats / "fox.png", **OLD)
    await tasks.add([look_task(media)])
    await swept(working)
    assert await Task.collection().count_documents({"kind": LOOK_AT_MEDIA.name}) == 1
