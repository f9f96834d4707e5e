"""What one does with webhooks and notifications beyond plain reading and deleting."""

from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.background import BackgroundTask

from app.core.actor import CurrentActor, demand
from app.core.answer import Answer
from app.core.bodies import StrictRoute
from app.core.encryption import Encryption
from app.core.errors import ChangedMeanwhile, Invalid, NotFound, Outdated, documented
from app.core.parts import CurrentParts, Parts
from app.core.resource import IF_MATCH, SIGNED_IN, WITH_BODY
from app.core.schemas import change_schema, create_schema, read_schema
from app.telling import service
from app.telling.errors import OnItsWay, TooManyWebhooks
from app.telling.resources import DELIVERIES, WEBHOOKS
from app.telling.schemas import NewWebhookRead, ReadCount, SecretRead, UnreadCount
from app.telling.signing import new_signing_secret
from documents.telling import Notification, Webhook, WebhookDelivery
from documents.values import Id

NOT_STORED: Final = {"Cache-Control": "no-store"}
FOUND: Final = (NotFound, Invalid, *SIGNED_IN)
Delivery: Final[Any] = read_schema(WebhookDelivery)

router = APIRouter(tags=["telling"], route_class=StrictRoute)


async def create_webhook(
    body: BaseModel, request: Request, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Tells an https address of what happens in a workspace. `secret` is shown this once.

    Messages are signed as https://www.standardwebhooks.com says.
    """
    demand(actor, "write", Webhook.collection_name())
    given: Any = body
    service.check_address(given.url, parts.settings)
    await service.check_room(given.workspace_id)
    secret = new_signing_secret()
    kept = {"secret": Encryption.of(parts.settings).encrypt(secret)}
    made = await WEBHOOKS.writing.create(body, request, actor, parts, ours=kept)
    headers = {**NOT_STORED, **{name: made.headers[name] for name in ("ETag", "Location")}}
    return Answer({**orjson.loads(made.body), "secret": secret}, 201, headers)


async def change_webhook(
    id: Id, body: BaseModel, request: Request, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """A JSON merge patch (RFC 7396); `is_active` switches it off, and on again."""
    demand(actor, "write", Webhook.collection_name())
    if url := body.model_dump(exclude_unset=True).get("url"):
        service.check_address(url, parts.settings)
    return await WEBHOOKS.writing.change(id, body, request, actor, parts)


create_webhook.__annotations__["body"] = create_schema(Webhook)
change_webhook.__annotations__["body"] = change_schema(Webhook)
router.add_api_route(
    "/webhooks",
    create_webhook,
    methods=["POST"],
    status_code=201,
    operation_id="create_webhooks",
    summary="Make one of the webhooks",
    response_model=None,
    responses={
        201: {"model": NewWebhookRead},
        **documented(NotFound, TooManyWebhooks, *WITH_BODY, *SIGNED_IN),
    },
)
router.add_api_route(
    "/webhooks/{id}",
    change_webhook,
    methods=["PATCH"],
    operation_id="change_webhooks",
    summary="Change one of the webhooks",
    response_model=None,
    responses={
        200: {"model": read_schema(Webhook)},
        **documented(NotFound, ChangedMeanwhile, Outdated, *WITH_BODY, *SIGNED_IN),
    },
    openapi_extra={"parameters": [IF_MATCH]},
)


@router.post(
    "/webhooks/{id}/rotate-secret",
    operation_id="rotate_webhook_secret",
    summary="Exchange the secret of a webhook",
    response_model=None,
    responses={200: {"model": SecretRead}, **documented(*FOUND)},
)
async def rotate_secret(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """For 24 hours messages carry a signature of the old one too."""
    demand(actor, "write", Webhook.collection_name())
    secret = await service.rotate_secret(actor, id, Encryption.of(parts.settings))
    return Answer({"secret": secret}, headers=NOT_STORED)


@router.post(
    "/webhooks/{id}/test",
    status_code=202,
    operation_id="test_webhook",
    summary="Send a webhook a message for a try",
    response_model=None,
    responses={202: {"model": Delivery}, **documented(*FOUND)},
)
async def test_webhook(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """A message of the type `webhook.test`; the delivery that is answered tells how it went."""
    demand(actor, "write", Webhook.collection_name())
    return _on_its_way(await service.send_test(parts.store, actor, id), parts)


@router.post(
    "/webhook-deliveries/{id}/replay",
    status_code=202,
    operation_id="replay_webhook_delivery",
    summary="Send a message again",
    response_model=None,
    responses={202: {"model": Delivery}, **documented(OnItsWay, *FOUND)},
)
async def replay(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Under its old `webhook-id`, delivered or not, and with all its tries."""
    demand(actor, "write", WebhookDelivery.collection_name())
    return _on_its_way(await service.replay(parts.store, actor, id), parts)


@router.get(
    "/notifications/unread-count",
    operation_id="count_unread_notifications",
    summary="Count the unread notifications",
    responses=documented(*SIGNED_IN),
)
async def count_unread(actor: CurrentActor) -> UnreadCount:
    """One's own."""
    demand(actor, "read", Notification.collection_name())
    return UnreadCount(unread=await service.count_unread(actor))


@router.post(
    "/notifications/read-all",
    operation_id="read_all_notifications",
    summary="Mark all notifications as read",
    responses=documented(*SIGNED_IN),
)
async def read_all(actor: CurrentActor) -> ReadCount:
    """One's own; none of them is mailed any more."""
    demand(actor, "write", Notification.collection_name())
    return ReadCount(read=await service.mark_all_read(actor))


@router.post(
    "/notifications/{id}/read",
    status_code=204,
    operation_id="mark_notification_read",
    summary="Mark a notification as read",
    response_model=None,
    responses=documented(*FOUND),
)
async def mark_read(id: Id, actor: CurrentActor) -> Response:
    """It is not mailed any more."""
    demand(actor, "write", Notification.collection_name())
    await service.mark_read(actor, id)
    return Response(status_code=204)


def _on_its_way(delivery: WebhookDelivery, parts: Parts) -> Response:
    shown = DELIVERIES.reading.shown(DELIVERIES.listing.fields.picked(delivery.stored()))
    return Answer(shown, 202, background=BackgroundTask(parts.wakeups.wake))
