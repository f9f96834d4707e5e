"""What can stand against telling."""

from app.core.errors import Refusal


class OnItsWay(Refusal):
    """The message is waiting for its next try already."""

    status, code = 409, "on_its_way"


class TooManyWebhooks(Refusal):
    """The workspace has as many webhooks as it may have."""

    status, code = 409, "too_many_webhooks"
