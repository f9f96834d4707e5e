"""Listens to the driver of the document store: how long commands take, and the connection pool."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from prometheus_client import Histogram
from pymongo import monitoring
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from app.core.metrics import Metrics
from app.core.slow_queries import SlowQueries

BY_COLLECTION: Final = frozenset(
    {"find", "getMore", "aggregate", "count", "distinct", "insert", "update", "delete"}
    | {"findAndModify"}
)
"""Others are measured without a collection."""


class Commands(CommandListener):
    """Measures every command, and hands the slow ones on."""

    def __init__(self, metrics: Metrics, slow: SlowQueries, collections: frozenset[str]) -> None:
        self._metrics, self._slow, self._known = metrics, slow, collections
        self._running: dict[int, tuple[str, Mapping[str, Any]]] = {}
        self._timers: dict[tuple[str, str], Histogram] = {}

    def started(self, event: CommandStartedEvent) -> None:
        """Keep the command until it has ended."""
        self._running[event.request_id] = (event.database_name, event.command)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Measure it."""
        database, command = self._running.pop(event.request_id, ("", {}))
        collection = self._measured(event, command)
        if collection and event.duration_micros > self._slow.micros:
            self._metrics.slow_queries.labels(collection).inc()
            self._slow.note(event.command_name, database, command, event.duration_micros)

    def failed(self, event: CommandFailedEvent) -> None:
        """Count it."""
        _, command = self._running.pop(event.request_id, ("", {}))
        self._measured(event, command)
        self._metrics.command_failures.labels(event.command_name).inc()

    def _measured(
        self, event: CommandSucceededEvent | CommandFailedEvent, command: Mapping[str, Any]
    ) -> str:
        """The collection, where it is one of ours; others' names are no label values."""
        name, collection = event.command_name, ""
        if name in BY_COLLECTION:
            given = command.get("collection" if name == "getMore" else name)
            collection = given if given in self._known else ""
        timer = self._timers.get((name, collection))
        if timer is None:
            timer = self._metrics.command_seconds.labels(name, collection)
            self._timers[name, collection] = timer
        timer.observe(event.duration_micros / 1e6)
        return collection


class Connections(monitoring.ConnectionPoolListener):
    """Measures the connection pool; plain numbers, since every command passes here three times."""

    def __init__(self, metrics: Metrics) -> None:
        self.open = self.used = self.waiting = 0
        for state in ("open", "used", "waiting"):
            metrics.connections.labels(state).set_function(partial(getattr, self, state))
        self._wait, self._failures = metrics.connection_wait_seconds, metrics.connection_failures

    def connection_created(self, event: monitoring.ConnectionCreatedEvent) -> None:
        self.open += 1

    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None:
        self.open -= 1

    def connection_check_out_started(
        self, event: monitoring.ConnectionCheckOutStartedEvent
    ) -> None:
        self.waiting += 1

    def connection_checked_out(self, event: monitoring.ConnectionCheckedOutEvent) -> None:
        self.waiting -= 1
        self.used += 1
        self._wait.observe(event.duration or 0.0)

    def connection_check_out_failed(self, event: monitoring.ConnectionCheckOutFailedEvent) -> None:
        self.waiting -= 1
        self._failures.inc()

    def connection_checked_in(self, event: monitoring.ConnectionCheckedInEvent) -> None:
        self.used -= 1

    def connection_ready(self, event: monitoring.ConnectionReadyEvent) -> None: ...

    def pool_created(self, event: monitoring.PoolCreatedEvent) -> None: ...

    def pool_ready(self, event: monitoring.PoolReadyEvent) -> None: ...

    def pool_cleared(self, event: monitoring.PoolClearedEvent) -> None: ...

    def pool_closed(self, event: monitoring.PoolClosedEvent) -> None: ...
