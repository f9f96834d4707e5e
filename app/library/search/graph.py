"""The graph over many vectors, searched in place and built by a process of its own."""

import asyncio
import sys
import threading
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from app.library.graph_builder import Plan
from app.library.search.wanted import Row

EXPANSION_SEARCH: Final = 256
"""How many rows a search looks at in the graph, at least."""


class NotBuilt(Exception):
    """The graph could not be built."""


class Graph:
    """A mapped graph; its keys are the rows of the vectors."""

    def __init__(self, path: Path) -> None:
        from usearch.index import Index  # with its library, a while to load

        index: Any = Index.restore(path, view=True, enable_key_lookups=False)
        if index is None:
            raise NotBuilt(f"{path.name} is no graph")
        index.expansion_search = EXPANSION_SEARCH
        self._index = index
        # A search works in buffers of its thread's number, and ours all have the same.
        self._alone = threading.Lock()

    def __len__(self) -> int:
        return len(self._index)

    def nearest(self, vector: Row, count: int) -> npt.NDArray[np.intp]:
        """The rows that are probably nearest; leaves the interpreter to others meanwhile."""
        with self._alone:
            found = self._index.search(vector, min(count, len(self._index)))
        rows: npt.NDArray[np.intp] = np.asarray(found.keys).astype(np.intp)
        return rows


async def built(plan: Plan) -> Path:
    """Build a graph in a process of its own. Raises NotBuilt."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.library.graph_builder"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        given = orjson.dumps({name: getattr(plan, name) for name in Plan.__slots__})
        _, complaint = await child.communicate(given)
    except asyncio.CancelledError:
        child.kill()
        await child.wait()
        raise
    if child.returncode:
        raise NotBuilt(complaint.decode(errors="replace")[-500:])
    return Path(plan.made)
