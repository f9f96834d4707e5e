"""The conversation over a WebSocket."""

import asyncio
from typing import Any

import pytest

from app.core.parts import Parts
from app.live import follower, live, websocket
from documents.ads import AdSession
from documents.campaigns import VideoCampaign
from documents.films import Project
from documents.identity import User, Workspace
from documents.ledger import GenerationCost
from documents.production import Pipeline, Task, WebsocketConnection
from documents.values import Id
from tests.app.live.support import (
    Client,
    made_task,
    named,
    priorities,
    serving,
    set_priority,
    set_progress,
    topic,
)
from tests.app.support import TOKENS, World, made_user
from tests.factories.records import valid


async def test_a_task_is_followed_from_its_state(address: str, world: World) -> None:
    task = await made_task(world.project, kind="maintenance.ping")
    async with Client.open(address, world.viewer, topic(task)) as client:
        state = client.first("resync")["state"]
        assert state[0]["subject"] == {"collection": "tasks", "id": str(task.id)}
        assert state[0]["data"]["status"] == "queued"
        assert "input" not in state[0]["data"]
        await set_priority(task, 9)
        (event,) = await client.hear_until(lambda each: True)
    assert event["type"] == "task.updated"
    assert event["data"] == {"priority": 9}
    assert event["parents"]["project_id"] == str(world.project.id)
    assert event["at"].endswith("Z")


async def test_whoever_follows_what_is_above_hears_of_a_task(address: str, world: World) -> None:
    about = {"collection": "ad_sessions", "id": Id()}
    inside = {"workspace_id": world.workspace.id, "project_id": world.project.id}
    pipeline = await valid(Pipeline, subject=about, **inside).insert()
    task = await made_task(world.project, pipeline_id=pipeline.id)
    for followed in (topic(pipeline), topic(world.project), topic(world.workspace)):
        async with Client.open(address, world.owner, followed) as client:
            await set_progress(task, 10, 20)
            heard = await client.hear_until(
                lambda each: each["data"]["progress"]["percentage"] == 20
            )
        assert [each["data"]["progress"]["percentage"] for each in heard] == [10, 20]
        assert heard[0]["data"]["progress"]["current_step"] == ""


def percentage(event: dict[str, Any]) -> float:
    found: float = event["data"]["progress"]["percentage"]
    return found


async def test_heartbeats_of_a_worker_are_no_events(address: str, world: World) -> None:
    task = await made_task(world.project)
    async with Client.open(address, world.owner, topic(task)) as client:
        await Task.collection().update_one({"_id": task.id}, {"$set": {"fence": 3}})
        await Task.collection().update_one({"_id": task.id}, {"$set": {"waiting_for": [Id()]}})
        await set_priority(task, 7)
        heard = await client.hear_until(lambda each: True)
    assert priorities(heard) == [7]


async def test_lists_are_told_whole_and_maps_as_patches(address: str, world: World) -> None:
    owned = {"workspace_id": world.workspace.id, "created_by": world.owner.id}
    session = await valid(AdSession, **owned, generated_image_ids=[Id()]).insert()
    campaign = await valid(VideoCampaign, **owned).insert()
    async with Client.open(address, world.viewer, topic(session), topic(campaign)) as client:
        added = Id()
        await AdSession.collection().update_one(
            {"_id": session.id}, {"$push": {"generated_image_ids": added}}
        )
        await VideoCampaign.collection().update_one(
            {"_id": campaign.id}, {"$set": {"item_statuses.7": {"status": "generating"}}}
        )
        await VideoCampaign.collection().update_one(
            {"_id": campaign.id}, {"$set": {"item_statuses.7.status": "completed"}}
        )
        heard = await client.hear_until(lambda each: "completed" in str(each))
    assert heard[0]["data"]["generated_image_ids"] == [
        str(session.generated_image_ids[0]),
        str(added),
    ]
    assert heard[-1]["data"] == {"item_statuses": {"7": {"status": "completed"}}}


async def test_costs_are_told_to_who_may_see_the_books(address: str, world: World) -> None:
    cost = valid(
        GenerationCost,
        workspace_id=world.workspace.id,
        project_id=world.project.id,
        subject={"collection": "projects", "id": world.project.id},
        amount="0.25",
        provider="secretive",
        api_call_id="call-1",
    )
    followed = topic(world.project)
    async with (
        Client.open(address, world.editor, followed) as editor,
        Client.open(address, world.viewer, followed) as viewer,
    ):
        await cost.insert()
        task = await made_task(world.project)
        seen = await editor.hear_until(lambda each: each["type"] == "task.created")
        hidden = await viewer.hear_until(lambda each: each["type"] == "task.created")
    assert [each["type"] for each in seen] == ["cost.created", "task.created"]
    assert seen[0]["data"]["amount"] == "0.25"
    assert not {"provider", "api_call_id"} & seen[0]["data"].keys()
    assert [each["subject"]["id"] for each in hidden] == [str(task.id)]


