"""Lists and single records, over the real application."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args, get_origin

import httpx
import orjson
import pytest
from bson import ObjectId

from app.api import RESOURCES
from app.core.cursors import Cursors
from app.core.query import Page, Reach
from app.core.resource import Resource
from app.identity.service import actor_of
from documents.base import OnRequest, Record, Scope, mark, within
from documents.channels import VideoAnalytics
from documents.films import Episode, Project
from documents.identity import Member, PlatformConnection, Workspace
from documents.ledger import GenerationCost
from documents.library import Media
from documents.production import Task
from documents.store import Store
from documents.values import Id, now
from tests.app.support import API, World, as_, codes, made_user, made_workspace, nobody_has, rows
from tests.factories.records import valid

BY_PATH = {each.path: each for each in RESOURCES}
INSIDE = ["projects", "episodes", "characters", "scenes", "media", "tasks"]


@pytest.fixture
async def task(world: World) -> Task:
    return await valid(
        Task,
        workspace_id=world.workspace.id,
        project_id=world.project.id,
        kind="films.draw_panel",
    ).insert()


def id_of(world: World, task: Task, path: str) -> str:
    records: Mapping[str, Record] = {
        "projects": world.project,
        "episodes": world.episode,
        "characters": world.character,
        "scenes": world.scene,
        "media": world.media,
        "tasks": task,
    }
    return str(records[path].id)


class TestWhoSeesWhat:
    @pytest.mark.parametrize("path", INSIDE)
    @pytest.mark.parametrize(
        ("who", "sees"),
        [
            ("owner", True),
            ("editor", True),
            ("viewer", True),
            ("collaborator", True),
            ("producer", True),
            ("admin", True),
            ("stranger", False),
        ],
    )
    async def test_in_a_project(
        self, http: httpx.AsyncClient, world: World, task: Task, path: str, who: str, sees: bool
    ) -> None:
        key, user = id_of(world, task, path), getattr(world, who)
        answer = await http.get(f"{API}/{path}/{key}", headers=as_(user))
        listed = [each["id"] for each in await rows(http, path, user)]
        if sees:
            assert (answer.status_code, listed) == (200, [key])
        else:
            assert codes(answer) == (404, "not_found")
            assert listed == []

    @pytest.mark.parametrize("path", INSIDE)
    async def test_nobody_without_a_token(
        self, http: httpx.AsyncClient, world: World, task: Task, path: str
    ) -> None:
        for address in (path, f"{path}/{id_of(world, task, path)}"):
            assert codes(await http.get(f"{API}/{address}")) == (401, "not_signed_in")

    @pytest.mark.parametrize("path", INSIDE)
    async def test_the_deleted_is_invisible_even_to_admins(
        self, http: httpx.AsyncClient, world: World, task: Task, path: str
    ) -> None:
        model = BY_PATH[path].model
        await model.collection().update_many({}, {"$set": {"deleted_at": now()}})
        key = id_of(world, task, path)
        answer = await http.get(f"{API}/{path}/{key}", headers=as_(world.admin))
        assert codes(answer) == (404, "not_found")
        assert await rows(http, path, world.admin) == []

    async def test_a_collaborator_sees_his_project_only(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        other = await valid(
            Project, workspace_id=world.workspace.id, created_by=world.owner.id
        ).insert()
        await valid(
            Episode, workspace_id=world.workspace.id, project_id=other.id, episode_number=1
        ).insert()
        shared = await valid(Media, workspace_id=world.workspace.id).insert()
        for path in ("projects", "episodes", "media"):
            assert len(await rows(http, path, world.collaborator)) == 1
        answer = await http.get(f"{API}/media/{shared.id}", headers=as_(world.collaborator))
        assert codes(answer) == (404, "not_found")

    async def test_a_removed_member_sees_nothing_more(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        await Workspace.collection().update_one(
            {"_id": world.workspace.id}, {"$pull": {"members": {"user_id": world.editor.id}}}
        )
        for path in ("projects", "episodes", "workspaces"):
            assert await rows(http, path, world.editor) == []

    async def test_users_see_themselves_and_admins_all(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        assert [each["name"] for each in await rows(http, "users", world.viewer)] == ["viewer"]
        assert len(await rows(http, "users", world.admin)) == 7
        answer = await http.get(f"{API}/users/{world.owner.id}", headers=as_(world.viewer))
        assert codes(answer) == (404, "not_found")

    @pytest.mark.parametrize(
        ("who", "subjects"),
        [
            ("owner", {"workspaces", "projects"}),
            ("producer", {"workspaces", "projects"}),
            ("admin", {"workspaces", "projects"}),
            ("editor", {"projects"}),
            ("collaborator", {"projects"}),
            ("viewer", set()),
            ("stranger", set()),
        ],
    )
    async def test_the_books(
        self, http: httpx.AsyncClient, world: World, who: str, subjects: set[str]
    ) -> None:
        for name, key, project in (
            ("workspaces", world.workspace.id, None),
            ("projects", world.project.id, world.project.id),
        ):
            await valid(
                GenerationCost,
                workspace_id=world.workspace.id,
                project_id=project,
                subject={"collection": name, "id": key},
            ).insert()
        user = getattr(world, who)
        asked = {"workspace_id": str(world.workspace.id)} if who == "admin" else {}
        found = await rows(http, "costs", user, **asked)
        assert {each["subject"]["collection"] for each in found} == subjects


class TestOne:
    async def test_shows_what_the_schema_promises(
        self, http: httpx.AsyncClient, world: World, task: Task
    ) -> None:
        schemas = (await http.get("/openapi.json")).json()["components"]["schemas"]
        for path in INSIDE:
            key = id_of(world, task, path)
            answer = (await http.get(f"{API}/{path}/{key}", headers=as_(world.owner))).json()
            schema = schemas[f"{BY_PATH[path].model.__name__}Read"]
            promised = set(schema["properties"])
            fields = BY_PATH[path].model.model_fields
            later = {name for name, field in fields.items() if mark(field, OnRequest)}
            assert answer.keys() == promised - later
            assert next(iter(answer)) == "id"
            assert answer["created_at"].endswith("Z")

    async def test_listed_the_same_as_read(self, http: httpx.AsyncClient, world: World) -> None:
        read = await http.get(f"{API}/projects/{world.project.id}", headers=as_(world.owner))
        assert await rows(http, "projects", world.owner) == [read.json()]

    async def test_if_none_match(self, http: httpx.AsyncClient, world: World) -> None:
        path, headers = f"{API}/projects/{world.project.id}", as_(world.owner)
        tag = (await http.get(path, headers=headers)).headers["etag"]
        again = await http.get(path, headers={**headers, "If-None-Match": f'"0", {tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", '"1"')
        await Project.write_one({"_id": world.project.id}, {"$set": {"title": "Other"}})
        changed = await http.get(path, headers={**headers, "If-None-Match": tag})
        assert (changed.status_code, changed.json()["title"]) == (200, "Other")

    async def test_fields(self, http: httpx.AsyncClient, world: World) -> None:
        path, headers = f"{API}/projects/{world.project.id}", as_(world.owner)
        some = await http.get(
            path, headers=headers, params={"fields": "title,project_settings.aspect_ratio"}
        )
        assert some.json() == {
            "id": str(world.project.id),
            "title": "The Fox",
            "project_settings": {"aspect_ratio": "16:9"},
        }
        assert some.headers["etag"] == '"1"'
        both = await http.get(
            path, headers=headers, params={"fields": "progress,progress.current_phase"}
        )
        assert len(both.json()["progress"]) == 3

    @pytest.mark.parametrize("query", ["fields=", "fields=nope", "fields=$where", "other=1"])
    async def test_what_is_not_offered(
        self, http: httpx.AsyncClient, world: World, query: str
    ) -> None:
        path = f"{API}/projects/{world.project.id}?{query}"
        assert codes(await http.get(path, headers=as_(world.owner))) == (400, "bad_query")

    @pytest.mark.parametrize("key", ["x", "1", "0" * 23, "g" * 24, "null", "%7B%22$gt%22:1%7D"])
    async def test_bad_ids(self, http: httpx.AsyncClient, world: World, key: str) -> None:
        answer = await http.get(f"{API}/projects/{key}", headers=as_(world.owner))
        assert codes(answer) == (422, "invalid")
        assert answer.json()["errors"][0]["location"] == "path"

    async def test_an_unknown_id(self, http: httpx.AsyncClient, world: World) -> None:
        answer = await http.get(f"{API}/projects/{nobody_has()}", headers=as_(world.admin))
        assert codes(answer) == (404, "not_found")


class TestSecrets:
    async def test_nested_ones_never_leave(self, http: httpx.AsyncClient, world: World) -> None:
        connection = PlatformConnection(
            platform="youtube", account_id="UC1", credentials="gAAAAAdo-not-tell=="
        )
        await Workspace.collection().update_one(
            {"_id": world.workspace.id}, {"$set": {"connections": [connection.model_dump()]}}
        )
        path, headers = f"{API}/workspaces/{world.workspace.id}", as_(world.owner)
        answers = [
            await http.get(path, headers=headers),
            await http.get(f"{path}?fields=connections", headers=headers),
            await http.get(f"{API}/workspaces", headers=headers),
            await http.get(f"{API}/workspaces?fields=connections,name", headers=headers),
            await http.get(f"{path}?fields=connections.credentials", headers=headers),
        ]
        assert [each.status_code for each in answers] == [200, 200, 200, 200, 400]
        assert not any("do-not-tell" in each.text for each in answers)
        assert answers[1].json()["connections"][0]["account_id"] == "UC1"

    @pytest.mark.parametrize("name", ["password_hash", "revision_id"])
    async def test_cannot_be_asked_for(
        self, http: httpx.AsyncClient, world: World, name: str
    ) -> None:
        path = f"{API}/users/{world.owner.id}"
        answer = await http.get(f"{path}?fields={name}", headers=as_(world.owner))
        assert codes(answer) == (400, "bad_query")
        assert name not in (await http.get(path, headers=as_(world.owner))).json()


class TestValues:
    async def test_vectors_on_request_only(self, http: httpx.AsyncClient, world: World) -> None:
        media = await valid(
            Media, workspace_id=world.workspace.id, embedding=[0.5, -0.25], embedding_model="m"
        ).insert()
        path, headers = f"{API}/media/{media.id}", as_(world.owner)
        assert "embedding" not in (await http.get(path, headers=headers)).json()
        asked = await http.get(f"{path}?fields=embedding", headers=headers)
        assert asked.json() == {"id": str(media.id), "embedding": [0.5, -0.25]}

    async def test_money_is_a_plain_string(self, http: httpx.AsyncClient, world: World) -> None:
        row = await valid(
            GenerationCost,
            workspace_id=world.workspace.id,
            amount=Decimal("0.000000000001"),
            estimated_amount=Decimal("0E-12"),
        ).insert()
        answer = await http.get(f"{API}/costs/{row.id}", headers=as_(world.owner))
        assert answer.json()["amount"] == "0.000000000001"
        assert Decimal(answer.json()["estimated_amount"]) == 0
        assert "E" not in answer.json()["estimated_amount"]


class TestPages:
    @pytest.mark.parametrize("sort", ["id", "-id"])
    async def test_stay_whole_while_others_write(
        self, http: httpx.AsyncClient, world: World, sort: str
    ) -> None:
        await Project.collection().delete_many({})
        made = [await self.project(world) for _ in range(7)]
        expected = {str(each.id) for each in made}
        seen: list[str] = []
        asked: dict[str, Any] = {"limit": 2, "sort": sort}
        while True:
            page = (
                await http.get(f"{API}/projects", params=asked, headers=as_(world.owner))
            ).json()
            seen += [each["id"] for each in page["data"]]
            if page["next"] is None:
                break
            asked["after"] = page["next"]
            await Project.collection().delete_one({"_id": ObjectId(seen[-1])})
            early, late = ObjectId("0" * 24), ObjectId("f" * 24)
            await self.project(world, id=Id(early if sort == "id" else late))
            await Project.collection().delete_many({"_id": {"$in": [early, late]}})
        assert seen == sorted(expected, reverse=sort == "-id")

    async def project(self, world: World, **given: Any) -> Project:
        return await valid(Project, **{"workspace_id": world.workspace.id, **given}).insert()

    @pytest.mark.parametrize("sort", ["created_at", "-created_at"])
    async def test_over_two_fields_with_ties(
        self, http: httpx.AsyncClient, world: World, sort: str
    ) -> None:
        start = datetime(2026, 1, 1, tzinfo=UTC)
        for number in range(9):
            await valid(
                GenerationCost,
                workspace_id=world.workspace.id,
                created_at=start + timedelta(seconds=number // 4),
                api_call_id=str(number),
            ).insert()
        found = await rows(http, "costs", world.owner, sort=sort, limit=2)
        assert sorted(each["api_call_id"] for each in found) == [str(n) for n in range(9)]
        moments = [each["created_at"] for each in found]
        assert moments == sorted(moments, reverse=sort[0] == "-")

    @pytest.mark.parametrize("path", ["audit", "costs", "video-analytics", "projects"])
    def test_newest_first_unless_asked_otherwise(self, path: str) -> None:
        listing = BY_PATH[path].listing
        for reach in ("all", "scoped"):
            page = listing.page([("workspace_id", str(Id()))], reach, Cursors(b"any"))
            assert page.order[0][1] == -1

    async def test_unique_sort(self, http: httpx.AsyncClient, world: World) -> None:
        for number in range(2, 8):
            await valid(
                Episode,
                workspace_id=world.workspace.id,
                project_id=world.project.id,
                episode_number=number,
            ).insert()
        asked = {"project_id": str(world.project.id), "limit": 2}
        up = await rows(http, "episodes", world.viewer, **asked, sort="episode_number")
        down = await rows(http, "episodes", world.viewer, **asked, sort="-episode_number")
        assert [each["episode_number"] for each in up] == [*range(1, 8)]
        assert up == down[::-1]

    async def test_of_workspaces_and_shared_projects_together(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        """Rows that are reached in two ways are merged in order, and none comes twice."""
        guest = await made_user()
        homes = [await made_workspace(guest), await made_workspace(guest)]
        places = [*homes, world.workspace] * 3
        for number, workspace in enumerate(places):
            shared = [guest.id] if number % 3 != 1 else []
            await self.project(
                world, workspace_id=workspace.id, collaborator_ids=shared, title=f"p{number}"
            )
        expected = [f"p{number}" for number in range(9)]
        for sort, titles in (("id", expected), ("-id", expected[::-1])):
            found = await rows(http, "projects", guest, sort=sort, limit=2)
            assert [each["title"] for each in found] == titles
        headers = {**as_(guest), "Accept": "application/x-ndjson"}
        streamed = await http.get(f"{API}/projects?sort=id&fields=title", headers=headers)
        assert [orjson.loads(line)["title"] for line in streamed.content.splitlines()] == expected
        page = await http.get(f"{API}/projects?count=true&limit=1", headers=as_(guest))
        assert page.json()["count"] == 9

    async def test_the_sort_field_is_not_answered_unasked(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        asked = {"project_id": str(world.project.id), "fields": "title"}
        assert await rows(http, "episodes", world.owner, **asked) == [
            {"id": str(world.episode.id), "title": "Pilot"}
        ]

    async def test_counted_on_request(self, http: httpx.AsyncClient, world: World) -> None:
        for _ in range(3):
            await self.project(world, status="production")
        for query, count in (("status=production&limit=1", 3), ("limit=1", 4)):
            path = f"{API}/projects?{query}&count=true"
            page = (await http.get(path, headers=as_(world.owner))).json()
            assert (page["count"], len(page["data"])) == (count, 1)
            after = f"{path}&after={page['next']}"
            assert (await http.get(after, headers=as_(world.owner))).json()["count"] == count
        assert "count" not in (await http.get(f"{API}/projects", headers=as_(world.owner))).json()

    async def test_streamed_whole(self, http: httpx.AsyncClient, world: World) -> None:
        inside = {"workspace_id": world.workspace.id, "project_id": world.project.id}
        made = [valid(Media, **inside, filename=f"{n}.png") for n in range(1_100)]
        await Media.insert_all(made)
        headers = {**as_(world.viewer), "Accept": "application/x-ndjson"}
        query = f"project_id={world.project.id}&fields=filename&sort=id"
        answer = await http.get(f"{API}/media?{query}", headers=headers)
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        lines = [orjson.loads(line) for line in answer.content.splitlines()]
        assert [each["filename"] for each in lines[1:]] == [f"{n}.png" for n in range(1_100)]
        few = await http.get(f"{API}/media?{query}&limit=3", headers=headers)
        assert few.content.splitlines() == answer.content.splitlines()[:3]

    async def test_an_empty_stream(self, http: httpx.AsyncClient, world: World) -> None:
        headers = {**as_(world.stranger), "Accept": "application/x-ndjson"}
        answer = await http.get(f"{API}/media", headers=headers)
        assert (answer.status_code, answer.content.strip()) == (200, b"")


class TestFilters:
    async def test_combine(self, http: httpx.AsyncClient, world: World) -> None:
        other = await made_workspace(world.owner)
        for workspace in (world.workspace, other):
            for status in ("production", "completed"):
                await valid(Project, workspace_id=workspace.id, status=status).insert()

        async def found(**asked: str) -> int:
            return len(await rows(http, "projects", world.owner, **asked))

        assert await found(status="production") == 2
        assert await found(**{"status[in]": "production,completed"}) == 4
        assert await found(workspace_id=str(other.id)) == 2
        assert await found(workspace_id=str(other.id), status="completed", sort="id") == 1
        assert await found(workspace_id=str(world.elsewhere.id)) == 0

    async def test_ranges(self, http: httpx.AsyncClient, world: World) -> None:
        start = datetime(2026, 1, 1, tzinfo=UTC)
        for day in range(5):
            await valid(
                GenerationCost,
                workspace_id=world.workspace.id,
                created_at=start + timedelta(days=day),
            ).insert()

        async def found(**asked: str) -> list[str]:
            got = await rows(http, "costs", world.owner, **asked, limit=2)
            return [each["created_at"][8:10] for each in got]

        assert await found(**{"created_at[gte]": "2026-01-03T00:00:00Z"}) == ["05", "04", "03"]
        between = {
            "created_at[gt]": "2026-01-01T00:00:00Z",
            "created_at[lte]": "2026-01-04T01:00:00+01:00",
        }
        assert await found(**between, sort="created_at") == ["02", "03", "04"]

    async def test_a_filter_does_not_widen_the_scope(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        asked = {"project_id": str(world.project.id)}
        for path in ("episodes", "media"):
            assert await rows(http, path, world.stranger, **asked) == []
            assert len(await rows(http, path, world.collaborator, **asked)) == 1

    @pytest.mark.parametrize(
        "query",
        [
            "status[$ne]=x",
            "status[ne]=concept",
            "status[gt]=concept",
            "title=Fox",
            "sort=title",
            "sort=",
            "sort=-",
            "sort=--id",
            "limit=0",
            "limit=101",
            "limit=x",
            "limit=1.5",
            "limit=%D9%A1",
            "limit=",
            "after=nonsense",
            "after=",
            "after=%00",
            "status=nope",
            "status[in]=concept,nope",
            "status[in]=" + ",".join(["concept"] * 21),
            "status=concept&status=production",
            "status=concept&status[in]=concept",
            "workspace_id=x",
            "workspace_id[$gt]=",
            "fields=nope",
            "fields=title,password_hash",
            "created_at[gte]=2026-01-01T00:00:00Z",
            "$where=1",
            "count=maybe",
            "genre=drama",
        ],
    )
    async def test_what_no_index_serves_is_refused(
        self, http: httpx.AsyncClient, world: World, query: str
    ) -> None:
        answer = await http.get(f"{API}/projects?{query}", headers=as_(world.owner))
        assert codes(answer) == (400, "bad_query"), answer.text

    @pytest.mark.parametrize(
        "query",
        [
            "created_at[gte]=monday",
            "created_at[gte]=2026-01-01",
            "created_at[gte]=2026-01-01T00:00:00",
            "created_at[gte]=0001-01-01T00:00:00%2B23:00",
            "created_at[gte]=99999999999999999999",
            "created_at[gte]=2026-01-01T00:00:00Z&sort=id",
        ],
    )
    async def test_moments_without_meaning(
        self, http: httpx.AsyncClient, world: World, query: str
    ) -> None:
        answer = await http.get(f"{API}/costs?{query}", headers=as_(world.owner))
        assert codes(answer) == (400, "bad_query"), answer.text

    async def test_numbers_beyond_the_store(self, http: httpx.AsyncClient, world: World) -> None:
        inside = f"project_id={world.project.id}&episode_id={world.episode.id}"
        path = f"{API}/scenes?{inside}&scene_number[gt]={'9' * 30}"
        assert codes(await http.get(path, headers=as_(world.owner))) == (400, "bad_query")

    async def test_the_refusal_names_what_is_served(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        answer = await http.get(f"{API}/projects?status=concept", headers=as_(world.admin))
        assert codes(answer) == (400, "bad_query")
        assert "status&workspace_id&sort=id" in answer.json()["allowed"]

    async def test_members_of_very_many_workspaces_name_one(
        self, http: httpx.AsyncClient, world: World
    ) -> None:
        many = [
            Workspace(name="W", created_by=world.owner.id, members=[Member(user_id=world.owner.id)])
            for _ in range(201)
        ]
        await Workspace.insert_all(many)
        answer = await http.get(f"{API}/projects", headers=as_(world.owner))
        assert codes(answer) == (400, "bad_query")
        assert "workspace_id" in answer.json()["detail"]
        one = {"workspace_id": str(world.workspace.id)}
        assert len(await rows(http, "projects", world.owner, **one)) == 1


class TestCursors:
    async def cursor(self, http: httpx.AsyncClient, world: World, query: str = "") -> str:
        for number in range(2):
            await valid(
                Media,
                workspace_id=world.workspace.id,
                project_id=world.project.id,
                version=number + 1,
            ).insert()
        answer = await http.get(f"{API}/media?limit=1{query}", headers=as_(world.owner))
        cursor: str = answer.json()["next"]
        assert cursor
        return cursor

    async def test_belong_to_one_list(self, http: httpx.AsyncClient, world: World) -> None:
        cursor = await self.cursor(http, world)
        for address in (
            f"media?after={cursor}&sort=id",
            f"media?after={cursor}&media_type=upload",
            f"projects?after={cursor}",
        ):
            answer = await http.get(f"{API}/{address}", headers=as_(world.owner))
            assert codes(answer) == (400, "bad_query")
        good = await http.get(f"{API}/media?after={cursor}&limit=50", headers=as_(world.owner))
        assert good.status_code == 200

    async def test_tampering_shows(self, http: httpx.AsyncClient, world: World) -> None:
        cursor = await self.cursor(http, world)
        for place in range(0, len(cursor), 5):
            other = "A" if cursor[place] != "A" else "B"
            forged = cursor[:place] + other + cursor[place + 1 :]
            answer = await http.get(f"{API}/media?after={forged}", headers=as_(world.owner))
            assert codes(answer) == (400, "bad_query")

    async def test_of_another_key(self, http: httpx.AsyncClient, world: World) -> None:
        listing = BY_PATH["media"].listing
        page = listing.page([], "scoped", Cursors(b"k"))
        forged = Cursors(b"another key").written(page.listing, [Id(), Id()])
        answer = await http.get(f"{API}/media?after={forged}", headers=as_(world.owner))
        assert codes(answer) == (400, "bad_query")

    async def test_carry_no_rights(self, http: httpx.AsyncClient, world: World) -> None:
        cursor = await self.cursor(http, world)
        answer = await http.get(f"{API}/media?after={cursor}", headers=as_(world.stranger))
        assert answer.json() == {"data": [], "next": None}


def stages(plan: Any) -> set[str]:
    """Every stage of a query plan."""
    if isinstance(plan, list):
        return {each for part in plan for each in stages(part)}
    if not isinstance(plan, dict):
        return set()
    inside = {each for part in plan.values() for each in stages(part)}
    return inside | ({plan["stage"]} if "stage" in plan else set())


def walks(plan: Any) -> bool:
    """Whether the plan goes through an index without knowing the value of its first field."""
    if isinstance(plan, list):
        return any(walks(each) for each in plan)
    if not isinstance(plan, dict):
        return False
    if plan.get("stage") == "IXSCAN":
        intervals = next(iter(plan["indexBounds"].values()))
        ends = [each[1:-1].split(", ") for each in intervals]
        return any(low != high for low, high in ends)
    return any(walks(each) for each in plan.values())


def sample(resource: Resource, name: str, world: World) -> str:
    """A value by which the list can be cut down."""
    if name == "workspace_id":
        return str(world.workspace.id)
    kind = resource.model.model_fields[name].annotation if "." not in name else Id
    if kind is bool:
        return "true"
    first = next(iter([each for each in get_args(kind) if each is not type(None)]), kind)
    if kind is int or get_origin(first) is not None:
        first = next(iter(get_args(first)), 1)
    return str(first) if isinstance(first, str | int) else str(ObjectId())


def place_of(resource: Resource, sort: str) -> Any:
    """A value behind which a page can begin."""
    if sort == "_id":
        return ObjectId()
    kind = resource.model.model_fields[sort].annotation
    return now() if kind in (datetime, date) else 1


def shown(name: str) -> str:
    return "id" if name == "_id" else name


async def planned(store: Store, resource: Resource, scope: Scope, page: Page) -> list[Any]:
    collection = store.database[resource.model.collection_name()]
    plans = []
    for query, hint in resource.reading.plan(scope, page):
        found = collection.find(query, sort=page.order, limit=21, hint=hint)
        plans.append((await found.explain())["queryPlanner"]["winningPlan"])
    return plans


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: str(each.path))
@pytest.mark.parametrize("reach", ["all", "scoped"])
async def test_every_list_that_can_be_asked_for_uses_an_index(
    resource: Resource, reach: Reach, store: Store, world: World
) -> None:
    """No collection scan and no sorting in memory, whatever goes together and whoever asks."""
    await made_workspace(world.owner)
    cursors = Cursors(b"k")
    guest = await made_user()
    await made_workspace(guest)
    await Project.collection().update_one(
        {"_id": world.project.id}, {"$push": {"collaborator_ids": guest.id}}
    )
    people = (world.owner, world.editor, world.collaborator, world.producer, guest)
    for user in people if reach == "scoped" else [world.admin]:
        actor = await actor_of(user.id)
        scope = True if reach == "all" else resource.access.read(actor)
        for (equal, sort), served in resource.listing.served[reach].items():
            asked = [(shown(name), sample(resource, name, world)) for name in equal]
            asked += [("sort", shown(sort))]
            first = resource.listing.page(asked, reach, cursors)
            assert first.served == served
            after = cursors.written(first.listing, [place_of(resource, sort), ObjectId()])
            second = resource.listing.page([*asked, ("after", after)], reach, cursors)
            for page in (first, second):
                plan = await planned(store, resource, scope, page)
                assert "COLLSCAN" not in stages(plan), (asked, scope, plan)
                # What is shared project by project is little and may be sorted in memory.
                assert actor.projects or "SORT" not in stages(plan), (asked, scope, plan)
                assert reach == "all" or not walks(plan), (asked, scope, plan)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: str(each.path))
async def test_every_list_answers_its_usual_page(
    http: httpx.AsyncClient, world: World, resource: Resource
) -> None:
    for user in (world.owner, world.collaborator, world.stranger, world.admin):
        answer = await http.get(f"{API}/{resource.path}", headers=as_(user))
        assert answer.status_code == 200, answer.text


async def test_a_deep_page_reads_few_keys(store: Store, world: World) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = [
        valid(
            GenerationCost,
            workspace_id=world.workspace.id,
            created_at=start + timedelta(seconds=number // 3),
        )
        for number in range(300)
    ]
    await GenerationCost.insert_all(made)
    resource = BY_PATH["costs"]
    cursors = Cursors(b"k")
    first = resource.listing.page([], "scoped", cursors)
    query = {"workspace_id": {"$in": [world.workspace.id]}}
    found = GenerationCost.collection().find(query, sort=first.order, skip=200, limit=1)
    place = first.place((await found.to_list())[0])
    cursor = cursors.written(first.listing, place)
    page = resource.listing.page([("after", cursor)], "scoped", cursors)
    plan = (
        await GenerationCost.collection()
        .find(within(query, page.query), sort=page.order, limit=21)
        .explain()
    )
    assert plan["executionStats"]["totalKeysExamined"] <= 25


async def test_days_are_days_outside_and_midnights_inside(
    http: httpx.AsyncClient, world: World
) -> None:
    inside = {"workspace_id": world.workspace.id, "video_job_id": Id()}
    for day in (1, 2, 3):
        await valid(VideoAnalytics, **inside, snapshot_date=date(2026, 3, day)).insert()
    job = {"video_job_id": str(inside["video_job_id"])}
    found = await rows(http, "video-analytics", world.viewer, **job, limit=2)
    assert [each["snapshot_date"] for each in found] == ["2026-03-03", "2026-03-02", "2026-03-01"]
    since = await rows(
        http, "video-analytics", world.viewer, **job, **{"snapshot_date[gt]": "2026-03-02"}
    )
    assert [each["snapshot_date"] for each in since] == ["2026-03-03"]
