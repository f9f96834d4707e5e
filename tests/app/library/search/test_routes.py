"""Searching through the API: what is found, in which order, by whom."""

import httpx
import pytest

from app.library.embedding import LocalEmbedder, embedded
from documents.library import EmbeddingSpace, Media
from documents.store import Store
from documents.values import Id, now
from tests.app.library.search.support import ask, found, made_media, new_media, use, vector_fields
from tests.app.support import World, as_

EAST = [1.0, 0.0, 0.0, 0.0]


@pytest.fixture(autouse=True)
async def _space(store: Store) -> None:
    await use()


async def test_the_nearest_come_first_with_their_cosines(
    http: httpx.AsyncClient, world: World
) -> None:
    await made_media(world, 0, 5, 0, 0, description="north")
    await made_media(world, 0.1, 0, 0, 0, description="east")
    await made_media(world, 30, 30, 0, 0, description="north-east")
    answer = (await ask(http, world.viewer, vector=EAST)).json()
    assert [each["media"]["description"] for each in answer["data"]] == [
        "east",
        "north-east",
        "north",
    ]
    assert [each["score"] for each in answer["data"]] == pytest.approx([1, 0.5**0.5, 0], abs=1e-6)
    assert answer["data"][0]["scores"] == {"fused": None, "vector": 1.0, "text": None}
    assert answer["mode"] == "vector"
    assert answer["model"] == "test-model"
    assert answer["next"] is None
    assert "embedding" not in answer["data"][0]["media"]


async def test_more_like_one_leaves_it_out(http: httpx.AsyncClient, world: World) -> None:
    one = await made_media(world, 1, 0, 0, 0, description="one")
    await made_media(world, 1, 1, 0, 0, description="near")
    await made_media(world, 0, 1, 0, 0, description="far")
    assert await found(http, world.viewer, media_id=str(one.id)) == ["near", "far"]
    assert await found(http, world.viewer, media_id=str(one.id), limit=1) == ["near"]
    assert await found(http, world.viewer, media_id=str(one.id), min_score=0.5) == ["near"]


async def test_filters_narrow_the_search(http: httpx.AsyncClient, world: World) -> None:
    one, other = Id(), Id()
    await made_media(world, 1, 0, 0, 0, description="a", kind="image", tags=["red", "tall"])
    await made_media(world, 1, 0.1, 0, 0, description="b", kind="video", tags=["red"])
    await made_media(world, 1, 0.2, 0, 0, description="c", status="archived", scene_id=one)
    await made_media(world, 1, 0.3, 0, 0, description="d", character_id=other)
    related = {"character_ids": [other]}
    await made_media(world, 1, 0.4, 0, 0, description="e", related_elements=related)
    await made_media(world, 1, 0.5, 0, 0, description="f", project_id=one)

    async def by(**filters: object) -> str:
        return "".join(await found(http, world.viewer, vector=EAST, filters=filters))

    assert await by() == "abcdef"
    assert await by(kind=["video"]) == "b"
    assert await by(tags=["red"]) == "ab"
    assert await by(tags=["red", "tall"]) == "a"
    assert await by(tags=["blue"]) == ""
    assert await by(status=["archived", "failed"]) == "c"
    assert await by(scene_id=str(one)) == "c"
    assert await by(character_id=str(other)) == "de"
    assert await by(project_id=str(one)) == "f"
    assert await by(workspace_id=str(world.workspace.id)) == "abcdef"
    assert await by(workspace_id=str(one)) == ""
    assert await by(created_from=now().isoformat()) == ""
    assert await by(created_before=now().isoformat()) == "abcdef"


async def test_a_strangers_media_change_nothing(http: httpx.AsyncClient, world: World) -> None:
    for number in range(5):
        await made_media(world, 1, number, 0, 0, description=f"ours {number}")
    asked = {"vector": EAST, "facets": ["kind", "tags", "project_id"], "limit": 3}
    before = (await ask(http, world.viewer, **asked)).json()
    elsewhere = {"workspace_id": world.elsewhere.id, "project_id": Id(), "tags": ["theirs"]}
    for number in range(20):
        await made_media(world, 1, 0, 0, number / 100, description="theirs", **elsewhere)
    after = (await ask(http, world.viewer, **asked)).json()
    assert after == before
    assert await found(http, world.stranger, vector=EAST) == ["theirs"] * 20
    assert len(await found(http, world.admin, vector=EAST, limit=100)) == 25


