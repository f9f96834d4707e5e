"""Webhooks and notifications through the API."""

from typing import Any

import httpx
import pytest

from app.core.encryption import Encryption
from app.telling.service import MOST_WEBHOOKS
from documents.production import Task
from documents.telling import Notification, Webhook, WebhookDelivery
from documents.values import now
from tests.app.support import API, World, as_, codes
from tests.factories import valid

GIVEN: dict[str, Any] = {"url": "https://example.com/hook", "events": ["task.failed"]}


async def make(http: httpx.AsyncClient, world: World, **given: Any) -> httpx.Response:
    body = {**GIVEN, "workspace_id": str(world.workspace.id), **given}
    return await http.post(f"{API}/webhooks", json=body, headers=as_(world.owner))


async def stored(world: World, **given: Any) -> Webhook:
    return await valid(Webhook, workspace_id=world.workspace.id, **{**GIVEN, **given}).insert()


class TestWebhooks:
    async def test_secret_is_shown_once_and_kept_encrypted(
        self, telling: httpx.AsyncClient, world: World, encryption: Encryption
    ) -> None:
        made = await make(telling, world)
        assert made.status_code == 201, made.text
        assert made.headers["cache-control"] == "no-store"
        webhook = await Webhook.first_in(True, {})
        assert webhook is not None
        secret = made.json()["secret"]
        assert secret.startswith("whsec_")
        assert secret not in webhook.stored().values()
        assert encryption.decrypt(webhook.secret) == secret
        assert webhook.created_by == world.owner.id
        path = f"{API}/webhooks/{webhook.id}"
        for address in (path, f"{API}/webhooks"):
            answer = await telling.get(address, headers=as_(world.owner))
            assert answer.status_code == 200
            assert webhook.secret not in answer.text
            assert secret not in answer.text
        assert webhook.secret not in repr(webhook)

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"url": "http://example.com/"}, id="plain http"),
            pytest.param({"url": "https://127.0.0.1/"}, id="this machine"),
            pytest.param({"url": "https://me:word@example.com/"}, id="with a password"),
            pytest.param({"url": "anything"}, id="no address"),
            pytest.param({"events": ["task.dreamt"]}, id="unknown event"),
            pytest.param({"events": []}, id="no event"),
            pytest.param({"secret": "whsec_mine"}, id="own secret"),
        ],
    )
    async def test_what_cannot_be_taken(
        self, change: dict[str, Any], telling: httpx.AsyncClient, world: World
    ) -> None:
        answer = await make(telling, world, **change)
        assert codes(answer) == (422, "invalid")
        webhook = await stored(world)
        patched = await telling.patch(
            f"{API}/webhooks/{webhook.id}", json=change, headers=as_(world.owner)
        )
        assert codes(patched) == (422, "invalid")
        assert await Webhook.one_in(True, webhook.id) == webhook

    @pytest.mark.parametrize("who", ["editor", "viewer", "producer", "stranger"])
    async def test_only_owners_manage_them(
        self, who: str, telling: httpx.AsyncClient, world: World
    ) -> None:
        webhook, user = await stored(world), getattr(world, who)
        path = f"{API}/webhooks/{webhook.id}"
        body = {**GIVEN, "workspace_id": str(world.workspace.id)}
        answers = [
            await telling.post(f"{API}/webhooks", json=body, headers=as_(user)),
            await telling.get(path, headers=as_(user)),
            await telling.patch(path, json={"is_active": False}, headers=as_(user)),
            await telling.delete(path, headers=as_(user)),
            await telling.post(f"{path}/test", headers=as_(user)),
            await telling.post(f"{path}/rotate-secret", headers=as_(user)),
        ]
        assert {each.status_code for each in answers} <= {404, 422}
        assert await Webhook.all_in(True, {}) == [webhook]

    async def test_switched_off_and_gone(self, telling: httpx.AsyncClient, world: World) -> None:
        webhook = await stored(world)
        await valid(
            WebhookDelivery, webhook_id=webhook.id, workspace_id=world.workspace.id
        ).insert()
        path = f"{API}/webhooks/{webhook.id}"
        off = await telling.patch(path, json={"is_active": False}, headers=as_(world.owner))
        assert off.json()["is_active"] is False
        gone = await telling.delete(path, headers=as_(world.owner))
        assert gone.status_code == 204
        assert await WebhookDelivery.all_in(True, {}) == []

    async def test_exchanged_secret_signs_beside_the_new_one(
        self, telling: httpx.AsyncClient, world: World, encryption: Encryption
    ) -> None:
        before = await stored(world)
        path = f"{API}/webhooks/{before.id}/rotate-secret"
        answer = await telling.post(path, headers=as_(world.owner))
        after = await Webhook.one_in(True, before.id)
        assert after is not None
        assert answer.json() == {"secret": encryption.decrypt(after.secret)}
        assert after.previous_secret == before.secret != after.secret
        assert after.previous_secret_until is not None

    async def test_no_more_than_so_many(self, telling: httpx.AsyncClient, world: World) -> None:
        for _ in range(MOST_WEBHOOKS):
            await stored(world)
        assert codes(await make(telling, world)) == (409, "too_many_webhooks")


