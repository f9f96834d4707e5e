"""What a query string asks for is remembered: by whom it is asked still decides."""

import httpx

from documents.channels import Channel
from tests.app.support import API, World, as_


async def test_the_same_list_for_each_who_asks(http: httpx.AsyncClient, world: World) -> None:
    for place, owner in ((world.workspace, world.owner), (world.elsewhere, world.stranger)):
        for name in ("A", "B", "C"):
            await Channel(
                workspace_id=place.id, created_by=owner.id, name=name, brand_niche="Rain"
            ).insert()

    async def seen(who: str, query: str = "limit=5") -> list[str]:
        answer = await http.get(f"{API}/channels?{query}", headers=as_(getattr(world, who)))
        return sorted({row["workspace_id"] for row in answer.json()["data"]})

    ours, theirs = str(world.workspace.id), str(world.elsewhere.id)
    for _ in range(2):
        assert await seen("owner") == [ours]
        assert await seen("stranger") == [theirs]
        assert await seen("admin") == sorted((ours, theirs))
        assert await seen("stranger", f"limit=5&workspace_id={ours}") == []
        assert await seen("owner", f"limit=5&workspace_id={ours}") == [ours]


async def test_pages_follow_each_other_and_refuse_foreign_cursors(
    http: httpx.AsyncClient, world: World
) -> None:
    for name in ("A", "B", "C"):
        await Channel(
            workspace_id=world.workspace.id,
            created_by=world.owner.id,
            name=name,
            brand_niche="Rain",
        ).insert()
    first = f"{API}/channels?limit=1"
    headers = as_(world.owner)
    for _ in range(2):
        following = (await http.get(first, headers=headers)).json()["next"]
        page = await http.get(f"{first}&after={following}", headers=headers)
        assert [row["name"] for row in page.json()["data"]] == ["B"]
        forged = await http.get(f"{first}&after={following[:-2]}xx", headers=headers)
        assert forged.status_code == 400
        unknown = await http.get(f"{first}&colour=red", headers=headers)
        assert unknown.status_code == 400
