"""Logs: one JSON object a line on standard error, or plain text for people at a terminal.

A line carries the id of the request in whose course it was written. More fields are given as
`extra={"fields": {…}}`. What looks like a secret is masked wherever it stands, since messages quote
addresses and exceptions; values of queries and bodies are never logged to begin with.
"""

import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import orjson

from app.core.request_ids import request_id
from app.settings import Settings

MASK: Final = "***"
SECRETS: Final = re.compile(
    r"(?P<scheme>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}"
    r"|(?P<address>://[^\s:/@]*:)[^\s@/]+(?=@)"
    r"|(?P<name>\b\w*(?:password|passwd|secret|token|api_?key|authorization|signature)\w*"
    r"[\"']?\s*[:=]\s*[\"']?)(?:(?:bearer|basic)\s+)?[^\s\"',;&})]+",
    re.IGNORECASE,
)
TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
QUIET: Final = ("arq", "botocore", "httpcore", "httpx", "pymongo", "urllib3")
"""Libraries that say too much below a warning: whole addresses, with their queries."""


def masked(text: str) -> str:
    """The text without what looks like a secret."""
    # One word is none: each kind needs a space or a mark beside it. Most lines say one word.
    return text if text.isalnum() else SECRETS.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    return (found["scheme"] or found["address"] or found["name"]) + MASK


class JsonLines(logging.Formatter):
    """Each record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        if current := request_id():
            line["request_id"] = current
        line |= _fields(record)
        if record.exc_info:
            line["exception"] = masked(self.formatException(record.exc_info))
        return orjson.dumps(line, str, orjson.OPT_NON_STR_KEYS).decode()


class PlainLines(logging.Formatter):
    """The same for people."""

    def __init__(self) -> None:
        super().__init__(TEXT)

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the trace of an exception below it."""
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        return f"{masked(super().format(record))} {fields}".rstrip()


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send the lines of all loggers to standard error, once; uvicorn's among them.

    uvicorn has to be told `log_config=None`, or it sets up its own.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if settings.log_format == "json" else PlainLines())
    # No line shows these, and finding them out is half of what a line costs.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = getattr(record, "fields", {})
    return fields
