"""Task kinds of the tests: work whose course a test decides."""

import asyncio
from collections import Counter
from typing import Final

from app.core.kinds import Parameters, TaskKind
from documents.films import Project
from documents.production import TaskOutput
from documents.values import Id
from workers.providers.errors import ProviderError
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome, handles

RUNS: Final[Counter[str]] = Counter()
"""How often each named piece of work was begun in this process."""


class Work(Parameters):
    """`failures` attempts fail before one succeeds; `seconds` is how long an attempt takes."""

    name: str = "work"
    failures: int = 0
    retryable: bool = True
    seconds: float = 0
    project_id: Id | None = None


WORK: Final = TaskKind("testing.work", "maintenance", Work, queue="io", max_retries=2)


@handles(WORK)
async def work(context: Context, parameters: Work) -> Outcome:
    RUNS[parameters.name] += 1
    await asyncio.sleep(parameters.seconds)
    if RUNS[parameters.name] <= parameters.failures:
        if parameters.retryable:
            raise ProviderError("The model is overloaded.", code="overloaded", retryable=True)
        raise GiveUp("The text has no end.", code="endless")

    async def write(session: object) -> None:
        update = {"$inc": {"episode_count": 1}}
        await Project.collection().update_one(
            {"_id": parameters.project_id},
            update,
            session=session,  # type: ignore[arg-type]
        )

    output = TaskOutput(result={"name": parameters.name})
    return Outcome(output, write if parameters.project_id else None)
