"""Tasks that tell people."""

from typing import Final

from app.core.kinds import Parameters, TaskKind
from app.production.tasks import Ownership, new_task
from documents.production import Task
from documents.telling import WebhookDelivery
from documents.values import Id


class Deliver(Parameters):
    """Try once to deliver the message; what does not succeed asks for the next try itself."""

    delivery_id: Id


class MailNews(Parameters):
    """Mail a user what has happened and is not mailed yet."""

    user_id: Id


DELIVER: Final = TaskKind("telling.deliver", "maintenance", Deliver, queue="io", max_retries=20)
MAIL_NEWS: Final = TaskKind("telling.mail_news", "maintenance", MailNews, queue="io")


def delivery_task(delivery: WebhookDelivery) -> Task:
    """The task that tries at the delivery's next moment.

    It belongs to the house, so that telling goes on where a workspace's work is paused. A lane
    for each webhook keeps one slow address from taking all slots; the key keeps one delivery from
    being tried twice at once.
    """
    task = new_task(
        DELIVER,
        Deliver(delivery_id=delivery.id),
        Ownership(),
        key=f"deliver:{delivery.id}",
        lane=f"webhook:{delivery.webhook_id}",
    )
    if delivery.next_attempt_at is not None:
        task.run_after = delivery.next_attempt_at
    return task


def mail_task(user_id: Id) -> Task:
    """The task that mails a user's news; there is one at a time."""
    return new_task(MAIL_NEWS, MailNews(user_id=user_id), Ownership(), key=f"mail:{user_id}")