class TestDeliveries:
    async def test_try_is_on_its_way(self, telling: httpx.AsyncClient, world: World) -> None:
        webhook = await stored(world, is_active=False)
        path = f"{API}/webhooks/{webhook.id}/test"
        answer = await telling.post(path, headers=as_(world.owner))
        assert answer.status_code == 202
        shown = answer.json()
        assert (shown["event"], shown["state"]) == ("webhook.test", "pending")
        [task] = await Task.all_in(True, {"kind": "telling.deliver"})
        assert str(task.input.parameters["delivery_id"]) == shown["id"]

    async def test_replay_asks_for_another_try_once(
        self, telling: httpx.AsyncClient, world: World
    ) -> None:
        webhook = await stored(world)
        delivery = await valid(
            WebhookDelivery,
            webhook_id=webhook.id,
            workspace_id=world.workspace.id,
            state="failed",
            tries=9,
        ).insert()
        path = f"{API}/webhook-deliveries/{delivery.id}/replay"
        first = await telling.post(path, headers=as_(world.owner))
        assert first.status_code == 202, first.text
        assert first.json()["event_id"] == delivery.event_id
        assert first.json()["tries"] == 0
        second = await telling.post(path, headers=as_(world.owner))
        assert codes(second) == (409, "on_its_way")
        foreign = await telling.post(path, headers=as_(world.stranger))
        assert codes(foreign) == (404, "not_found")
        assert len(await Task.all_in(True, {"kind": "telling.deliver"})) == 1

    async def test_listed_by_webhook_and_state(
        self, telling: httpx.AsyncClient, world: World
    ) -> None:
        webhook, other = await stored(world), await stored(world)
        for each, state in ((webhook, "failed"), (webhook, "pending"), (other, "failed")):
            owned = {"webhook_id": each.id, "workspace_id": world.workspace.id}
            await valid(WebhookDelivery, **owned, state=state).insert()
        asked = {"webhook_id": str(webhook.id), "state": "failed"}
        path = f"{API}/webhook-deliveries"
        answer = await telling.get(path, params=asked, headers=as_(world.owner))
        [row] = answer.json()["data"]
        assert (row["webhook_id"], row["state"]) == (str(webhook.id), "failed")
        hidden = await telling.get(path, params=asked, headers=as_(world.stranger))
        assert hidden.json()["data"] == []


class TestNotifications:
    async def test_everybody_has_his_own(self, telling: httpx.AsyncClient, world: World) -> None:
        mine = await valid(Notification, user_id=world.owner.id, mail_due_at=now()).insert()
        theirs = await valid(Notification, user_id=world.editor.id).insert()
        headers = as_(world.owner)
        listed = await telling.get(f"{API}/notifications", headers=headers)
        assert [row["id"] for row in listed.json()["data"]] == [str(mine.id)]
        count = await telling.get(f"{API}/notifications/unread-count", headers=headers)
        assert count.json() == {"unread": 1}
        for user, status in ((world.admin, 404), (world.owner, 204), (world.owner, 204)):
            path = f"{API}/notifications/{mine.id}/read"
            assert (await telling.post(path, headers=as_(user))).status_code == status
        read = await Notification.one_in(True, mine.id)
        assert read is not None
        assert read.is_read
        assert read.read_at is not None
        assert read.mail_due_at is None
        foreign = await telling.get(f"{API}/notifications/{theirs.id}", headers=headers)
        assert codes(foreign) == (404, "not_found")

    async def test_all_read_at_once(self, telling: httpx.AsyncClient, world: World) -> None:
        for _ in range(3):
            await valid(Notification, user_id=world.owner.id).insert()
        other = await valid(Notification, user_id=world.editor.id).insert()
        headers = as_(world.owner)
        answer = await telling.post(f"{API}/notifications/read-all", headers=headers)
        assert answer.json() == {"read": 3}
        unread = await telling.get(
            f"{API}/notifications", params={"is_read": "false"}, headers=headers
        )
        assert unread.json()["data"] == []
        assert await Notification.one_in(True, other.id) == other
