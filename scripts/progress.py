"""How long work shows that it goes on: a bar on a terminal, JSON lines otherwise."""

import json
import sys
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class ProgressReport:
    """Tells on standard error how much of something is done, whenever that has changed."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._last: tuple[int, int, str] | None = None
        columns = (
            TextColumn(title),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} {task.description}"),
            TimeElapsedColumn(),
        )
        self._bar = Progress(*columns, console=Console(stderr=True))
        self._row = self._bar.add_task("", total=1)
        self._on_terminal = sys.stderr.isatty()

    def __enter__(self) -> Self:
        if self._on_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._on_terminal:
            self._bar.stop()

    def tell(self, completed: int, total: int, doing: str) -> None:
        """So much is done, and this is being done now."""
        now = (completed, total, doing)
        if now == self._last:
            return
        self._last = now
        if self._on_terminal:
            self._bar.update(self._row, completed=completed, total=total, description=doing)
            return
        line = {"event": self._title, "completed": completed, "total": total, "doing": doing}
        print(json.dumps(line), file=sys.stderr, flush=True)
