"""Which servers a command uses: those of a run that is on, or its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.settings import Settings
from scripts.stack import Stack, attach


def reachable(settings: Settings) -> Settings:
    """The settings with the addresses of the run that is on, if one is."""
    return attach(settings) or settings


@contextmanager
def servers(settings: Settings) -> Iterator[tuple[Settings, Stack | None]]:
    """Servers to work with: of the run that is on, else started here and stopped in the end."""
    if running := attach(settings):
        yield running, None
        return
    stack = Stack(settings)
    try:
        yield stack.start(), stack
    finally:
        stack.stop()
