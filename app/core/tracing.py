"""OpenTelemetry, for whoever installs it.

FastAPI makes spans of its own accord. With `opentelemetry-sdk` and
`opentelemetry-exporter-otlp-proto-http` installed (`pip install 'fastapi[opentelemetry]'`) and
OTEL_EXPORTER_OTLP_ENDPOINT set, which OpenTelemetry reads itself, they are exported; without them
nothing of it runs. Metrics and logs have ways of their own here and are not sent.
A span holds the path and the query string of its request: keep the collector as close as the logs
of a proxy would be.
"""

from importlib.util import find_spec

from fastapi.telemetry import TelemetryConfig


def telemetry() -> TelemetryConfig:
    """What FastAPI is told."""
    installed = find_spec("opentelemetry") is not None and (
        find_spec("opentelemetry.sdk") is not None
    )
    return {"tracing": installed, "metrics": False, "logs": False, "auto_configure": installed}
