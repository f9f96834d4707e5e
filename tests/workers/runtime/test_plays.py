"""New films and sounds are asked to be played, together and later."""

from app.library.kinds import PLAY_MEDIA
from app.library.looking import PLAY_VERSION
from documents.library import Media
from documents.production import Task
from documents.values import now
from tests.factories import valid
from tests.factories.films import make_film
from tests.workers.conftest import Working
from workers.runtime.plays import PLAYED_AFTER, Plays


async def sounds(count: int, **given: object) -> list[Media]:
    film = await make_film()
    values = {"workspace_id": film.workspace.id, "kind": "audio", "look_version": 1, **given}
    return [await valid(Media, **values).insert() for _ in range(count)]


async def asked() -> list[Task]:
    return await Task.all_in(True, {"kind": PLAY_MEDIA.name})


async def test_what_lasts_is_asked_for_once_and_later(store: object) -> None:
    plays, began = Plays(), now()
    unplayed = await sounds(2)
    plays.want([*unplayed, *await sounds(1, play_version=PLAY_VERSION)])
    assert await asked() == [], "nothing is written yet"

    await plays.ask()
    tasks = await asked()
    assert {task.subject and task.subject.id for task in tasks} == {each.id for each in unplayed}
    assert all(task.run_after >= began + PLAYED_AFTER for task in tasks)

    plays.want(unplayed)
    await plays.ask()
    assert len(await asked()) == 2


async def test_a_worker_that_stops_asks_for_what_is_left(working: Working) -> None:
    [sound] = await sounds(1)
    async with working() as runner:
        runner.resources.plays.want([sound])
    [task] = await asked()
    assert task.key == f"play:{sound.id}"
