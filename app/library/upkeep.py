"""Tasks that keep the library in order, every day."""

from typing import Final

from app.core.kinds import Parameters, TaskKind


class PurgeTrash(Parameters):
    """Delete for good what has been in the trash for 30 days."""


class RecountUsage(Parameters):
    """Count anew what every workspace has used."""


PURGE_TRASH: Final = TaskKind("library.purge_trash", "maintenance", PurgeTrash, queue="io")
RECOUNT_USAGE: Final = TaskKind("library.recount_usage", "maintenance", RecountUsage, queue="io")