async def test_those_without_access_find_nothing(http: httpx.AsyncClient, world: World) -> None:
    media = await made_media(world, 1, 0, 0, 0, description="ours")
    assert await found(http, world.collaborator, vector=EAST) == ["ours"]
    assert await found(http, world.stranger, vector=EAST) == []
    assert (await ask(http, world.stranger, media_id=str(media.id))).status_code == 404
    answer = await http.post("/api/v1/media/search", json={"vector": EAST})
    assert answer.status_code == 401


async def test_pages_go_through_everything_whatever_is_added(
    http: httpx.AsyncClient, world: World
) -> None:
    for number in range(25):
        await made_media(world, 1, number // 2, 0, 0, description=f"{number}")
    whole = await found(http, world.viewer, vector=EAST, limit=100)
    pages: list[str] = []
    after = None
    while True:
        answer = (await ask(http, world.viewer, vector=EAST, limit=4, after=after)).json()
        pages += [each["media"]["description"] for each in answer["data"]]
        after = answer["next"]
        if after is None:
            break
        await made_media(world, 1, len(pages) / 3, 0, 0, description="added")
    assert [each for each in pages if each != "added"] == whole
    assert len(whole) == 25


@pytest.mark.parametrize("mode", ["hybrid", "text"])
async def test_pages_of_words_hold_each_once(
    http: httpx.AsyncClient, world: World, mode: str
) -> None:
    await EmbeddingSpace.collection().delete_many({})  # so that the local model is searched by
    await use_words(world)
    first = (await ask(http, world.viewer, text="badger", mode=mode, limit=100)).json()
    whole = [each["media"]["description"] for each in first["data"]]
    pages: list[str] = []
    after = None
    for _ in range(20):
        answer = await ask(http, world.viewer, text="badger", mode=mode, limit=3, after=after)
        page = answer.json()
        pages += [each["media"]["description"] for each in page["data"]]
        after = page["next"]
        if after is None:
            break
        await made_media(world, description="a new badger")
    assert [each for each in pages if each != "a new badger"] == whole
    assert sum("badger" in each for each in whole) == 8


async def use_words(world: World) -> None:
    for number in range(8):
        await made_media(world, description=f"badger {'and hen ' * number}".strip())


async def test_a_text_needs_the_model_of_the_vectors(http: httpx.AsyncClient, world: World) -> None:
    answer = await ask(http, world.viewer, text="fox")
    assert answer.status_code == 503
    assert "test-model" in answer.json()["detail"]


async def test_facets_count_what_is_looked_through(http: httpx.AsyncClient, world: World) -> None:
    await made_media(world, 1, 0, 0, 0, kind="image", tags=["red", "tall"])
    await made_media(world, 0, 1, 0, 0, kind="image", tags=["red"])
    await made_media(world, 0, 1, 0, 0, kind="video", description="badger")
    asked = ["kind", "tags", "project_id"]
    answer = (await ask(http, world.viewer, vector=EAST, facets=asked, limit=1)).json()
    assert answer["facets"] == {
        "kind": {"image": 2, "video": 1},
        "tags": {"red": 2, "tall": 1},
        "project_id": {str(world.project.id): 3},
    }
    answer = (await ask(http, world.viewer, text="badger", mode="text", facets=["kind"])).json()
    assert answer["facets"] == {"kind": {"video": 1}}
    answer = (await ask(http, world.stranger, vector=EAST, facets=asked)).json()
    assert answer["facets"] == {"kind": {}, "tags": {}, "project_id": {}}


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 422),
        ({"text": "fox", "vector": EAST}, 422),
        ({"text": "  "}, 422),
        ({"vector": EAST, "mode": "hybrid"}, 422),
        ({"vector": [1.0]}, 422),
        ({"vector": EAST, "model": "another"}, 422),
        ({"text": "fox", "model": "another"}, 422),
        ({"vector": EAST, "limit": 0}, 422),
        ({"vector": EAST, "filters": {"colour": "red"}}, 422),
        ({"vector": EAST, "facets": ["status"]}, 422),
        ({"vector": EAST, "fields": "secret"}, 400),
        ({"vector": EAST, "after": "AAAA"}, 400),
        ({"media_id": str(Id())}, 404),
    ],
)
async def test_what_makes_no_sense_is_refused(
    http: httpx.AsyncClient, world: World, asked: dict[str, object], status: int
) -> None:
    assert (await ask(http, world.viewer, **asked)).status_code == status


