"""What a bench answers: figures, and the bars that they are held against."""

import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import psutil
from rich.console import Console
from rich.table import Table

_STARTED: Final = time.monotonic()


class Unmeasured(Exception):
    """A bench could not measure; the message says why."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure has to reach."""

    key: str
    op: Literal["<=", ">="]
    limit: float

    def met_by(self, value: float) -> bool:
        return value <= self.limit if self.op == "<=" else value >= self.limit


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one bench."""

    name: str
    figures: Mapping[str, float]
    bars: Sequence[Bar]

    @property
    def ok(self) -> bool:
        return all(bar.met_by(self.figures[bar.key]) for bar in self.bars)

    def as_json(self) -> str:
        bars = [
            {
                "key": bar.key,
                "value": self.figures[bar.key],
                "op": bar.op,
                "limit": bar.limit,
                "ok": bar.met_by(self.figures[bar.key]),
            }
            for bar in self.bars
        ]
        return json.dumps(
            {"name": self.name, "machine": machine(), "figures": dict(self.figures), "bars": bars}
        )

    def show(self) -> None:
        """Print a table."""
        held = {bar.key: bar for bar in self.bars}
        table = Table("figure", "value", "bar", "", title=f"bench {self.name}")
        for key, value in self.figures.items():
            bar = held.get(key)
            wanted = f"{bar.op} {bar.limit:g}" if bar else ""
            verdict = ("ok" if bar.met_by(value) else "[red]missed[/red]") if bar else ""
            table.add_row(key, f"{value:,.2f}", wanted, verdict)
        Console().print(table)


def tell(what: str) -> None:
    """Say on standard error how far a long bench has come."""
    seconds = time.monotonic() - _STARTED
    print(f"{seconds:6.0f} s  {what}", file=sys.stderr, flush=True)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 1024**3, 1),
    }
