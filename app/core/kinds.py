"""Task kinds: what can be asked of a worker. The asking side and the handler share one of these."""

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from documents.production import Queue, TaskType


class Parameters(BaseModel):
    """The parameters of a task kind: ids and small values, never documents."""

    model_config = ConfigDict(frozen=True, extra="forbid")


P = TypeVar("P", bound=Parameters)

KINDS: Final[dict[str, "TaskKind[Any]"]] = {}
"""Every kind by its name."""


@dataclass(frozen=True, slots=True)
class TaskKind(Generic[P]):
    """One kind of task. Its name is stored: renaming it orphans what is queued."""

    name: str
    task_type: TaskType
    parameters: type[P]
    queue: Queue = "light"
    max_retries: int = 3
    timeout_seconds: float = 600

    def __post_init__(self) -> None:
        if self.name in KINDS:
            raise TypeError(f"two task kinds are called {self.name}")
        KINDS[self.name] = self
