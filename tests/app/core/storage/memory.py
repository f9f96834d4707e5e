"""Moves a big file through the storage and tells how much memory each way took.

`python -m tests.app.core.storage.memory <size in MiB> <folder>` with a store in the environment.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Awaitable
from contextlib import aclosing
from pathlib import Path
from typing import TypeVar

from app.core.storage import Storage, StoredObject
from app.core.storage.hashing import MIB
from app.settings import Settings
from tests.app.core.storage.support import VIDEO

PROCESS = Path("/proc/self")
Result = TypeVar("Result")


async def measure(size: int, folder: Path) -> dict[str, dict[str, float]]:
    """Peak growth of the resident memory in MiB and the time in seconds, for each way."""
    source, copy = folder / "source", folder / "copy"
    make(source, size)
    results: dict[str, dict[str, float]] = {}
    async with Storage(Settings(_env_file=None)) as storage:

        async def put_file() -> StoredObject:
            return await storage.put_file(source, prefix="memory", content_type=VIDEO)

        async def get_file() -> None:
            await storage.get_file(stored.key, copy)

        async def put_stream() -> StoredObject:
            async with aclosing(storage.stream(stored.key)) as chunks:
                return await storage.put_stream(
                    chunks, prefix="memory-stream", content_type=VIDEO, maximum=size
                )

        stored = await measured("put_file", put_file(), results)
        await measured("get_file", get_file(), results)
        streamed = await measured("stream and put_stream", put_stream(), results)
        assert stored.created
        assert streamed.created
        assert streamed.sha256 == stored.sha256
        await storage.delete([stored.key, streamed.key])
    return results


async def measured(
    name: str, work: Awaitable[Result], results: dict[str, dict[str, float]]
) -> Result:
    """Do the work and note what it took."""
    (PROCESS / "clear_refs").write_text("5")  # The peak starts again at what is in use now.
    before, began = memory("VmRSS"), time.monotonic()
    result = await work
    results[name] = {"mib": memory("VmHWM") - before, "seconds": time.monotonic() - began}
    return result


def memory(field: str) -> float:
    """A memory figure of this process in MiB; unlike `getrusage`, nothing of its parent's."""
    found = re.search(rf"^{field}:\s+(\d+) kB$", (PROCESS / "status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def make(path: Path, size: int) -> None:
    """A sparse file in which every MiB is another."""
    with path.open("wb") as file:
        file.truncate(size)
        for start in range(0, size, MIB):
            file.seek(start)
            file.write(start.to_bytes(8, "big"))


if __name__ == "__main__":
    taken = asyncio.run(measure(int(sys.argv[1]) * MIB, Path(sys.argv[2])))
    sys.stdout.write(json.dumps(taken))
