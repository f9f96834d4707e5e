"""A worker, complete: every handler, the local providers, the loop."""

from app.settings import Settings
from workers import jobs
from workers.providers.registry import local_providers
from workers.runtime.process import work

__all__ = ["jobs", "run"]


async def run(settings: Settings) -> None:
    """Work tasks off until a signal says stop."""
    await work(settings, local_providers())