async def test_a_cursor_is_good_for_its_search_only(http: httpx.AsyncClient, world: World) -> None:
    for number in range(3):
        await made_media(world, 1, number, 0, 0)
    first = (await ask(http, world.viewer, vector=EAST, limit=1)).json()
    other = await ask(http, world.viewer, vector=[0, 1, 0, 0], limit=1, after=first["next"])
    assert other.status_code == 400


async def test_one_without_a_vector_is_said_to_have_none(
    http: httpx.AsyncClient, world: World
) -> None:
    media = await made_media(world, description="new")
    answer = await ask(http, world.viewer, media_id=str(media.id))
    assert (answer.status_code, answer.json()["code"]) == (409, "not_embedded")


async def test_the_fields_asked_for_are_answered(http: httpx.AsyncClient, world: World) -> None:
    await made_media(world, 1, 0, 0, 0, tags=["red"])
    answer = (await ask(http, world.viewer, vector=EAST, fields="tags")).json()
    assert answer["data"][0]["media"].keys() == {"id", "tags"}


async def test_deleted_ones_and_other_models_are_not_found(
    http: httpx.AsyncClient, world: World
) -> None:
    await made_media(world, 1, 0, 0, 0, description="deleted", deleted_at=now())
    await made_media(world, 1, 0, 0, 0, description="other", embedding_model="other")
    await made_media(world, 1, 0, 0, 0, description="old", embedding_version="0")
    await made_media(world, 1, 0, 0, 0, description="right")
    assert await found(http, world.viewer, vector=EAST) == ["right"]


async def test_a_search_by_nothing_finds_nothing(http: httpx.AsyncClient, world: World) -> None:
    await made_media(world, 1, 0, 0, 0)
    assert await found(http, world.viewer, vector=[0, 0, 0, 0]) == []


async def test_words_and_meaning_are_fused(http: httpx.AsyncClient, world: World) -> None:
    await EmbeddingSpace.collection().delete_many({})
    texts = ["a badger digs a hole", "an animal burrows underground", "quarterly tax report"]
    for text, vector in zip(texts, embedded(texts), strict=True):
        fields = vector_fields(*vector, space=LocalEmbedder.space)
        await made_media(world, description=text, **fields)
    await made_media(world, description="badger without a vector")
    answer = (await ask(http, world.viewer, text="badger", limit=10)).json()
    hits = {each["media"]["description"]: each["scores"] for each in answer["data"]}
    assert next(iter(hits)) == texts[0]
    assert hits.keys() == {*texts, "badger without a vector"}
    assert hits[texts[0]]["text"] > 0
    assert hits[texts[1]]["text"] is None
    assert hits["badger without a vector"]["vector"] is None
    near = await found(http, world.viewer, text="badger", min_score=hits[texts[1]]["vector"])
    assert texts[2] not in near
    assert "badger without a vector" not in near
    assert await found(http, world.viewer, text="badger", mode="text") != texts
    by_meaning = await found(http, world.viewer, text="badger", mode="vector")
    assert by_meaning[-1] == texts[2]


async def test_a_change_of_the_words_makes_the_embedding_due(
    http: httpx.AsyncClient, world: World
) -> None:
    media = new_media(world, 1, 0, 0, 0, description="before")
    media.embedding_digest = media.words_digest
    media = Media.model_validate(media.stored())
    assert not media.embedding_due
    await media.insert()
    address = f"/api/v1/media/{media.id}"
    headers = as_(world.editor)
    assert (await http.patch(address, json={"alt": "A fox."}, headers=headers)).status_code == 200
    assert not await is_due(media)
    words = {"description": "after"}
    assert (await http.patch(address, json=words, headers=headers)).status_code == 200
    assert await is_due(media)


async def is_due(media: Media) -> bool:
    stored = await Media.collection().find_one({"_id": media.id})
    assert stored is not None
    return bool(stored["embedding_due"])
