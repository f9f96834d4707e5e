"""Keys: what makes two segments the same."""

import asyncio
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from workers.render.errors import RenderError
from workers.render.values import Value

RENDERER_VERSION: Final = 2
"""Raised whenever the same plan would be drawn, mixed or encoded otherwise than before."""


def key_of(kind: str, plan: Value, *more: str) -> str:
    """A key for what is made of a plan; equal plans of one renderer have equal keys."""
    text = "\n".join([f"{kind} {RENDERER_VERSION}", plan.model_dump_json(), *more])
    return hashlib.sha256(text.encode()).hexdigest()


async def hashes_of(paths: Iterable[Path]) -> dict[str, str]:
    """The SHA-256 of each file's content, by its path.

    Raises:
        RenderError: a file can't be read.
    """
    return await asyncio.to_thread(lambda: {str(path): _hash(path) for path in {*paths}})


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RenderError(f"{path.name} can't be read: {error.strerror}.") from None
