"""A worker process: the runner, woken by arq's tokens, until a signal ends it."""

import asyncio
import logging
import signal
from typing import Any, Final

from arq import create_pool
from arq.worker import Worker, func
from redis.exceptions import RedisError

from app.core.storage import Storage
from app.core.wakeups import QUEUE, WAKE, Wakeups, deserialize, redis_settings, serialize
from app.settings import Settings
from documents.store import Store
from workers.providers.registry import Providers
from workers.runtime.context import Resources
from workers.runtime.runner import Runner

POLL_SECONDS: Final = 0.01
RESTART_SECONDS: Final = 1.0

logger = logging.getLogger(__name__)


async def work(settings: Settings, providers: Providers) -> None:
    """Run tasks until SIGTERM or SIGINT. Raises StorageError or PyMongoError at a bad start."""
    redis_url = settings.address("redis_url")
    async with (
        await Store.open(settings.address("mongo_uri"), settings.mongo_database) as store,
        Storage(settings) as storage,
        Wakeups(redis_url) as wakeups,
    ):
        runner = Runner(Resources(settings, store, storage, wakeups, providers))
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, runner.stop)
        listening = asyncio.create_task(listen(redis_url, runner))
        logger.info("worker %s is ready", runner.worker_id)
        try:
            await runner.run()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def listen(redis_url: str, runner: Runner) -> None:
    """Poke the runner for every token; start again when Redis was away (arq itself gives up)."""

    async def wake(_: dict[Any, Any], *_arguments: Any) -> None:
        runner.poke()

    while True:
        try:
            await _listen(redis_url, wake)
        except (RedisError, OSError) as exc:
            logger.warning("Redis does not answer, the sweep finds tasks meanwhile: %s", exc)
        await asyncio.sleep(RESTART_SECONDS)


async def _listen(redis_url: str, wake: Any) -> None:
    settings = redis_settings(redis_url)
    # Our own pool: arq leaves its pool open when it is cancelled.
    pool = await create_pool(settings, job_serializer=serialize, job_deserializer=deserialize)
    arq = Worker(
        functions=[func(wake, name=WAKE, keep_result=0, max_tries=1)],
        queue_name=QUEUE,
        redis_pool=pool,
        job_serializer=serialize,
        job_deserializer=deserialize,
        poll_delay=POLL_SECONDS,
        handle_signals=False,
        health_check_interval=10,
        log_results=False,
    )
    listening = asyncio.create_task(arq.main())
    try:
        await listening
    finally:
        listening.cancel()
        await asyncio.gather(listening, *arq.tasks.values(), return_exceptions=True)
        await pool.aclose(close_connection_pool=True)
