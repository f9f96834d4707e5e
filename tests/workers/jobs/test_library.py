"""Embedding media: what is due, what was edited meanwhile, and the switch to another model."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bson import ObjectId

from app.library import dialogue, embedding_spaces
from app.library.embedding import Embedders, LocalEmbedder, Space
from app.library.embedding_upkeep import EmbeddingUpkeep
from app.library.kinds import CHECK_DIALOGUE, EMBED_MEDIA, CheckDialogue
from app.library.search.searching import Search
from app.library.search.wanted import Wanted, unit
from app.production.tasks import Ownership, add, new_task
from documents.library import EmbeddingSpace, Media
from documents.production import Task
from documents.scenes import DialogueLine, Scene
from documents.values import Id, to_floats
from tests.factories.films import Film, make_film, make_media
from tests.workers.conftest import Working, ended, until
from workers.providers.base import CostsNothing, free_usage
from workers.providers.embedding import EmbeddingRequest, EmbeddingResult
from workers.runtime.context import Resources

NEW = Space("letters", "2", 27)


class Letters(CostsNothing):
    """A model that counts letters, and picks up the pictures it is shown."""

    provider, model, version, dimensions = "test", NEW.model, NEW.version, NEW.dimensions

    def __init__(self, sees_pictures: bool = False) -> None:
        self.sees_pictures = sees_pictures
        self.seen: list[bytes] = []

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResult:
        self.seen += [each.path.read_bytes() for each in request.pictures if each]
        vectors = np.stack([self.counted(text) for text in request.texts])
        return EmbeddingResult(
            provider=self.provider, model=self.model, usage=free_usage(), vectors=vectors
        )

    @staticmethod
    def counted(text: str) -> Any:
        row = np.array([text.count(chr(97 + place)) for place in range(26)] + [1.0], np.float32)
        return unit(row)


@pytest.fixture
async def film(resources: Resources) -> Film:
    return await make_film(scenes=1)


def upkeep_of(resources: Resources, space: Space = LocalEmbedder.space) -> EmbeddingUpkeep:
    return EmbeddingUpkeep(resources.store, resources.wakeups, resources.settings, space)


async def all_done() -> bool:
    unfinished = {"status": {"$in": ["queued", "processing"]}}
    return await Task.collection().count_documents(unfinished) == 0


async def worked_off(working: Working) -> None:
    async with working():
        await until(all_done)
    assert await Task.collection().count_documents({"status": "failed"}) == 0


async def now_is(media: Media) -> Media:
    found = await Media.one_in(True, media.id)
    assert found is not None
    return found


async def test_what_is_new_is_asked_for_and_embedded(
    film: Film, resources: Resources, working: Working
) -> None:
    media = await make_media(film, description="a fox in a well", tags=["fable"])
    silent = await make_media(film, description="", tags=[])
    upkeep = upkeep_of(resources)
    assert await upkeep.look() >= 1
    assert await Task.collection().count_documents({"kind": EMBED_MEDIA.name}) == 1
    await worked_off(working)
    after = await now_is(media)
    [expected] = await LocalEmbedder().vectors(["a fox in a well\nfable"])
    assert after.embedding is not None
    assert np.allclose(to_floats(after.embedding), expected, atol=1e-6)
    space = LocalEmbedder.space
    beside = (after.embedding_model, after.embedding_version, after.embedding_dimensions)
    assert beside == (space.model, space.version, space.dimensions)
    assert (await now_is(silent)).embedding is None
    assert await upkeep.look() == 0


async def test_an_edit_makes_the_embedding_due_again(
    film: Film, resources: Resources, working: Working
) -> None:
    media = await make_media(film, description="a fox in a well")
    upkeep = upkeep_of(resources)
    await upkeep.look()
    await worked_off(working)
    before = await now_is(media)
    assert not before.embedding_due
    edited = Media.model_validate({**before.stored(), "description": "a tax report"})
    assert edited.embedding_due
    await Media.collection().replace_one({"_id": media.id}, edited.stored())
    assert await upkeep.look() == 1
    await worked_off(working)
    after = await now_is(media)
    assert not after.embedding_due
    assert after.embedding != before.embedding


async def test_an_edit_of_dialogue_is_embedded_soon(
    film: Film, resources: Resources, working: Working
) -> None:
    scene = film.scenes[0]
    media = await make_media(film, description="a picture", scene_id=scene.id)
    other = await make_media(film, description="a picture")
    upkeep = upkeep_of(resources)
    await upkeep.look()
    await worked_off(working)
    before = await now_is(media)
    assert await upkeep.look() == 0
    line = DialogueLine(lines="These grapes are sour, said the fox").model_dump()
    await Scene.write_one({"_id": scene.id}, {"$set": {"script.dialogue": [line]}})
    assert await upkeep.look() == 1
    await worked_off(working)
    after = await now_is(media)
    [expected] = await LocalEmbedder().vectors([f"a picture\n{line['lines']}"])
    assert after.embedding is not None
    assert after.embedding != before.embedding
    assert np.allclose(to_floats(after.embedding), expected, atol=1e-6)
    assert not (await now_is(other)).embedding_due
    assert await upkeep.look() == 0


async def test_dialogue_that_changes_while_it_is_embedded_is_not_forgotten(
    film: Film, resources: Resources, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = film.scenes[0]
    media = await make_media(film, description="a picture", scene_id=scene.id)
    line = DialogueLine(lines="Slow and steady, said the tortoise").model_dump()

    async def meanwhile(*_: Any) -> Any:
        monkeypatch.undo()
        update = {"$set": {"script.dialogue": [line]}}
        await Scene.collection().update_one({"_id": scene.id}, update)
        return {}

    monkeypatch.setattr(dialogue, "dialogue_of", meanwhile)
    upkeep = upkeep_of(resources)
    await upkeep.look()
    await worked_off(working)
    assert (await now_is(media)).embedding_due
    await upkeep.look()
    await worked_off(working)
    after = await now_is(media)
    [expected] = await LocalEmbedder().vectors([f"a picture\n{line['lines']}"])
    assert after.embedding is not None
    assert np.allclose(to_floats(after.embedding), expected, atol=1e-6)


async def test_dialogue_counts_and_is_checked(
    film: Film, resources: Resources, working: Working
) -> None:
    scene = film.scenes[0]
    media = await make_media(film, description="a picture", scene_id=scene.id)
    upkeep = upkeep_of(resources)
    await upkeep.look()
    await worked_off(working)
    before = await now_is(media)
    line = DialogueLine(lines="What a fine voice you have, said the fox to the crow").model_dump()
    await Scene.collection().update_one({"_id": scene.id}, {"$set": {"script.dialogue": [line]}})
    check = new_task(CHECK_DIALOGUE, CheckDialogue(), Ownership())
    await add([check])
    await worked_off(working)
    [done] = await ended(check)
    assert done.output is not None
    assert done.output.result == {"due": 1}
    await upkeep.look()
    await worked_off(working)
    after = await now_is(media)
    assert after.embedding != before.embedding
    [expected] = await LocalEmbedder().vectors([f"a picture\n{line['lines']}"])
    assert after.embedding is not None
    assert np.allclose(to_floats(after.embedding), expected, atol=1e-6)


async def test_a_failure_is_left_alone_for_a_while(film: Film, resources: Resources) -> None:
    await make_media(film, description="a fox")
    upkeep = upkeep_of(resources)
    await upkeep.look()
    failed = {"$set": {"status": "failed", "ready": False}, "$unset": {"key": ""}}
    await Task.collection().update_many({"kind": EMBED_MEDIA.name}, failed)
    assert await upkeep.look() == 0


async def test_pictures_are_shown_to_a_model_that_sees(
    film: Film, resources: Resources, working: Working, tmp_path: Any
) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"a picture")
    prefix = str(film.workspace.id)
    stored = await resources.storage.put_file(path, prefix=prefix, content_type="image/png")
    there = {"storage_key": stored.key, "filesize": stored.size}
    await make_media(film, **there, kind="image", description="fox")
    await make_media(film, kind="audio", description="crow")
    letters = Letters(sees_pictures=True)
    seeing = replace(resources.providers, embedding=letters)
    await upkeep_of(resources, NEW).look()
    await work_with(resources, working, seeing)
    assert letters.seen == [b"a picture"]


async def work_with(resources: Resources, working: Working, providers: Any) -> None:
    from workers.runtime.runner import Runner

    runner = Runner(replace(resources, providers=providers))
    import asyncio

    running = asyncio.create_task(runner.run(grace_seconds=0.2))
    try:
        await until(all_done)
    finally:
        runner.stop()
        await running
    failed = await Task.all_in(True, {"status": "failed"})
    assert [each.error for each in failed] == []


async def test_a_switch_of_models_leaves_no_gap_and_mixes_nothing(
    film: Film, resources: Resources, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every step a search by the current model finds everything, and by no other vectors."""
    monkeypatch.setattr(embedding_spaces, "SETTLED", embedding_spaces.SETTLED * 0)
    texts = ["a fox in a well", "a crow with cheese", "a tax report"]
    made = [await make_media(film, description=text) for text in texts]
    await upkeep_of(resources).look()
    await worked_off(working)
    search = searching(resources)
    places: list[tuple[str, str]] = []

    async def check() -> None:
        await check_finds(search, {each.id for each in made})
        record = (await embedding_spaces.known())["current"]
        if (record.model, record.place) not in places:
            places.append((record.model, record.place))

    await check()
    upkeep = upkeep_of(resources, NEW)
    new = replace(resources.providers, embedding=Letters())
    assert await upkeep.look_after_spaces() == 1
    await check()
    await work_with(resources, working, new)
    await check()
    assert await upkeep.look_after_spaces() == 0  # switches
    await check()
    assert await embedding_spaces.copy_home() is not None
    await check()
    assert await upkeep.look_after_spaces() == 0  # comes home
    await check()
    assert places == [
        (LocalEmbedder.space.model, "embedding"),
        (NEW.model, "embedding_next"),
        (NEW.model, "embedding"),
    ]
    for each in [await now_is(media) for media in made]:
        assert (each.embedding_model, each.embedding_next_model) == (NEW.model, None)
        assert each.embedding is not None
        assert np.allclose(to_floats(each.embedding), Letters.counted(each.description), atol=1e-6)
    assert await EmbeddingSpace.collection().count_documents({}) == 1


def searching(resources: Resources) -> Search:
    from app.core.parts import reading_of

    reading = reading_of(resources.store)["media"]
    return Search(resources.settings, resources.store, reading, embedders=Embedders(()))


async def check_finds(search: Search, expected: set[ObjectId]) -> None:
    search.forget_spaces()
    searched = await search.current()
    vector = np.zeros(searched.space.dimensions)
    vector[-1] = 1
    backend = await search.backend(searched)
    found = await backend.nearest(Wanted(unit(vector), {}, 10))
    assert {each.id for each in found} == expected
    assert all(isinstance(each.id, Id) for each in found)
