"""Reading the end of a server's log, and telling from it what to do."""

import json
import re
from pathlib import Path

from .errors import ServerDied

TAIL_LINES = 8
TAIL_BYTES = 64 * 1024
LINE_LENGTH = 300

PORT_TAKEN = re.compile(r"address (is )?already in use|port \d+ .*not available", re.IGNORECASE)

REASONS = (
    (
        re.compile(r"No space left on device|not enough (free )?(disk )?space", re.IGNORECASE),
        "the disk is full; free some space and start again.",
    ),
    (PORT_TAKEN, "its port was taken by another process; start again."),
    (
        re.compile(r"DBPathInUse|Unable to lock the lock file"),
        "another mongod uses the same data; end it, or set BACKLOT_DATA to another folder.",
    ),
    (
        re.compile(
            r"UPGRADE PROBLEM|unsupported WiredTiger file version|IncompatibleServerVersion"
            r"|[Ii]nvalid featureCompatibilityVersion"
        ),
        "another version of mongod wrote this data; name that version with BACKLOT_MONGOD, "
        "or set BACKLOT_DATA to a new folder.",
    ),
    (
        re.compile(r"error while loading shared libraries"),
        "a shared library is missing; `backlot doctor` says which package brings it.",
    ),
    (
        re.compile(r"Permission denied|Operation not permitted"),
        "it may not write to its data folder; give it to this user, or set BACKLOT_DATA.",
    ),
)

NO_SUCH_INSTRUCTION = -4
"""SIGILL as a return code: MongoDB since 5.0 needs a processor with AVX."""


def died(server: str, code: int, log: Path) -> ServerDied:
    """Why `server` ended with `code`, as far as its log tells."""
    text = _end_of(log)
    hint = next((hint for pattern, hint in REASONS if pattern.search(text)), None)
    if hint is None and code == NO_SUCH_INSTRUCTION:
        hint = "this processor lacks an instruction it needs (AVX); point BACKLOT_MONGO_URI at "
        hint += "a server elsewhere."
    cause = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    reason = f"has ended ({cause}): {hint or f'its log is {log}.'}"
    return ServerDied(server, reason, tail(text), port_taken=PORT_TAKEN.search(text) is not None)


def tail(text: str, lines: int = TAIL_LINES) -> str:
    """The last lines, mongod's JSON brought down to its message, each cut to a readable length."""
    kept = [line for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join(f"  {_readable(line)[:LINE_LENGTH]}" for line in kept)


def _end_of(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL_BYTES))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def _readable(line: str) -> str:
    try:
        entry = json.loads(line)
        attributes = json.dumps(entry["attr"]) if "attr" in entry else ""
        return f"{entry['msg']} {attributes}".rstrip()
    except (ValueError, KeyError, TypeError):
        return line
