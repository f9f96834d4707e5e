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
