"""arq alone: works a queue of no-ops off and prints the seconds it took.

`python -m scripts.bench.bare_arq REDIS_URL QUEUE`; the clock starts when the worker is ready.
"""

import asyncio
import sys
import time
from typing import Any, cast

from arq.worker import Worker, func

from app.core.wakeups import redis_settings


async def nothing(_: dict[Any, Any]) -> None:
    """Nothing."""


async def main(redis_url: str, queue: str) -> None:
    worker = Worker(
        functions=[func(cast(Any, nothing), name="nothing", keep_result=0)],
        queue_name=queue,
        redis_settings=redis_settings(redis_url),
        burst=True,
        max_jobs=64,
        poll_delay=0.01,
        handle_signals=False,
        log_results=False,
    )
    started = time.perf_counter()
    await worker.main()
    print(time.perf_counter() - started)
    await worker.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
