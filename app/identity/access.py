"""Who sees users and workspaces."""

from typing import Final

from app.core.access import EVERY_MEMBER, Access, everybody, oneself, workspace_of

# Anybody may be named as a collaborator by whoever knows his id; it shows nothing of him.
USERS: Final = Access(read=oneself, name=everybody, by="_id")
WORKSPACES: Final = Access(read=workspace_of(*EVERY_MEMBER), by="_id")