async def test_a_deletion_is_told(address: str, world: World) -> None:
    async with Client.open(address, world.owner, topic(world.project)) as client:
        scenes = type(world.scene).collection()
        await scenes.update_one({"_id": world.scene.id}, {"$set": {"production.attempts": 1}})
        await client.hear_until(lambda each: each["type"] == "scene.updated")
        await scenes.delete_one({"_id": world.scene.id})
        await Project.advance_one(
            {"_id": world.project.id}, {"$set": {"deleted_at": world.project.created_at}}
        )
        heard = await client.hear_until(lambda each: each["type"] == "project.deleted")
    assert [each["type"] for each in heard] == ["scene.updated", "scene.deleted", "project.deleted"]


async def test_a_deletion_of_what_nobody_saw_is_told_by_its_pre_image(
    parts: Parts, world: World
) -> None:
    """Without one, only who follows the record itself would hear of it.

    The process began when the scene was there already, and looks at no record by itself.
    """
    async with (
        serving(parts) as address,
        Client.open(address, world.owner, topic(world.project)) as client,
    ):
        await type(world.scene).collection().delete_one({"_id": world.scene.id})
        (event,) = await client.hear_until(lambda each: True)
    assert event["type"] == "scene.deleted"
    assert event["parents"]["project_id"] == str(world.project.id)


async def test_subscriptions_come_and_go(address: str, world: World) -> None:
    first, second = await made_task(world.project), await made_task(world.project)
    async with Client.open(address, world.owner) as client:
        await client.say(type="subscribe", subscriptions=named(topic(first), ("tasks", Id())))
        answer = await client.hear("subscribed")
        assert answer["subjects"] == named(topic(first))
        assert len(answer["not_found"]) == 1
        await client.hear("resync")
        await client.say(type="subscribe", subscriptions=named(topic(second)))
        await client.hear("resync")
        await client.say(type="unsubscribe", subscriptions=named(topic(first)))
        await client.say(type="ping")
        await client.hear("pong")
        await set_priority(first, 2)
        await set_priority(second, 3)
        assert priorities(await client.hear_until(lambda each: True)) == [3]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("no json", websocket.BAD_MESSAGE),
        ('{"type": "subscribe", "subscriptions": []}', websocket.BAD_MESSAGE),
        ('{"type": "hello"}', websocket.BAD_MESSAGE),
        ('{"type": "hello", "token": "x", "cursor": "../.."}', websocket.BAD_MESSAGE),
        ('{"type": "hello", "token": "nobody\'s"}', websocket.NOT_SIGNED_IN),
        (b"\x00\x01", websocket.BAD_MESSAGE),
        ("x" * 70_000, websocket.BAD_MESSAGE),
    ],
)
async def test_a_bad_hello_ends_the_conversation(
    address: str, message: str | bytes, code: int
) -> None:
    async with Client.open(address) as client:
        await client.connection.send(message)
        assert (await client.closed())[0] == code
    assert client.told == []


async def test_a_hello_that_does_not_come_ends_the_conversation(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "HELLO_SECONDS", 0.05)
    async with Client.open(address) as client:
        assert (await client.closed())[0] == websocket.NOT_HEARD


async def test_what_is_out_of_reach_is_not_there(address: str, world: World) -> None:
    task = await made_task(world.project)
    hidden: list[Any] = [topic(task), topic(world.project), topic(world.workspace), ("tasks", Id())]
    for subject in hidden:
        async with Client.open(address) as client:
            token = TOKENS.issue(world.stranger.id)
            await client.say(type="hello", token=token, subscriptions=named(subject))
            code, reason = await client.closed()
        assert code == websocket.NOT_FOUND
        assert client.told[-1]["not_found"] == named(subject)
        assert "no such" in reason


async def test_other_collections_cannot_be_followed(address: str, world: World) -> None:
    async with Client.open(address, world.owner) as client:
        await client.say(type="subscribe", subscriptions=named(topic(world.owner)))
        assert (await client.closed())[0] == websocket.BAD_MESSAGE


async def test_heartbeats_go_both_ways(
    address: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "HEARTBEAT_SECONDS", 0.05)
    async with Client.open(address, world.owner, topic(world.project)) as client:
        before = (await client.hear("ping"))["cursor"]
        await made_task(world.project)
        await client.hear("events")
        while (await client.hear("ping"))["cursor"] <= before:
            pass
        monkeypatch.setattr(websocket, "SILENCE_SECONDS", 0.05)
        await client.say(type="pong")
        assert (await client.closed())[0] == websocket.NOT_HEARD


