"""The process that builds the graph over many vectors (HNSW, half precision).

Building takes minutes of all cores; a process of its own, at low priority, keeps it away from the
requests. It ends when its parent does. It stands outside of the package that asks for it, since
it would load all of that otherwise.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

CONNECTIVITY: Final = 16
EXPANSION_ADD: Final = 128
AT_ONCE: Final = 5_000
NICENESS: Final = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """What to build: the rows from `begin` to `end`, added to the graph of those before."""

    vectors: str
    dimensions: int
    begin: int
    end: int
    before: str
    """The file of the graph to go on from; empty: none."""
    made: str
    threads: int = 0
    """0: as many as there are cores."""


def build(plan: Plan) -> None:
    """Build it here; takes minutes for a million vectors."""
    from usearch.index import Index

    index: Any = Index(
        ndim=plan.dimensions,
        metric="ip",
        dtype="f16",
        connectivity=CONNECTIVITY,
        expansion_add=EXPANSION_ADD,
        enable_key_lookups=False,
    )
    if plan.before:
        index.load(plan.before)
    vectors = np.memmap(plan.vectors, "<f4", "r", shape=(plan.end, plan.dimensions))
    parent = os.getppid()
    for begin in range(plan.begin, plan.end, AT_ONCE):
        if os.getppid() != parent:
            raise SystemExit(1)
        end = min(begin + AT_ONCE, plan.end)
        keys = np.arange(begin, end, dtype=np.uint64)
        index.add(keys, np.ascontiguousarray(vectors[begin:end]), threads=plan.threads)
    made = Path(f"{plan.made}.part")
    index.save(made)
    with made.open("rb") as file:
        os.fsync(file.fileno())
    made.replace(plan.made)


if __name__ == "__main__":
    os.nice(NICENESS)
    build(Plan(**orjson.loads(sys.stdin.buffer.read())))
