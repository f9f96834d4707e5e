"""The log of slow queries: what was asked, without its values, and how the store answers it."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from app.core.background import end
from documents.base import StoredDocument

AGAIN_SECONDS: Final = 60.0
"""A shape is explained at most this often; in between it is only counted."""
MOST_SHAPES: Final = 500
DEEPEST: Final = 8
FILTERS: Final[Mapping[str, str]] = {
    "find": "filter",
    "aggregate": "pipeline",
    "count": "query",
    "distinct": "query",
    "update": "updates",
    "delete": "deletes",
    "findAndModify": "query",
}
"""Where each command says what it looks for; these are the ones that can be explained."""
ENVELOPE: Final = frozenset(
    {"lsid", "txnNumber", "autocommit", "startTransaction", "readConcern", "writeConcern"}
    | {"maxTimeMS", "apiVersion", "cursor"}
)
EXPLAIN_MS: Final = 2_000

Database: TypeAlias = AsyncDatabase[StoredDocument]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Slow:
    command: str
    collection: str
    shape: Any
    sort: Any
    milliseconds: int

    def fields(self) -> dict[str, Any]:
        shown = {"command": self.command, "collection": self.collection, "shape": self.shape}
        return {**shown, "sort": self.sort, "ms": self.milliseconds}


class SlowQueries:
    """Logs commands slower than `milliseconds`."""

    def __init__(self, milliseconds: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.micros = milliseconds * 1000
        self._clock = clock
        self._noted: dict[bytes, float] = {}
        self._explaining: set[asyncio.Task[None]] = set()
        self._database: Callable[[str], Database] | None = None

    def explain_with(self, database: Callable[[str], Database] | None) -> None:
        """Where plans are asked for; without, the log does without them."""
        self._database = database

    def note(self, name: str, database: str, command: Mapping[str, Any], micros: int) -> None:
        """Log this command, at most once a minute for each shape."""
        slow = _Slow(
            name,
            str(command.get("collection" if name == "getMore" else name)),
            shape(command.get(FILTERS.get(name, ""), {})),
            {**command.get("sort", {})},
            micros // 1000,
        )
        if not self._is_due(slow):
            return
        if name in FILTERS and self._database is not None:
            task = asyncio.create_task(self._explained(slow, self._database(database), command))
            self._explaining.add(task)
            task.add_done_callback(self._explaining.discard)
        else:
            logger.warning("slow query", extra={"fields": slow.fields()})

    async def close(self) -> None:
        """Give up what is being explained."""
        await end(self._explaining)

    def _is_due(self, slow: _Slow) -> bool:
        key = orjson.dumps([slow.command, slow.collection, slow.shape, slow.sort], default=str)
        now = self._clock()
        if now < self._noted.get(key, float("-inf")) + AGAIN_SECONDS:
            return False
        self._noted.pop(key, None)
        if len(self._noted) >= MOST_SHAPES:
            del self._noted[next(iter(self._noted))]
        self._noted[key] = now
        return True

    async def _explained(self, slow: _Slow, database: Database, command: Mapping[str, Any]) -> None:
        try:
            answer = await database.command(
                {
                    "explain": _explainable(slow.command, command),
                    "verbosity": "queryPlanner",
                    "maxTimeMS": EXPLAIN_MS,
                }
            )
            plan = [*_stages(answer)]
        except PyMongoError as exc:
            plan = [f"not explained: {type(exc).__name__}"]
        logger.warning("slow query", extra={"fields": {**slow.fields(), "plan": plan}})


def shape(value: Any, left: int = DEEPEST) -> Any:
    """The value with its names and without what they hold."""
    if isinstance(value, Mapping):
        return {str(key): shape(each, left - 1) for key, each in value.items()} if left else "…"
    if isinstance(value, list | tuple):
        found: list[Any] = []
        for each in value:
            if (one := shape(each, left - 1) if left else "…") not in found:
                found.append(one)
        return found
    return "?"


def _explainable(name: str, command: Mapping[str, Any]) -> dict[str, Any]:
    """The command without what belongs to the call; of several writes the first."""
    kept = {
        key: value
        for key, value in command.items()
        if not key.startswith("$") and key not in ENVELOPE
    }
    if name in ("update", "delete"):
        kept[FILTERS[name]] = kept[FILTERS[name]][:1]
    if name == "aggregate":
        kept["cursor"] = {}
    return kept


def _stages(answer: Any) -> Iterator[str]:
    """The stages of the winning plan from the outside in, each with its index."""
    if isinstance(answer, list):
        for each in answer:
            yield from _stages(each)
    elif isinstance(answer, Mapping):
        if "winningPlan" in answer:
            plan = answer["winningPlan"]
            yield from _steps(plan.get("queryPlan", plan))
        else:
            for each in answer.values():
                yield from _stages(each)


def _steps(plan: Mapping[str, Any]) -> Iterator[str]:
    index = plan.get("indexName")
    if "stage" in plan:
        yield f"{plan['stage']} {index}" if index else str(plan["stage"])
    inner = (plan.get("inputStage"), *plan.get("inputStages", ()), *plan.get("shards", ()))
    for each in inner:
        if isinstance(each, Mapping):
            yield from _steps(each.get("winningPlan", each))
