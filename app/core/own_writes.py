"""Drops from the cache what this process writes, before the answer to the write goes out.

It listens to the commands themselves, so that no service has to remember to say anything. The
listener is called before the driver hands the result on.
"""

from collections.abc import Collection, Mapping
from typing import Any

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from app.core.cache import Cache
from app.core.touched import WRITES, Touched, by_command


class OwnWrites(CommandListener):
    """Watches the writes to these collections.

    A write may have happened although it failed (its answer was lost), so failures count too. What
    a transaction writes is seen by others when it commits: it is dropped then, and once more.
    """

    def __init__(self, cache: Cache, collections: Collection[str]) -> None:
        self._cache, self._collections = cache, frozenset(collections)
        self._running: dict[int, tuple[Touched, bytes | None]] = {}
        self._transactions: dict[bytes, list[Touched]] = {}
        self._committing: dict[int, bytes] = {}

    def started(self, event: CommandStartedEvent) -> None:
        """Note what the command will have written."""
        name, command = event.command_name, event.command
        if name in WRITES:
            if command[name] in self._collections:
                transaction = _session(command) if "autocommit" in command else None
                self._running[event.request_id] = (by_command(command), transaction)
                if command.get("startTransaction") and transaction:
                    self._transactions.pop(transaction, None)
        elif name == "commitTransaction":
            self._committing[event.request_id] = _session(command)
        elif name == "abortTransaction":
            self._transactions.pop(_session(command), None)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Drop it."""
        self._ended(event.request_id)
        if (transaction := self._committing.pop(event.request_id, None)) is not None:
            self._committed(transaction)
            self._transactions.pop(transaction, None)

    def failed(self, event: CommandFailedEvent) -> None:
        """Drop it all the same."""
        self._ended(event.request_id)
        # A commit that failed may be tried again, so what belongs to it is kept.
        if (transaction := self._committing.pop(event.request_id, None)) is not None:
            self._committed(transaction)

    def _ended(self, request: int) -> None:
        running = self._running.pop(request, None)
        if running is None:
            return
        touched, transaction = running
        self._cache.forget(touched)
        if transaction is not None:
            self._transactions.setdefault(transaction, []).append(touched)

    def _committed(self, transaction: bytes) -> None:
        for touched in self._transactions.get(transaction, ()):
            self._cache.forget(touched)


def _session(command: Mapping[str, Any]) -> bytes:
    return bytes(command["lsid"]["id"])
