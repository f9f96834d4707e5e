"""What follows from people's writes of scenes."""

import httpx

from documents.production import Task
from documents.scenes import Scene
from tests.app.support import API, World, as_, codes

COUNTING = {"kind": "films.count_appearances"}


async def test_appearances_are_counted_after_every_kind_of_write(
    http: httpx.AsyncClient, world: World
) -> None:
    headers, path = as_(world.editor), f"{API}/scenes"
    inside = {"project_id": str(world.project.id), "episode_id": str(world.episode.id)}
    new = [{**inside, "scene_number": number, "title": "New"} for number in (7, 8, 9)]

    async def counted(answer: httpx.Response, status: int) -> None:
        assert answer.status_code == status, answer.text
        [task] = await Task.all_in(True, COUNTING)
        assert (task.project_id, task.status) == (world.project.id, "queued")
        await Task.collection().delete_many({})

    await counted(await http.post(path, json=new[0], headers=headers), 201)
    made = await http.post(f"{path}/bulk", json={"items": new[1:]}, headers=headers)
    await counted(made, 201)
    ids = [each["id"] for each in made.json()["data"]]
    patch = {"character_ids": [str(world.character.id)]}
    await counted(await http.patch(f"{path}/{ids[0]}", json=patch, headers=headers), 200)
    await counted(await http.delete(f"{path}/{ids[0]}", headers=headers), 204)
    body = {"ids": ids[1:]}
    await counted(await http.post(f"{path}/bulk-delete", json=body, headers=headers), 204)


async def test_many_writes_are_counted_once_and_refused_ones_never(
    http: httpx.AsyncClient, world: World
) -> None:
    path = f"{API}/scenes/{world.scene.id}"
    refused = await http.patch(path, json={"title": ""}, headers=as_(world.editor))
    assert codes(refused) == (422, "invalid")
    assert (await http.delete(path, headers=as_(world.stranger))).status_code == 404
    assert await Task.collection().count_documents({}) == 0
    for title in ("Dawn", "Noon", "Dusk"):
        answer = await http.patch(path, json={"title": title}, headers=as_(world.editor))
        assert answer.status_code == 200
    assert await Task.collection().count_documents(COUNTING) == 1
    # One that runs already may have read what was there before.
    await Task.collection().update_many({}, {"$set": {"status": "processing"}})
    await http.patch(path, json={"title": "Night"}, headers=as_(world.editor))
    states = {each.status for each in await Task.all_in(True, COUNTING)}
    assert states == {"processing", "queued"}
    scene = await Scene.one_in(True, world.scene.id)
    assert scene is not None
    assert scene.title == "Night"