async def test_a_lost_membership_ends_the_subscriptions(address: str, world: World) -> None:
    task = await made_task(world.project)
    subjects = (topic(task), topic(world.workspace))
    async with (
        Client.open(address, world.viewer, *subjects) as client,
        Client.open(address, world.owner, topic(task)) as owner,
    ):
        await set_priority(task, 2)
        await Workspace.advance_one(
            {"_id": world.workspace.id}, {"$pull": {"members": {"user_id": world.viewer.id}}}
        )
        await set_priority(task, 3)
        lost = await client.hear("access_lost")
        assert lost["subjects"] == named(*subjects)
        assert priorities(client.events) in ([], [2])
        await owner.hear_until(lambda each: each["data"].get("priority") == 3)
        await client.say(type="subscribe", subscriptions=named(topic(task)))
        assert (await client.hear("subscribed"))["not_found"] == named(topic(task))
        await client.say(type="ping")
        await client.hear("pong")
    assert 3 not in priorities(client.events)


async def test_a_lost_collaboration_ends_the_subscription(address: str, world: World) -> None:
    async with Client.open(address, world.collaborator, topic(world.project)) as client:
        await Project.write_one({"_id": world.project.id}, {"$set": {"collaborator_ids": []}})
        await client.hear("access_lost")


async def test_a_closed_account_ends_the_conversation(address: str, world: World) -> None:
    async with Client.open(address, world.viewer, topic(world.project)) as client:
        await User.advance_one(
            {"_id": world.viewer.id}, {"$set": {"deleted_at": world.viewer.created_at}}
        )
        assert (await client.closed())[0] == websocket.NOT_SIGNED_IN


async def test_a_token_that_is_no_longer_good_ends_the_conversation(
    address: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(follower, "CHECK_SECONDS", 0.1)
    async with Client.open(address, world.owner, topic(world.project)) as client:
        await client.say(type="token", token=TOKENS.issue(world.owner.id))
        await client.hear("ping")
        await User.collection().delete_one({"_id": world.owner.id})
        assert (await client.closed())[0] == websocket.NOT_SIGNED_IN


async def test_a_token_is_renewed_by_the_same_user_only(address: str, world: World) -> None:
    async with Client.open(address, world.owner) as client:
        await client.say(type="token", token=TOKENS.issue(world.admin.id))
        assert (await client.closed())[0] == websocket.NOT_SIGNED_IN


async def test_a_user_has_so_many_views_and_no_more(
    address: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_VIEWS_OF_A_USER", 2)
    monkeypatch.setattr(follower, "MOST_SUBSCRIPTIONS", 1)
    async with Client.open(address, world.owner), Client.open(address, world.owner) as second:
        async with Client.open(address) as third:
            await third.say(type="hello", token=TOKENS.issue(world.owner.id))
            assert (await third.closed())[0] == websocket.TOO_MANY
        await second.say(
            type="subscribe", subscriptions=named(topic(world.project), topic(world.workspace))
        )
        assert (await second.closed())[0] == websocket.TOO_MANY
    async with Client.open(address, world.owner):
        pass


async def test_every_tab_has_a_record(parts: Parts, world: World) -> None:
    session = await valid(
        AdSession, workspace_id=world.workspace.id, created_by=world.owner.id
    ).insert()

    async def records() -> list[WebsocketConnection]:
        return await WebsocketConnection.all_in(True, {}, sort=[("_id", 1)])

    async with (
        serving(parts) as address,
        Client.open(address, world.owner, topic(session)) as client,
    ):
        async with Client.open(address, world.owner, topic(session)):
            first, second = await records()
        for each in (first, second):
            assert each.session_id == session.id
            assert each.workspace_id == world.workspace.id
            assert each.user_id == world.owner.id
            assert each.client_ip == "127.0.0.1"
            assert (each.user_agent or "").startswith("Python")
        assert first.connection_id == client.first("welcome")["connection_id"]
        while (await records())[1].disconnected_at is None:
            await asyncio.sleep(0.01)
        assert (await records())[0].disconnected_at is None
    while any(each.disconnected_at is None for each in await records()):
        await asyncio.sleep(0.01)


async def test_an_administrator_follows_what_belongs_to_nobody(address: str, world: World) -> None:
    task = await valid(Task, workspace_id=None).insert()
    other = await made_user()
    async with Client.open(address, world.admin, topic(task)) as client:
        await set_priority(task, 4)
        assert priorities(await client.hear_until(lambda each: True)) == [4]
    async with Client.open(address) as client:
        await client.say(
            type="hello", token=TOKENS.issue(other.id), subscriptions=named(topic(task))
        )
        assert (await client.closed())[0] == websocket.NOT_FOUND
