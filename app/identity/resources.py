"""The plain routes of users and workspaces."""

from typing import Final

from app.core.resource import Resource
from app.identity import access
from documents.identity import User, Workspace

USERS: Final = Resource(User, path="users", line="identity", access=access.USERS)
RESOURCES: Final = (
    USERS,
    Resource(Workspace, path="workspaces", line="identity", access=access.WORKSPACES),
)
