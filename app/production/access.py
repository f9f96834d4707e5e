"""Who reads and writes tasks, what providers were asked, and the books."""

from typing import Final

from app.core.access import (
    EDITORS,
    EVERY_MEMBER,
    OWNERS,
    Access,
    accounts,
    costs,
    in_project,
    in_workspace_of,
    in_workspace_or_shared,
    workspace_of,
)
from app.core.actor import Actor
from documents.base import Scope

WORK: Final = Access(read=in_project("project_id", *EVERY_MEMBER))
"""Tasks and pipelines are seen as their subjects; services alone make them."""
TEMPLATES: Final = Access(
    read=in_workspace_or_shared,
    create=in_workspace_of(*EDITORS),
    change=in_workspace_of(*EDITORS),
    delete=in_workspace_of(*EDITORS),
)
PROJECT: Final = in_project("_id", *EVERY_MEMBER)
CONTROL: Final = in_project("project_id", *EDITORS)
"""Cancel, retry and hold: who may change what a task is about."""
OWNED: Final = workspace_of(*OWNERS)
BOOKS: Final = accounts


def KEPT(actor: Actor) -> Scope:
    """The workspaces whose books the actor keeps: owners', and all a producer is a member of."""
    return workspace_of(*(EVERY_MEMBER if actor.role == "producer" else OWNERS))(actor)


EXECUTIONS: Final = Access(read=accounts)
COSTS: Final = Access(read=costs)
BUDGETS: Final = Access(read=accounts)
