"""A teller that tests may kill: `python -m tests.app.telling.teller_process HOLDER`."""

import asyncio
import sys

from app.core.wakeups import Wakeups
from app.settings import Settings
from app.telling.teller import Teller
from documents.store import Store


async def main(holder: str) -> None:
    """Tell until killed."""
    settings = Settings(_env_file=None)
    address, name = settings.address("mongo_uri"), settings.mongo_database
    async with (
        await Store.open(address, name) as store,
        Wakeups(settings.address("redis_url")) as wakeups,
    ):
        await Teller(store, wakeups, holder, lease_seconds=0.2).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
