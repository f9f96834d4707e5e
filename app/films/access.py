"""Who reads and writes films."""

from typing import Final

from app.core.access import (
    EDITORS,
    EVERY_MEMBER,
    Access,
    in_project,
    in_workspace_of,
    own_project,
)
from app.core.actor import Actor
from documents.base import Scope


def may_approve(actor: Actor) -> Scope:
    """What belongs to projects that the actor may change; producers: to those of all workspaces
    that they are members of."""
    roles = EVERY_MEMBER if actor.role == "producer" else EDITORS
    return in_project("project_id", *roles)(actor)


PROJECTS: Final = Access(
    read=in_project("_id", *EVERY_MEMBER),
    create=in_workspace_of(*EDITORS),
    change=in_project("_id", *EDITORS),
    delete=own_project,
)
PARTS: Final = Access(
    read=in_project("project_id", *EVERY_MEMBER),
    create=in_project("project_id", *EDITORS),
    change=in_project("project_id", *EDITORS),
    delete=in_project("project_id", *EDITORS),
)
"""What belongs to a project."""
APPROVALS: Final = Access(read=in_project("project_id", *EVERY_MEMBER), change=may_approve)
"""Saying that a part is good as it is, or that it is not."""
SHARING: Final = Access(read=in_project("_id", *EVERY_MEMBER), change=own_project)
"""Who else may work on a project."""
LINKS: Final = Access(
    read=in_project("project_id", *EDITORS),
    create=in_project("project_id", *EDITORS),
    delete=in_project("project_id", *EDITORS),
)
"""Addresses for guests: whoever has one is let in, so that only editors see who has."""
