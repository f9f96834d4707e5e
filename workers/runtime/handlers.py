"""Handlers: what a worker does for a task kind, and what a handler may answer or raise."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.kinds import KINDS, P, TaskKind
from documents.production import Task, TaskOutput
from documents.store import Store

if TYPE_CHECKING:
    from workers.runtime.context import Context

Write: TypeAlias = Callable[[AsyncClientSession], Awaitable[None]]


class GiveUp(Exception):
    """No later try can mend this; `code` is stable, the message is a sentence for people."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a handler made.

    `write` puts it into the store in the same transaction that completes the task: a worker that
    lost its lease writes nothing, and nothing is written twice.
    """

    output: TaskOutput | None = None
    write: Write | None = None


Handler: TypeAlias = Callable[["Context", P], Awaitable[Outcome | None]]

HANDLERS: Final[dict[str, Handler[Any]]] = {}
"""The handler of every kind, by the kind's name."""


def handles(kind: TaskKind[P]) -> Callable[[Handler[P]], Handler[P]]:
    """Declare the one handler of a kind. A handler may run twice: after a crash it runs again."""

    def register(handler: Handler[P]) -> Handler[P]:
        if kind.name in HANDLERS:
            raise TypeError(f"two handlers for {kind.name}")
        HANDLERS[kind.name] = handler
        return handler

    return register


Follower: TypeAlias = Callable[[Sequence[Task], Store], Awaitable[None]]

FOLLOWERS: Final[list[tuple[str, Follower]]] = []
"""What is done after the commit of a task's outcome, by the beginning of the kind's name."""


def follows(kinds: str) -> Callable[[Follower], Follower]:
    """Declare what is done soon after tasks that wrote something have ended well, of all kinds
    whose name begins so, and for all at once that ended in the same half second.

    It is for what can be derived again at any time: where the process dies before, it is not done.
    """

    def register(follower: Follower) -> Follower:
        FOLLOWERS.append((kinds, follower))
        return follower

    return register


def kind_of(name: str) -> TaskKind[Any]:
    """The kind of this name. Raises GiveUp where this worker knows none, or cannot handle it."""
    if name not in KINDS or name not in HANDLERS:
        raise GiveUp(f"This worker knows no task kind {name}.", code="unknown_kind")
    return KINDS[name]
