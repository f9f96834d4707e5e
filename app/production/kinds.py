"""Tasks about the task engine itself."""

from typing import Final

from app.core.kinds import Parameters, TaskKind


class Ping(Parameters):
    """Nothing: that the task completes is the answer."""


PING: Final = TaskKind("maintenance.ping", "maintenance", Ping, max_retries=0)
"""Does nothing: shows that workers are there, and how quick they are."""


class ArchiveTasks(Parameters):
    """Move what ended long ago out of the live collection."""


ARCHIVE_TASKS: Final = TaskKind("maintenance.archive_tasks", "maintenance", ArchiveTasks)


class RepairLedger(Parameters):
    """Set budgets right that differ from the sums of their rows."""


REPAIR_LEDGER: Final = TaskKind("maintenance.repair_ledger", "maintenance", RepairLedger)
