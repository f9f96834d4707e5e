"""What a handler is given: the task, the parts it may use, and ways to speak of its progress."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final

from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.library.quotas import Calls
from app.settings import Settings
from documents.ledger import GenerationCost
from documents.production import Task
from documents.store import Store
from documents.values import Id
from workers.providers.registry import Providers
from workers.runtime import claims
from workers.runtime.plays import Plays
from workers.runtime.small_files import SmallFiles

PROGRESS_SECONDS: Final = 0.5
"""Progress is written at most this often, and not of what takes less: a bar needs no more."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What a worker process has open; shared by all its tasks."""

    settings: Settings
    store: Store
    storage: Storage
    wakeups: Wakeups
    providers: Providers
    calls: Calls = field(init=False)
    pictures: SmallFiles = field(init=False)
    plays: Plays = field(default_factory=Plays, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "calls", Calls(self.store, self.settings))
        object.__setattr__(self, "pictures", SmallFiles(self.storage))


@dataclass(frozen=True, slots=True)
class OwnCall:
    """A call of one of our own providers that has ended well and is not written down yet."""

    outcome: dict[str, Any]
    """What is set in its execution."""
    row: GenerationCost


@dataclass(slots=True)
class Context:
    """One attempt at one task."""

    task: Task
    resources: Resources
    folder: Path
    """An empty folder of this attempt's own, gone afterwards."""
    own_calls: dict[Id, OwnCall] = field(default_factory=dict, init=False)
    """By their executions; written with the task's outcome, see `calls.write_own`."""
    _told_at: float = field(default_factory=monotonic, init=False)

    @property
    def store(self) -> Store:
        return self.resources.store

    @property
    def storage(self) -> Storage:
        return self.resources.storage

    @property
    def providers(self) -> Providers:
        return self.resources.providers

    @property
    def workspace_id(self) -> Id:
        """The tenant whose work this is. Raises RuntimeError for a task of the house."""
        if self.task.workspace_id is None:
            raise RuntimeError(f"{self.task.kind} {self.task.id} belongs to no workspace")
        return self.task.workspace_id

    async def progress(self, fraction: float, step: str) -> None:
        """Tell how far the work has come, from 0 to 1."""
        if monotonic() - self._told_at >= PROGRESS_SECONDS:
            self._told_at = monotonic()
            await claims.report_progress(self.task, fraction * 100, step)

    def progress_from_thread(self, step: str) -> Callable[[float], None]:
        """The same for code that cannot wait: the write happens when the loop gets to it."""
        loop, pending = asyncio.get_running_loop(), set[asyncio.Task[None]]()

        def start(fraction: float) -> None:
            writing = loop.create_task(self.progress(fraction, step))
            pending.add(writing)
            writing.add_done_callback(pending.discard)

        def tell(fraction: float) -> None:
            loop.call_soon_threadsafe(start, fraction)

        return tell
