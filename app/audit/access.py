"""Who reads the audit: owners of the workspace, its producers, and administrators."""

from typing import Final

from app.core.access import Access, accounts, reaches
from app.core.actor import Actor
from app.core.errors import NotFound
from documents.values import Id

AUDIT: Final = Access(read=accounts)


def check_readable(actor: Actor, workspace: Id | None) -> None:
    """Raise NotFound unless the actor reads the audit of the workspace.

    What belongs to no workspace, such as accounts and sign-ins, is for administrators.
    """
    if not reaches(AUDIT.read(actor), {"workspace_id": workspace}):
        raise NotFound("There is no such workspace, or none whose audit you may read.")
