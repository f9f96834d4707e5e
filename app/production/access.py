"""Who reads and writes tasks, what providers were asked, and the books."""

from typing import Final

from app.core.access import (
    EDITORS,
    EVERY_MEMBER,
    Access,
    accounts,
    costs,
    in_project,
    in_workspace_of,
    in_workspace_or_shared,
)

WORK: Final = Access(read=in_project("project_id", *EVERY_MEMBER))
"""Tasks and pipelines are seen as their subjects; services alone make them."""
TEMPLATES: Final = Access(
    read=in_workspace_or_shared,
    create=in_workspace_of(*EDITORS),
    change=in_workspace_of(*EDITORS),
    delete=in_workspace_of(*EDITORS),
)
EXECUTIONS: Final = Access(read=accounts)
COSTS: Final = Access(read=costs)
