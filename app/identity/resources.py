"""The plain routes of users and workspaces."""

from typing import Final

from app.core.resource import READ_ONLY, Resource, Verb
from app.identity import access
from documents.identity import ApiKey, Invitation, User, Workspace

CHANGEABLE: Final[tuple[Verb, ...]] = (*READ_ONLY, "change")
USERS: Final = Resource(User, path="users", line="identity", access=access.USERS, verbs=CHANGEABLE)
WORKSPACES: Final = Resource(
    Workspace, path="workspaces", line="identity", access=access.WORKSPACES, verbs=CHANGEABLE
)
API_KEYS: Final = Resource(ApiKey, path="api-keys", line="identity", access=access.API_KEYS)
INVITATIONS: Final = Resource(
    Invitation,
    path="invitations",
    line="identity",
    access=access.INVITATIONS,
    filters=("workspace_id",),
)
RESOURCES: Final = (USERS, WORKSPACES, API_KEYS, INVITATIONS)
