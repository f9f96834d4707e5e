"""What is stored about telling people."""

import pytest

from documents.base import NotUnique, Record
from documents.store import Store
from documents.telling import Notification, TellerPlace, Webhook, WebhookDelivery
from documents.values import Id
from tests.factories import valid


def test_secrets_reach_no_log() -> None:
    webhook = valid(Webhook, previous_secret="gAAAAAbefore")
    assert webhook.secret not in repr(webhook)
    assert "gAAAAAbefore" not in str(webhook)


@pytest.mark.parametrize("field", ["secret", "previous_secret"])
def test_plain_secrets_are_not_taken(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        valid(Webhook, **{field: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})


@pytest.mark.parametrize(
    ("model", "same"),
    [
        pytest.param(WebhookDelivery, {"webhook_id": Id(), "event_id": "evt_1"}, id="message"),
        pytest.param(Notification, {"user_id": Id(), "event_id": "evt_1"}, id="notification"),
        pytest.param(TellerPlace, {"name": "teller"}, id="place"),
    ],
)
async def test_nothing_is_told_twice(
    model: type[Record], same: dict[str, object], store: Store
) -> None:
    await valid(model, **same).insert()
    with pytest.raises(NotUnique):
        await valid(model, **same).insert()


async def test_webhook_asks_for_known_events_only() -> None:
    with pytest.raises(ValueError, match="events"):
        valid(Webhook, events=["task.dreamt"])
