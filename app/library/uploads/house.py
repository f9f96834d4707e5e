"""What bringing files in needs from outside, be it a request's or a task's."""

from typing import Protocol, TypeAlias

from app.core.actor import Actor
from app.core.storage import Storage
from app.settings import Settings
from documents.identity import AuditActor
from documents.store import Store


class House(Protocol):
    """The open servers: `Parts` of the API and `Resources` of a worker have them."""

    @property
    def settings(self) -> Settings: ...

    @property
    def store(self) -> Store: ...

    @property
    def storage(self) -> Storage: ...


Who: TypeAlias = Actor | AuditActor
"""Who brings the file in; an `AuditActor` where he is not there any more."""
