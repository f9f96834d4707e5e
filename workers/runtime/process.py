"""A worker process: the runner, woken by arq's tokens, until a signal ends it."""

import asyncio
import contextlib
import itertools
import logging
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final, TypeAlias, cast

from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.exceptions import RedisError

from app.core.background import end
from app.core.encryption import Encryption
from app.core.storage import Storage, StorageError
from app.core.wakeups import BELL, QUEUE, WAKE, Wakeups, client, deserialize, serialize
from app.library.embedding_upkeep import EmbeddingUpkeep
from app.library.kinds import LOOK_AGAIN, LookAgain
from app.library.upkeep import PURGE_TRASH, RECOUNT_USAGE, PurgeTrash, RecountUsage
from app.library.uploads.kinds import SWEEP_UPLOADS, SweepUploads
from app.production import tasks
from app.production.kinds import ARCHIVE_TASKS, REPAIR_LEDGER, ArchiveTasks, RepairLedger
from app.production.tasks import Ownership, new_task
from app.settings import Settings
from app.telling.teller import Teller
from documents.base import NotUnique
from documents.production import Task
from documents.store import Store
from workers.providers.embedding import space_of
from workers.providers.registry import Providers
from workers.runtime.context import Resources
from workers.runtime.runner import Runner

POLL_SECONDS: Final = 0.5
BELL_SECONDS: Final = 10
RESTART_SECONDS: Final = 1.0
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

Wake: TypeAlias = Callable[..., Awaitable[None]]

logger = logging.getLogger(__name__)


async def work(settings: Settings, providers: Providers) -> None:
    """Run tasks until SIGTERM or SIGINT.

    Raises NotConfigured, StorageError or PyMongoError at a bad start.
    """
    mongo_uri, redis_url = settings.address("mongo_uri"), settings.address("redis_url")
    Encryption.of(settings)
    async with (
        await Store.open(mongo_uri, settings.mongo_database) as store,
        Storage(settings) as storage,
        Wakeups(redis_url) as wakeups,
    ):
        runner = Runner(Resources(settings, store, storage, wakeups, providers))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, runner.stop)
        beside = [
            asyncio.create_task(listen(redis_url, runner)),
            asyncio.create_task(_keep_house(storage)),
            asyncio.create_task(Teller(store, wakeups, runner.worker_id).run()),
            asyncio.create_task(
                EmbeddingUpkeep(store, wakeups, settings, space_of(providers.embedding)).run()
            ),
        ]
        logger.info("worker %s is ready", runner.worker_id)
        try:
            await runner.run()
        finally:
            await end(beside)


async def _keep_house(storage: Storage) -> None:
    """Every hour look at what was missed; every day archive, mend, and remove what killed uploads
    left, too."""
    for hour in itertools.count():
        await _ask(new_task(LOOK_AGAIN, LookAgain(), Ownership(), key="look"))
        if hour % 24 == 0:
            await _ask(new_task(ARCHIVE_TASKS, ArchiveTasks(), Ownership(), key="archive"))
            await _ask(new_task(REPAIR_LEDGER, RepairLedger(), Ownership(), key="repair"))
            await _ask(new_task(SWEEP_UPLOADS, SweepUploads(), Ownership(), key="uploads"))
            await _ask(new_task(PURGE_TRASH, PurgeTrash(), Ownership(), key="trash"))
            await _ask(new_task(RECOUNT_USAGE, RecountUsage(), Ownership(), key="usage"))
            try:
                await storage.sweep(DAY)
            except StorageError as exc:
                logger.warning("abandoned uploads stay until tomorrow: %s", exc)
        await asyncio.sleep(HOUR.total_seconds())


async def _ask(task: Task) -> None:
    with contextlib.suppress(NotUnique):  # another worker asked for it already
        await tasks.add([task])


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


async def _listen(redis_url: str, wake: Wake) -> None:
    # Our own pool: arq leaves its pool open when it is cancelled.
    pool = client(redis_url)
    arq = Worker(
        functions=[func(cast(Any, wake), name=WAKE, keep_result=0, max_tries=1)],
        queue_name=QUEUE,
        redis_pool=pool,
        job_serializer=serialize,
        job_deserializer=deserialize,
        poll_delay=POLL_SECONDS,
        handle_signals=False,
        health_check_interval=10,
        log_results=False,
    )
    listening = [asyncio.create_task(arq.main()), asyncio.create_task(_hear(pool, wake))]
    try:
        await asyncio.wait(listening, return_when=asyncio.FIRST_COMPLETED)
        for each in listening:
            if each.done():
                each.result()
    finally:
        await end([*listening, *arq.tasks.values()])
        await pool.aclose(close_connection_pool=True)


async def _hear(pool: ArqRedis, wake: Wake) -> None:
    """Wait at the bell: quicker than arq's polling, and it costs nothing while all is quiet."""
    while True:
        if await cast(Awaitable[Any], pool.blpop([BELL], timeout=BELL_SECONDS)):
            await wake({})
