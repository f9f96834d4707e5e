"""What the process measures, for Prometheus.

Each process has a registry of its own and answers for itself: Prometheus asks every process. The
names say the unit; those that look at the whole installation (tasks, collections, backups) are
the same in each process, so read them with `max`.
"""

import hmac
from importlib.metadata import version
from ipaddress import ip_address
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from starlette.concurrency import run_in_threadpool

from app.core.errors import NotFound
from app.core.parts import parts_of

REQUEST_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
COMMAND_BUCKETS: Final = (0.001, 0.005, 0.025, 0.1, 0.5, 1, 5)
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")

router = APIRouter()


class Metrics:
    """Every metric of the process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        Info("backlot", "The release that runs.", registry=self.registry).info(
            {"version": version("backlot")}
        )
        self._requests()
        self._store()
        self._cache()
        self._limits()
        self._installation()

    def exposed(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)

    def _requests(self) -> None:
        self.request_seconds = Histogram(
            "backlot_request_seconds",
            "Time from a request to the end of its answer.",
            ("method", "route", "status"),
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )
        self.requests_running = self._gauge("backlot_requests_running", "Requests being served.")

    def _store(self) -> None:
        self.command_seconds = Histogram(
            "backlot_store_command_seconds",
            "Time that a command took in the document store, as the process saw it.",
            ("command", "collection"),
            buckets=COMMAND_BUCKETS,
            registry=self.registry,
        )
        self.command_failures = self._counter(
            "backlot_store_command_failures", "Commands that failed.", "command"
        )
        self.slow_queries = self._counter(
            "backlot_slow_queries", "Commands slower than the setting says.", "collection"
        )
        self.connections = self._gauge(
            "backlot_store_connections", "Connections of the pool.", "state"
        )
        self.connection_wait_seconds = Histogram(
            "backlot_store_connection_wait_seconds",
            "Time that commands waited for a connection of the pool.",
            buckets=COMMAND_BUCKETS,
            registry=self.registry,
        )
        self.connection_failures = self._counter(
            "backlot_store_connection_failures", "Connections that could not be had."
        )
        self.replication_lag = self._gauge(
            "backlot_replication_lag_seconds", "How far a member is behind the primary.", "member"
        )

    def _cache(self) -> None:
        self.cache_reads = self._counter(
            "backlot_cache_reads", "Reads of the cache: hit, miss, or bypass.", "kind", "outcome"
        )
        self.cache_entries = self._gauge("backlot_cache_entries", "What the cache holds.")
        self.stream_connected = self._gauge(
            "backlot_change_stream_connected", "Whether changes are followed: without, no cache."
        )
        self.stream_lag = self._gauge(
            "backlot_change_stream_lag_seconds", "Age of the newest change when it was seen."
        )
        self.stream_restarts = self._counter(
            "backlot_change_stream_restarts", "How often the change stream broke off."
        )

    def _limits(self) -> None:
        self.rate_limit_decisions = self._counter(
            "backlot_rate_limit_decisions",
            "Requests by rate and decision; unchecked: Redis did not answer.",
            *("rate", "decision"),
        )
        self.redis_up = self._gauge("backlot_redis_up", "Whether Redis answers.")

    def _installation(self) -> None:
        self.tasks = self._gauge("backlot_tasks", "Tasks that wait or run.", "queue", "state")
        self.oldest_task = self._gauge(
            "backlot_oldest_task_seconds", "Age of the task that waits longest to be run.", "queue"
        )
        self.overdue_leases = self._gauge(
            "backlot_overdue_leases", "Running tasks whose worker gives no sign of life."
        )
        self.finished_tasks = self._gauge(
            "backlot_finished_tasks", "Tasks that ended in the last five minutes.", "status"
        )
        self.documents = self._gauge(
            "backlot_collection_documents", "Documents, as the store estimates.", "collection"
        )
        self.collection_bytes = self._gauge(
            "backlot_collection_bytes", "Bytes on disk.", "collection", "part"
        )
        self.index_uses = self._gauge(
            "backlot_index_uses", "Uses since the server started.", "collection", "index"
        )
        self.unused_indexes = self._gauge(
            "backlot_unused_indexes", "Indexes that nobody used for a day.", "collection"
        )
        self.backups = self._gauge(
            "backlot_backup_timestamp_seconds", "When a backup last ended like this.", "outcome"
        )
        self.sample_failures = self._counter(
            "backlot_sample_failures", "Looks at the installation that failed.", "sample"
        )

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """For Prometheus: from this machine, or with `Authorization: Bearer METRICS_TOKEN`."""
    parts = parts_of(request)
    if not _may_read(request, parts.settings.metrics_token.get_secret_value()):
        raise NotFound("There is nothing here.")
    exposed = await run_in_threadpool(parts.metrics.exposed)
    return Response(exposed, media_type=CONTENT_TYPE_LATEST)


def _may_read(request: Request, token: str) -> bool:
    if token:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode())
    # Through a proxy on this machine everybody would seem to be here.
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
