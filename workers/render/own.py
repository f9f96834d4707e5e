"""Looking at files of our own: the same questions as to `probe`, answered by the crew.

It is not limited as the probing process is, and is spared that one's fork: only for what this
project's own code has made of nothing from outside.
"""

from pathlib import Path

from workers.crew import aside
from workers.render.facts import Box, Look


async def look(path: Path, folder: Path) -> Look:
    """See `probe.look`."""
    return await aside(_look, path, folder)


async def likeness(path: Path, box: Box, model: Path, model_box: Box) -> float:
    """See `probe.likeness`."""
    return await aside(_likeness, path, box, model, model_box)


# The decoders are loaded in the crew's processes and not in the worker.


def _look(path: Path, folder: Path) -> Look:
    from workers.render.probe_look import look_at

    return look_at(path, folder)


def _likeness(path: Path, box: Box, model: Path, model_box: Box) -> float:
    from workers.render.probe_figures import figures_alike

    return figures_alike(path, box, model, model_box)
