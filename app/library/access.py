"""Who reads and writes the library."""

from typing import Final

from app.core.access import EDITORS, EVERY_MEMBER, Access, in_project

MEDIA: Final = Access(
    read=in_project("project_id", *EVERY_MEMBER),
    create=in_project("project_id", *EDITORS),
    change=in_project("project_id", *EDITORS),
    delete=in_project("project_id", *EDITORS),
)
UPLOADS: Final = Access(
    read=in_project("project_id", *EDITORS),
    create=in_project("project_id", *EDITORS),
    change=in_project("project_id", *EDITORS),
)
LINKS: Final = Access(
    read=in_project("project_id", *EDITORS),
    create=in_project("project_id", *EDITORS),
    delete=in_project("project_id", *EDITORS),
)
