"""`q=`: text search in lists."""

from typing import Any

import httpx
import pytest

from app.api import RESOURCES
from app.core.resource import Resource
from app.core.searching import text_fields
from documents.films import Project
from documents.store import Store
from tests.app.support import API, World, as_, codes, made_user, made_workspace, rows
from tests.factories.records import valid

TITLES = ("fox", "fox fox hound", "the fox and the hound", "hound", "wolf", "Fox!", "fox den")


@pytest.fixture
async def films(world: World) -> list[Project]:
    made = [
        valid(Project, workspace_id=world.workspace.id, created_by=world.owner.id, title=title)
        for title in TITLES
    ]
    foreign = valid(
        Project, workspace_id=world.elsewhere.id, created_by=world.stranger.id, title="fox"
    )
    await Project.insert_all([*made, foreign])
    return made


async def found(http: httpx.AsyncClient, world: World, **asked: Any) -> list[str]:
    return [each["title"] for each in await rows(http, "projects", world.viewer, **asked)]


class TestSearch:
    async def test_finds_words_within_reach(
        self, http: httpx.AsyncClient, world: World, films: list[Project]
    ) -> None:
        assert sorted(await found(http, world, q="FOX")) == sorted(
            ["The Fox", *(title for title in TITLES if "fox" in title.lower())]
        )
        assert await found(http, world, q="wolf") == ["wolf"]
        assert await found(http, world, q="bear") == []

    async def test_the_best_match_comes_first(
        self, http: httpx.AsyncClient, world: World, films: list[Project]
    ) -> None:
        titles = await found(http, world, q="fox")
        assert titles[0] == "fox fox hound"
        assert titles[-1] == "the fox and the hound"

    @pytest.mark.parametrize(
        ("words", "titles"),
        [
            ('"the hound"', ["the fox and the hound"]),
            ("fox -hound -den -the", ["fox", "Fox!"]),
            ("wolf bear", ["wolf"]),
            ("$where", []),
            ('{"$gt": ""}', []),
        ],
    )
    async def test_phrases_and_exclusions(
        self,
        http: httpx.AsyncClient,
        world: World,
        films: list[Project],
        words: str,
        titles: list[str],
    ) -> None:
        assert sorted(await found(http, world, q=words)) == sorted(titles)

    @pytest.mark.parametrize("limit", [1, 2, 3])
    async def test_pages_are_the_whole_in_parts(
        self, http: httpx.AsyncClient, world: World, films: list[Project], limit: int
    ) -> None:
        whole = await found(http, world, q="fox", limit=100)
        assert await found(http, world, q="fox", limit=limit) == whole
        assert len(whole) == 6

    async def test_pages_stay_whole_while_others_write(
        self, http: httpx.AsyncClient, world: World, films: list[Project]
    ) -> None:
        headers = as_(world.viewer)
        asked: dict[str, Any] = {"q": "fox", "limit": 2}
        page = (await http.get(f"{API}/projects", params=asked, headers=headers)).json()
        seen = [each["id"] for each in page["data"]]
        await valid(
            Project, workspace_id=world.workspace.id, created_by=world.owner.id, title="fox"
        ).insert()
        await Project.collection().delete_one({"_id": films[2].id})
        while page["next"]:
            asked["after"] = page["next"]
            page = (await http.get(f"{API}/projects", params=asked, headers=headers)).json()
            seen += [each["id"] for each in page["data"]]
        assert len(seen) == len(set(seen))
        kept = {str(each.id) for each in films if "fox" in each.title.lower()}
        assert kept - {str(films[2].id)} <= set(seen)

    async def test_with_filters_fields_and_count(
        self, http: httpx.AsyncClient, world: World, films: list[Project]
    ) -> None:
        await Project.collection().update_one(
            {"_id": films[0].id}, {"$set": {"status": "production"}}
        )
        asked = {"q": "fox", "status": "production", "count": "true", "fields": "title"}
        answer = await http.get(f"{API}/projects", params=asked, headers=as_(world.owner))
        row = {"id": str(films[0].id), "title": "fox"}
        assert answer.json() == {"data": [row], "next": None, "count": 1}

    async def test_streamed(
        self, http: httpx.AsyncClient, world: World, films: list[Project]
    ) -> None:
        headers = {**as_(world.viewer), "Accept": "application/x-ndjson"}
        answer = await http.get(f"{API}/projects", params={"q": "fox"}, headers=headers)
        assert len(answer.text.splitlines()) == 6

    async def test_who_reaches_nothing_finds_nothing(
        self, http: httpx.AsyncClient, films: list[Project]
    ) -> None:
        assert await rows(http, "projects", await made_user(), q="fox") == []

    async def test_the_deleted_are_not_found(
        self, http: httpx.AsyncClient, world: World, films: list[Project]
    ) -> None:
        await Project.collection().update_one(
            {"_id": films[4].id}, {"$set": {"deleted_at": films[4].created_at}}
        )
        assert await found(http, world, q="wolf") == []


class TestRefused:
    @pytest.mark.parametrize(
        "asked",
        [
            {"q": "x"},
            {"q": " x "},
            {"q": ""},
            {"q": "x" * 201},
            {"q": "fox", "sort": "id"},
            {"q": "fox", "nothing": "x"},
            {"q": "fox", "q[in]": "x"},
        ],
    )
    async def test_what_cannot_be_searched_for(
        self, http: httpx.AsyncClient, world: World, asked: dict[str, str]
    ) -> None:
        answer = await http.get(f"{API}/projects", params=asked, headers=as_(world.owner))
        assert codes(answer) == (400, "bad_query")

    async def test_a_cursor_of_other_words(
        self, http: httpx.AsyncClient, world: World, films: list[Project]
    ) -> None:
        path, headers = f"{API}/projects", as_(world.owner)
        page = await http.get(path, params={"q": "fox", "limit": 1}, headers=headers)
        cursor = page.json()["next"]
        for asked in ({"q": "hound"}, {}, {"q": "fox", "status": "concept"}):
            answer = await http.get(path, params={**asked, "after": cursor}, headers=headers)
            assert codes(answer) == (400, "bad_query")

    @pytest.mark.parametrize(
        "resource",
        [each for each in RESOURCES if not text_fields(each.model)],
        ids=lambda each: str(each.path),
    )
    async def test_where_there_is_no_text_index(
        self, http: httpx.AsyncClient, world: World, resource: Resource
    ) -> None:
        path = f"{API}/{resource.path}"
        answer = await http.get(path, params={"q": "fox"}, headers=as_(world.admin))
        assert codes(answer) == (400, "bad_query")


@pytest.mark.parametrize(
    "resource",
    [each for each in RESOURCES if text_fields(each.model)],
    ids=lambda each: str(each.path),
)
async def test_every_search_uses_the_text_index(
    store: Store, http: httpx.AsyncClient, world: World, resource: Resource
) -> None:
    workspace = await made_workspace(world.owner)
    asked = {"q": "fox", "workspace_id": str(workspace.id)}
    known = {name: value for name, value in asked.items() if name in resource.listing.names}
    answer = await http.get(
        f"{API}/{resource.path}", params={**known, "q": "fox"}, headers=as_(world.owner)
    )
    assert answer.status_code == 200, answer.text
    plan = await store.database.command(
        "explain",
        {
            "aggregate": resource.model.collection_name(),
            "pipeline": [{"$match": {"$text": {"$search": "fox"}, "deleted_at": None}}],
            "cursor": {},
        },
    )
    assert "TEXT" in str(plan)
    assert "COLLSCAN" not in str(plan)
