"""`GET /media/{id}/duplicates`: what is found, and for whom."""

from typing import Any

import httpx

from app.library.duplicates_keys import likeness
from documents.library import Media
from tests.app.support import API, World, as_, codes
from tests.factories.records import valid


async def stored(world: World, hashed: str | None = None, **given: Any) -> Media:
    """A picture of the studio's project."""
    prints = [] if hashed is None else [hashed]
    values = {
        "workspace_id": world.workspace.id,
        "project_id": world.project.id,
        "kind": "image",
        "picture_prints": prints,
        "likeness": likeness("image", prints, None),
        **given,
    }
    return await valid(Media, **values).insert()


async def found(http: httpx.AsyncClient, world: World, media: Media) -> list[dict[str, Any]]:
    path = f"{API}/media/{media.id}/duplicates"
    answer = await http.get(path, headers=as_(world.viewer))
    assert answer.status_code == 200
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


async def test_the_same_and_the_alike_nearest_first(http: httpx.AsyncClient, world: World) -> None:
    one = await stored(world, "c2924c5532bddfc8", sha256="a" * 64)
    same = await stored(world, "c2924c5532bddfc8", sha256="a" * 64)
    near = await stored(world, "c2924c5532bddfc1")
    nearer = await stored(world, "c2924c5532bddfc9")
    await stored(world, "3d6db3aacd422037")
    rows = await found(http, world, one)
    assert [row["media_id"] for row in rows] == [str(each.id) for each in (same, nearer, near)]
    assert [(row["match"], row["by"]) for row in rows] == [
        ("exact", "content"),
        ("near", "picture"),
        ("near", "picture"),
    ]
    assert [row["distance"] for row in rows] == [0, 1 / 64, 2 / 64]
    path = f"{API}/media/{one.id}/duplicates?limit=1"
    answer = await http.get(path, headers=as_(world.viewer))
    assert len(answer.json()["data"]) == 1


async def test_other_workspaces_and_deleted_files_are_out_of_reach(
    http: httpx.AsyncClient, world: World
) -> None:
    one = await stored(world, "c2924c5532bddfc8", sha256="a" * 64)
    await stored(world, "c2924c5532bddfc8", workspace_id=world.elsewhere.id, sha256="a" * 64)
    await stored(world, "c2924c5532bddfc8", deleted_at=one.created_at)
    assert await found(http, world, one) == []


async def test_a_file_that_nobody_looked_at_is_found_by_its_content(
    http: httpx.AsyncClient, world: World
) -> None:
    one, same = [await stored(world, sha256="b" * 64) for _ in range(2)]
    await stored(world)
    [row] = await found(http, world, one)
    assert row["media_id"] == str(same.id)


async def test_strangers_learn_nothing(http: httpx.AsyncClient, world: World) -> None:
    path = f"{API}/media/{world.media.id}/duplicates"
    assert codes(await http.get(path, headers=as_(world.stranger))) == (404, "not_found")
    assert codes(await http.get(path)) == (401, "not_signed_in")


async def test_the_search_is_served_by_an_index(world: World) -> None:
    one = await stored(world, "c2924c5532bddfc8")
    for number in range(50):
        await stored(world, f"{number * 0x0123456789ABCDEF % 2**64:016x}")
    query = {"workspace_id": world.workspace.id, "likeness": {"$in": one.likeness}}
    plan = await Media.collection().find(query).explain()
    assert plan["executionStats"]["totalDocsExamined"] <= 5
    assert "likeness" in str(plan["queryPlanner"]["winningPlan"])
