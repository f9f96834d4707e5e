"""What workspaces may use: shown, refused beforehand, and never exceeded by two at once."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.core.parts import Parts
from app.library import quotas, usage
from app.library.errors import QuotaReached
from documents.identity import Subscription, Tier, User
from documents.library import Media
from documents.production import PromptExecution
from documents.uploads import Upload, Usage
from tests.app.library.support import announced, begun, png, sent
from tests.app.support import API, World, as_, codes, made_workspace
from tests.factories.records import valid

MIB = 2**20


@pytest.fixture
def parts(parts: Parts) -> Parts:
    """With small quotas."""
    small = {"quota_gib_free": 1, "quota_minutes_free": 10, "quota_calls_free": 3}
    return replace(parts, settings=parts.settings.model_copy(update=small))


@pytest.fixture
async def empty(world: World) -> World:
    """The studio without files."""
    await Media.collection().delete_many({})
    return world


async def shown(http: httpx.AsyncClient, world: World) -> Any:
    path = f"{API}/workspaces/{world.workspace.id}/usage"
    answer = await http.get(path, headers=as_(world.viewer))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def counted(world: World) -> Usage:
    return await usage.usage_of(world.workspace.id)


async def set_tier(world: World, tier: Tier) -> None:
    subscription = {"$set": {"subscription": Subscription.of(tier).model_dump()}}
    await User.collection().update_one({"_id": world.owner.id}, subscription)


async def test_what_is_used_is_shown(http: httpx.AsyncClient, empty: World) -> None:
    state = await shown(http, empty)
    assert state["tier"] == "free"
    assert state["bytes"] == {"own": 0, "together": 0, "limit": 2**30}
    assert (state["minutes"]["limit"], state["calls"]["limit"]) == (10, 3)
    await sent(http, empty, png(MIB))
    await begun(http, empty, png(7))
    assert (await shown(http, empty))["bytes"]["own"] == MIB + 7
    answer = await http.get(
        f"{API}/workspaces/{empty.workspace.id}/usage", headers=as_(empty.stranger)
    )
    assert codes(answer) == (404, "not_found")


async def test_an_upload_without_room_is_refused_before_a_byte_flows(
    http: httpx.AsyncClient, empty: World
) -> None:
    body = announced(empty, b"x", filesize=2**30 + 1)
    answer = await http.post(f"{API}/uploads", json=body, headers=as_(empty.editor))
    assert codes(answer) == (403, "quota_reached")
    refusal = answer.json()
    assert (refusal["quota"], refusal["limit"], refusal["used"]) == ("bytes", 2**30, 0)
    assert await Upload.collection().count_documents({}) == 0
    await set_tier(empty, "enterprise")
    answer = await http.post(f"{API}/uploads", json=body, headers=as_(empty.editor))
    assert answer.status_code == 201


async def test_of_many_at_once_no_more_pass_than_there_is_room_for(
    http: httpx.AsyncClient, empty: World
) -> None:
    body = announced(empty, b"x", filesize=300 * MIB, by="api")

    async def ask() -> int:
        answer = await http.post(f"{API}/uploads", json=body, headers=as_(empty.editor))
        return answer.status_code

    answers = await asyncio.gather(*(ask() for _ in range(8)))
    assert sorted(answers) == [201] * 3 + [403] * 5
    assert (await counted(empty)).reserved_bytes == 900 * MIB


async def test_more_workspaces_are_no_way_round(http: httpx.AsyncClient, empty: World) -> None:
    second = await made_workspace(empty.owner, editor=empty.editor)
    place: dict[str, Any] = {"workspace_id": str(second.id), "project_id": None}
    taken = announced(empty, b"x", filesize=700 * MIB)
    answer = await http.post(f"{API}/uploads", json=taken, headers=as_(empty.editor))
    assert answer.status_code == 201
    answer = await http.post(f"{API}/uploads", json=taken | place, headers=as_(empty.editor))
    assert codes(answer) == (403, "quota_reached")
    state = (await shown(http, empty))["bytes"]
    assert (state["own"], state["together"]) == (700 * MIB, 700 * MIB)


async def test_once_the_minutes_are_used_no_file_comes_in(
    http: httpx.AsyncClient, empty: World
) -> None:
    long = {"technical_data": {"duration": 601.0}}
    await valid(Media, workspace_id=empty.workspace.id, filesize=1, **long).insert()
    assert (await shown(http, empty))["minutes"]["own"] == 10
    answer = await http.post(
        f"{API}/uploads", json=announced(empty, png()), headers=as_(empty.editor)
    )
    assert codes(answer) == (403, "quota_reached")
    assert answer.json()["quota"] == "minutes"


async def test_calls_of_a_month(empty: World, parts: Parts) -> None:
    key = empty.workspace.id
    calls = quotas.Calls(parts.store, parts.settings)

    async def call() -> bool:
        try:
            await calls.take(key)
        except QuotaReached:
            return False
        return True

    assert sorted(await asyncio.gather(*(call() for _ in range(6)))) == [False] * 3 + [True] * 3
    with pytest.raises(QuotaReached, match="3 calls"):
        await calls.take(key)
    await Usage.collection().update_one({"workspace_id": key}, {"$set": {"month": "2020-01"}})
    assert await call()
    assert (await counted(empty)).calls == 1


async def test_calls_without_a_limit_are_counted_from_their_records(
    empty: World, parts: Parts
) -> None:
    key = empty.workspace.id
    calls = quotas.Calls(parts.store, parts.settings)
    await set_tier(empty, "enterprise")
    for _ in range(5):
        assert not await calls.are_limited(key)
        await valid(PromptExecution, workspace_id=key).insert()
    assert (await usage.fresh(key)).calls == 5
    await set_tier(empty, "free")
    again = quotas.Calls(parts.store, parts.settings)
    assert await again.are_limited(key)
    with pytest.raises(QuotaReached, match="3 calls"):
        await again.take(key)


async def test_a_wrong_count_is_set_right(http: httpx.AsyncClient, empty: World) -> None:
    content = png(MIB)
    await sent(http, empty, content)
    await sent(http, empty, content, filename="twin.png")
    await begun(http, empty, png(10))
    inside = {"workspace_id": empty.workspace.id}
    await valid(PromptExecution, **inside).insert()
    wrong = {"stored_bytes": 5, "reserved_bytes": 5, "seconds": 5.0, "calls": 5}
    await Usage.collection().update_one(inside, {"$set": wrong})
    right = await usage.recount(empty.workspace.id)
    assert (right.stored_bytes, right.reserved_bytes, right.seconds) == (MIB, 10, 0)
    assert (right.calls, right.month) == (1, usage.this_month())


async def test_the_counter_never_falls_below_zero(empty: World) -> None:
    await usage.usage_of(empty.workspace.id)
    await usage.move(empty.workspace.id, stored_bytes=-10, seconds=-1.5)
    state = await counted(empty)
    assert (state.stored_bytes, state.seconds) == (0, 0)
