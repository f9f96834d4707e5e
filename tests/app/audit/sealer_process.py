"""A sealer in a process of its own, to be killed: `python -m tests.app.audit.sealer_process`."""

import asyncio
import sys

from app.audit.sealing import Sealer
from documents.store import Store


async def main(uri: str, database: str) -> None:
    """Seal for ever, and say so once it has begun."""
    async with await Store.open(uri, database):
        sealer = Sealer()
        while not await sealer.seal():
            await asyncio.sleep(0.01)
        sys.stdout.write("sealed\n")
        sys.stdout.flush()
        while True:
            await sealer.seal()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
