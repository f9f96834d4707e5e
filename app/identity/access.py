"""Who sees and changes users, workspaces, keys and invitations."""

from typing import Final

from app.core.access import (
    EVERY_MEMBER,
    OWNERS,
    Access,
    everybody,
    in_workspace_of,
    oneself,
    workspace_of,
)
from app.core.actor import Actor
from documents.base import Scope


def own_keys(actor: Actor) -> Scope:
    """The keys that one made; keys themselves see none."""
    return actor.key is None and (actor.is_admin or {"created_by": actor.id})


# Anybody may be named as a collaborator by whoever knows his id; it shows nothing of him.
USERS: Final = Access(read=oneself, change=oneself, name=everybody, by="_id")
WORKSPACES: Final = Access(read=workspace_of(*EVERY_MEMBER), change=workspace_of(*OWNERS), by="_id")
API_KEYS: Final = Access(read=own_keys, by="created_by")
INVITATIONS: Final = Access(read=in_workspace_of(*OWNERS))
