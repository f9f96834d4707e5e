"""Looking at files of our own: the same questions as to `probe`, answered by the crew.

It is not limited as the probing process is, and is spared that one's fork: only for what this
project's own code has made of nothing from outside.
"""

from pathlib import Path

from workers.crew import aside
from workers.render.facts import Box, Look


def made_of(path: Path) -> Path:
    """The folder for what is made of a file."""
    return path.with_name(f"{path.name}.made")


def looked_at(path: Path) -> Look:
    """Look at a file in the crew's process that has just written it; see `probe.look`.

    What is made of it lies in `made_of(path)`.
    """
    from workers.render.probe_look import look_at

    folder = made_of(path)
    folder.mkdir(exist_ok=True)
    return look_at(path, folder, is_whole=True)


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
