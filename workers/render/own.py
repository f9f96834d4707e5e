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


def thumbnail_of(path: Path, name: str) -> Path:
    """Where a thumbnail of a picture lies once it has been looked at."""
    return made_of(path) / f"{name}.webp"


def looked_at(path: Path, *, is_whole: bool = False) -> Look:
    """Look at a file in a process of the crew; see `probe.look`.

    What is made of it lies in `made_of(path)`. Who has just written it knows that it `is_whole`.
    """
    from workers.render.probe_look import look_at

    folder = made_of(path)
    folder.mkdir(exist_ok=True)
    return look_at(path, folder, is_whole=is_whole)


async def look(path: Path) -> Look:
    """The same from the worker."""
    return await aside(looked_at, path)


async def likeness(path: Path, box: Box, model: Path, model_box: Box) -> float:
    """See `probe.likeness`."""
    return await aside(_likeness, path, box, model, model_box)


# The decoders are loaded in the crew's processes and not in the worker.


def _likeness(path: Path, box: Box, model: Path, model_box: Box) -> float:
    from workers.render.probe_figures import figures_alike

    return figures_alike(path, box, model, model_box)
