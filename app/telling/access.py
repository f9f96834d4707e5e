"""Who manages webhooks, and who sees notifications."""

from typing import Final

from app.core.access import OWNERS, Access, in_workspace_of
from app.core.actor import Actor
from documents.base import Scope


def own_news(actor: Actor) -> Scope:
    """What one was told oneself; API keys see none of it, since it is of all workspaces."""
    return {"user_id": actor.id} if actor.key is None else False


# Messages leave the workspace, so those answer for them who answer for the workspace.
WEBHOOKS: Final = Access(
    read=in_workspace_of(*OWNERS),
    create=in_workspace_of(*OWNERS),
    change=in_workspace_of(*OWNERS),
    delete=in_workspace_of(*OWNERS),
)
DELIVERIES: Final = Access(read=in_workspace_of(*OWNERS), change=in_workspace_of(*OWNERS))
NOTIFICATIONS: Final = Access(read=own_news, change=own_news, delete=own_news, by="user_id")
